// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package certmanager runs cert-manager's own controllers against a control plane of package
// controlplane, so far as an issuer with a certificate authority needs them: requests are
// approved, Issuers and ClusterIssuers of kind "ca" become ready, and what is approved is
// signed. See hack/certmanager for what is not there: the webhook above all, so nothing says
// who made a request, and nothing refuses a change of one.
//
// The program and the custom resource definitions come from bin/certmanager of this
// repository, where "make certmanager" puts them.
package certmanager

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/zonewarden/zonewarden/test/controlplane"
	"github.com/zonewarden/zonewarden/test/process"
)

// Namespace is where the Secrets of ClusterIssuers are. Start makes it.
const Namespace = "cert-manager"

// Deadlines. Each takes a second or two on an idle machine.
const (
	definitionsTimeout = 3 * time.Minute
	stopTimeout        = time.Minute
)

// Controllers are running ones.
type Controllers struct {
	process *process.Process
	output  *process.Output
	stop    func() error
	asked   bool // whether the test has called Stop, and been told how it went
}

// CRDs returns the folder with the definitions of CertificateRequest, Issuer and
// ClusterIssuer, for controlplane.Options: who has the API server start with them need not
// start the controllers.
func CRDs() (string, error) {
	folder, err := folder()
	if err != nil {
		return "", err
	}
	found, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err == nil && len(found) == 0 {
		err = os.ErrNotExist
	}
	if err != nil {
		return "", fmt.Errorf("locating cert-manager's custom resource definitions in %s: %w (run `make certmanager`)", folder, err)
	}
	return folder, nil
}

// Start applies the definitions, waits until the API server serves them, and starts the
// controllers. They are at work at some time after it returns, so a test waits for what they
// do. When the test is over they are stopped, and it fails if they had ended by themselves.
// There is to be one at a time on a control plane.
func Start(tb testing.TB, plane *controlplane.ControlPlane) *Controllers {
	tb.Helper()
	c, err := start(tb.Context(), plane)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if c.asked {
			return
		}
		if err := c.Stop(); err != nil {
			tb.Error(err)
		}
	})
	return c
}

// Stop stops the controllers before the test is over, and is an error if they had ended by
// themselves. Every call but the first returns what the first returned.
func (c *Controllers) Stop() error {
	c.asked = true
	return c.stop()
}

// ID is the process id.
func (c *Controllers) ID() int { return c.process.ID() }

// Done is closed when the process is gone.
func (c *Controllers) Done() <-chan struct{} { return c.process.Done() }

func start(ctx context.Context, plane *controlplane.ControlPlane) (*Controllers, error) {
	crds, err := CRDs()
	if err != nil {
		return nil, err
	}
	_, err = envtest.InstallCRDs(plane.Config(), envtest.CRDInstallOptions{
		Paths: []string{crds}, ErrorIfPathMissing: true, MaxTime: definitionsTimeout,
	})
	if err != nil {
		return nil, fmt.Errorf("installing cert-manager's custom resource definitions: %w", err)
	}
	if err := makeNamespace(ctx, plane); err != nil {
		return nil, err
	}
	kubeconfig, err := plane.Kubeconfig()
	if err != nil {
		return nil, err
	}
	c := &Controllers{output: process.NewOutput(nil)}
	c.stop = sync.OnceValue(c.end)
	c.process, err = process.Start(filepath.Join(crds, "certmanager"), []string{
		"--kubeconfig=" + kubeconfig,
		"--cluster-resource-namespace=" + Namespace,
	}, nil, c.output)
	if err != nil {
		return nil, fmt.Errorf("%w (run `make certmanager`)", err)
	}
	return c, nil
}

func makeNamespace(ctx context.Context, plane *controlplane.ControlPlane) error {
	client, err := kubernetes.NewForConfig(plane.Config())
	if err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	n := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: Namespace}}
	_, err = client.CoreV1().Namespaces().Create(ctx, n, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("making namespace %s: %w", Namespace, err)
	}
	return nil
}

func (c *Controllers) end() error {
	select {
	case <-c.process.Done():
		return fmt.Errorf("cert-manager's controllers ended by themselves, last output:\n%s", c.output.Tail())
	default:
	}
	if err := c.process.Stop(stopTimeout); err != nil {
		return fmt.Errorf("%w, last output:\n%s", err, c.output.Tail())
	}
	return nil
}

// folder is where hack/certmanager/build.sh puts what it makes.
func folder() (string, error) {
	root, err := controlplane.RepositoryRoot()
	if err != nil {
		return "", err
	}
	return filepath.Join(root, "bin", "certmanager"), nil
}
