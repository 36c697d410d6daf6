// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/zonewarden/zonewarden/test/process"
)

// managerUser is the name that the API server's built-in role binding gives the
// controller manager's rights to.
const managerUser = "system:kube-controller-manager"

// startControllerManager starts kube-controller-manager and waits until it does its
// work.
func (c *ControlPlane) startControllerManager(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	port, err := freePort()
	if err != nil {
		return err
	}
	args, err := c.managerArgs(port)
	if err != nil {
		return err
	}
	c.controller, err = process.Start(c.programs.controllerManager, append(args, c.managerFlags...), nil, c.output)
	if err != nil {
		return err
	}
	if err := c.awaitControllerManager(ctx, port); err != nil {
		return fmt.Errorf("waiting for kube-controller-manager: %w", err)
	}
	return nil
}

func (c *ControlPlane) managerArgs(port int) ([]string, error) {
	user, err := c.addUser(managerUser)
	if err != nil {
		return nil, err
	}
	kubeconfig, err := c.writeKubeconfig("kube-controller-manager", user)
	if err != nil {
		return nil, err
	}
	authority := filepath.Join(c.dir, "kube-apiserver-ca.crt")
	if err := os.WriteFile(authority, user.Config().CAData, 0o600); err != nil {
		return nil, fmt.Errorf("writing the API server's certificate authority: %w", err)
	}
	return []string{
		"--kubeconfig=" + kubeconfig,
		"--bind-address=127.0.0.1",
		"--secure-port=" + strconv.Itoa(port),
		"--leader-elect=false",
		"--use-service-account-credentials=true",
		// The key that envtest makes kube-apiserver sign and check tokens with.
		"--service-account-private-key-file=" + filepath.Join(c.servers.APIServer.CertDir, "sa-signer.key"),
		"--root-ca-file=" + authority,
		// The default of 20 requests a second is made for sharing an API server.
		"--kube-api-qps=200",
		"--kube-api-burst=400",
	}, nil
}

// awaitControllerManager waits until the controller manager is healthy and has made
// the default namespace's service account. Being healthy only means that it listens;
// the account shows that its controllers run and have their rights.
func (c *ControlPlane) awaitControllerManager(ctx context.Context, port int) error {
	client, err := kubernetes.NewForConfig(c.Config())
	if err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	url := fmt.Sprintf("https://127.0.0.1:%d/healthz", port)
	ready := func() error {
		if err := healthy(ctx, url); err != nil {
			return err
		}
		_, err := client.CoreV1().ServiceAccounts("default").Get(ctx, "default", metav1.GetOptions{})
		return err
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ready()
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-c.controller.Done():
			return errors.New("it exited")
		case <-ctx.Done():
			return fmt.Errorf("%w, last failure: %w", ctx.Err(), err)
		}
	}
}

func healthy(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	client := http.Client{Transport: &http.Transport{
		// The certificate is one that the controller manager makes up when it starts.
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // see above
		DisableKeepAlives: true,
	}}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("its health check says %s", response.Status)
	}
	return nil
}

// freePort returns a TCP port of the loopback interface that nobody listened on a
// moment ago. The kernel picks it at random, which makes it unlikely to be taken
// before it is used.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("finding a free port: %w", err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	if err := listener.Close(); err != nil {
		return 0, fmt.Errorf("giving back a free port: %w", err)
	}
	return port, nil
}
