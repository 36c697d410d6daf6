// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package controlplane runs a real Kubernetes control plane on the loopback
// interface: etcd and kube-apiserver, and kube-controller-manager where garbage
// collection and the deletion of namespaces matter. There are no nodes. It serves
// tests and the demonstration.
//
// The executables come from the folder that the environment variable
// KUBEBUILDER_ASSETS names, or else from bin/kube of this repository, where
// "make control-plane" puts them.
package controlplane

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/zonewarden/zonewarden/test/process"
)

// Deadlines for one process. Starting takes a few seconds on an idle machine, but
// test packages run side by side and compile meanwhile.
const (
	startTimeout = 3 * time.Minute
	stopTimeout  = time.Minute
)

// Options say what Start is to start.
type Options struct {
	// CRDPaths are files and folders with custom resource definitions. Start
	// returns when the API server serves them. Folders are not searched in depth.
	CRDPaths []string

	// ControllerManager also runs kube-controller-manager. It learns of custom
	// resource definitions that are created after Start within half a minute, and
	// collects no garbage of their kinds before.
	ControllerManager bool

	// ControllerManagerArgs are further flags for kube-controller-manager, complete
	// with dashes. The later of two equal flags counts.
	ControllerManagerArgs []string

	// Log receives what the processes print, from one goroutine at a time. Nil
	// discards it.
	Log io.Writer

	// APIServerArgs are flags for kube-apiserver, named without leading dashes.
	// Each replaces the flag's default given here, if there is one: among them are
	// authorization-mode=RBAC and disable-admission-plugins=ServiceAccount.
	APIServerArgs map[string][]string
}

// A ControlPlane is a running one. Its methods may be called by several goroutines,
// except for those that stop and start servers.
type ControlPlane struct {
	// dir holds everything that is written to disk: data, keys, kubeconfigs.
	dir          string
	programs     programs
	managerFlags []string
	output       *process.Output
	servers      *envtest.ControlPlane
	controller   *process.Process // nil if not asked for
	admin        *envtest.AuthenticatedUser
	stop         func() error
	users        sync.Mutex // held while a user is made
}

// Start starts a control plane and waits until it is ready for use. Ports are free
// ones of the loopback interface.
//
// A cancelled ctx makes Start give up after the step in progress; it has no effect
// on a control plane that was started. If Start fails nothing is left running or on
// disk, and the error ends with what the processes printed last.
//
// The processes run in process groups of their own, so that an interrupt from the
// terminal reaches only the caller, who then calls Stop. Should the caller die
// without doing so, executables built by "make control-plane" follow within about a
// second and others when they next print something, for want of a reader. What they
// wrote to disk then stays.
//
// Callers should set controller-runtime's logger, which complains if they do not.
func Start(ctx context.Context, o Options) (*ControlPlane, error) {
	programs, err := findPrograms(o.ControllerManager)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "zonewarden-control-plane-")
	if err != nil {
		return nil, fmt.Errorf("creating a folder for the control plane: %w", err)
	}
	c := &ControlPlane{dir: dir, programs: programs, output: process.NewOutput(o.Log), managerFlags: o.ControllerManagerArgs}
	c.stop = sync.OnceValue(c.stopAll)
	if err := c.start(ctx, o); err != nil {
		err = errors.Join(err, c.Stop())
		return nil, fmt.Errorf("%w\nlast output:\n%s", err, c.output.Tail())
	}
	return c, nil
}

func (c *ControlPlane) start(ctx context.Context, o Options) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("starting the control plane: %w", err)
	}
	// See hack/kube. The variable has to be set for this whole process, because
	// envtest gives no hold on the environment of the processes it starts.
	if err := os.Setenv("KUBEALL_PARENT", strconv.Itoa(os.Getpid())); err != nil {
		return fmt.Errorf("binding the control plane's life to this process: %w", err)
	}
	if err := c.startServers(o.APIServerArgs); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("starting the control plane: %w", err)
	}
	// Before the controller manager, which would otherwise see them late.
	if len(o.CRDPaths) > 0 {
		_, err := envtest.InstallCRDs(c.Config(), envtest.CRDInstallOptions{
			Paths:              o.CRDPaths,
			ErrorIfPathMissing: true,
			MaxTime:            startTimeout,
		})
		if err != nil {
			return fmt.Errorf("installing custom resource definitions: %w", err)
		}
	}
	if o.ControllerManager {
		return c.startControllerManager(ctx)
	}
	return nil
}

// startServers starts etcd and kube-apiserver and makes the administrator's account.
//
// It uses envtest's parts and not its Environment, which would use an existing
// cluster when an environment variable says so, and which retries a failed start,
// losing track of the processes of earlier tries.
func (c *ControlPlane) startServers(apiServerArgs map[string][]string) error {
	// Folders of our own: envtest would delete those it makes itself when a server
	// is stopped, and with them the certificates that a restarted server needs.
	certificates := filepath.Join(c.dir, "kube-apiserver")
	if err := os.Mkdir(certificates, 0o700); err != nil {
		return fmt.Errorf("creating a folder for kube-apiserver: %w", err)
	}
	c.servers = &envtest.ControlPlane{
		Etcd: &envtest.Etcd{
			Path:         c.programs.etcd,
			DataDir:      filepath.Join(c.dir, "etcd"),
			StartTimeout: startTimeout,
			StopTimeout:  stopTimeout,
			Out:          c.output,
			Err:          c.output,
		},
		APIServer: &envtest.APIServer{
			Path:         c.programs.apiServer,
			CertDir:      certificates,
			StartTimeout: startTimeout,
			StopTimeout:  stopTimeout,
			Out:          c.output,
			Err:          c.output,
		},
	}
	// Nothing here is worth waiting for the disk.
	c.servers.Etcd.Configure().Set("unsafe-no-fsync", "true")
	// Without it kube-apiserver takes a minute to end while anybody watches anything,
	// for instance the controller manager during an outage.
	c.servers.APIServer.Configure().Set("shutdown-send-retry-after", "true")
	for name, values := range apiServerArgs {
		c.servers.APIServer.Configure().Set(name, values...)
	}
	if err := c.servers.Start(); err != nil {
		return fmt.Errorf("starting etcd and kube-apiserver: %w", err)
	}
	admin, err := c.addUser("admin", "system:masters")
	if err != nil {
		return err
	}
	c.admin = admin
	return nil
}

// Config returns a configuration for clients with all rights, as a member of
// system:masters, and practically no rate limit. The caller may change it.
func (c *ControlPlane) Config() *rest.Config {
	return rest.CopyConfig(c.admin.Config())
}

// Kubeconfig writes what Config returns to a file that only its owner can read, and
// returns the file's path. The file exists until Stop.
func (c *ControlPlane) Kubeconfig() (string, error) {
	return c.writeKubeconfig("admin", c.admin)
}

// AddUser makes a user with a client certificate. Rights come from the role bindings
// for the name and the groups, so there are none at first but those of
// system:authenticated. A name and groups as those of a service account
// (system:serviceaccount:NAMESPACE:NAME) stand for that account.
func (c *ControlPlane) AddUser(name string, groups ...string) (*rest.Config, error) {
	user, err := c.addUser(name, groups...)
	if err != nil {
		return nil, err
	}
	return user.Config(), nil
}

// UserKubeconfig is AddUser, written to a file that only its owner can read. The file
// exists until Stop.
func (c *ControlPlane) UserKubeconfig(name string, groups ...string) (string, error) {
	user, err := c.addUser(name, groups...)
	if err != nil {
		return "", err
	}
	return c.writeKubeconfig(strings.ReplaceAll(name, ":", "-"), user)
}

// StopAPIServer stops kube-apiserver alone, as an outage would.
func (c *ControlPlane) StopAPIServer() error {
	if err := c.servers.APIServer.Stop(); err != nil {
		return fmt.Errorf("stopping kube-apiserver: %w", err)
	}
	return nil
}

// StartAPIServer starts kube-apiserver again after StopAPIServer, under the same
// address and with the same certificates and data. Configurations and kubeconfigs
// stay valid.
func (c *ControlPlane) StartAPIServer() error {
	if err := c.servers.APIServer.Start(); err != nil {
		return fmt.Errorf("starting kube-apiserver: %w", err)
	}
	return nil
}

// Stop stops everything that Start started and deletes what it wrote. Processes that
// do not heed SIGTERM in time are killed, which is an error. Every call but the first
// returns what the first returned.
func (c *ControlPlane) Stop() error {
	return c.stop()
}

func (c *ControlPlane) stopAll() error {
	var errs []error
	if c.controller != nil {
		errs = append(errs, c.controller.Stop(stopTimeout))
	}
	// Also needed when Start of servers failed: envtest then leaves a process that
	// started but did not get ready.
	if c.servers != nil {
		if err := c.servers.Stop(); err != nil {
			errs = append(errs, fmt.Errorf("stopping etcd and kube-apiserver: %w", err))
		}
	}
	if err := os.RemoveAll(c.dir); err != nil {
		errs = append(errs, fmt.Errorf("removing the control plane's folder: %w", err))
	}
	return errors.Join(errs...)
}

func (c *ControlPlane) addUser(name string, groups ...string) (*envtest.AuthenticatedUser, error) {
	// client-go's default of five requests a second would make tests wait.
	base := &rest.Config{QPS: 1000, Burst: 2000}
	c.users.Lock()
	defer c.users.Unlock()
	user, err := c.servers.AddUser(envtest.User{Name: name, Groups: groups}, base)
	if err != nil {
		return nil, fmt.Errorf("adding user %q: %w", name, err)
	}
	// The first call completes the user and is not safe for concurrent use.
	user.Config()
	return user, nil
}

func (c *ControlPlane) writeKubeconfig(name string, user *envtest.AuthenticatedUser) (string, error) {
	content, err := user.KubeConfig()
	if err != nil {
		return "", fmt.Errorf("making a kubeconfig for %s: %w", name, err)
	}
	path := filepath.Join(c.dir, name+".kubeconfig")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return "", fmt.Errorf("writing a kubeconfig for %s: %w", name, err)
	}
	return path, nil
}
