// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/zonewarden/zonewarden/test/controlplane"
)

func TestControlPlane(t *testing.T) {
	crds, err := controlplane.CiliumCRDs()
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	c, err := controlplane.Start(t.Context(), controlplane.Options{
		CRDPaths:          []string{crds},
		ControllerManager: true,
		APIServerArgs:     map[string][]string{"service-cluster-ip-range": {"10.99.0.0/24"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Stop() })
	t.Logf("started in %s", time.Since(began))
	client := kubernetes.NewForConfigOrDie(c.Config())

	t.Run("custom resources", func(t *testing.T) { testCustomResources(t, client) })
	t.Run("server flags", func(t *testing.T) { testServerFlags(t, client) })
	t.Run("garbage collection", func(t *testing.T) { testGarbageCollection(t, client) })
	t.Run("namespace deletion", func(t *testing.T) { testNamespaceDeletion(t, client) })
	t.Run("users", func(t *testing.T) { testUsers(t, c) })
	t.Run("kubeconfig", func(t *testing.T) { testKubeconfig(t, c) })
	t.Run("outage", func(t *testing.T) { testOutage(t, c, client) })
	// Last, and from here because it ends what the others need.
	t.Run("stop", func(t *testing.T) { testStop(t, c) })
}

func testCustomResources(t *testing.T, client kubernetes.Interface) {
	list, err := client.Discovery().ServerResourcesForGroupVersion("cilium.io/v2")
	if err != nil {
		t.Fatal(err)
	}
	served := map[string]bool{}
	for _, r := range list.APIResources {
		served[r.Kind] = true
	}
	for _, kind := range []string{"CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy", "CiliumCIDRGroup"} {
		if !served[kind] {
			t.Errorf("kind %s is not served", kind)
		}
	}
}

func testServerFlags(t *testing.T, client kubernetes.Interface) {
	service, err := client.CoreV1().Services("default").Get(t.Context(), "kubernetes", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := service.Spec.ClusterIP, "10.99.0.1"; got != want {
		t.Errorf("the API server's cluster address is %s, want %s", got, want)
	}
}

func testGarbageCollection(t *testing.T, client kubernetes.Interface) {
	maps := client.CoreV1().ConfigMaps("default")
	owner, err := maps.Create(t.Context(), configMap("owner"), metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	dependent := configMap("dependent")
	dependent.OwnerReferences = []metav1.OwnerReference{{
		APIVersion: "v1", Kind: "ConfigMap", Name: owner.Name, UID: owner.UID,
	}}
	if _, err := maps.Create(t.Context(), dependent, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := maps.Delete(t.Context(), owner.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "dependent gone", func() error {
		_, err := maps.Get(t.Context(), dependent.Name, metav1.GetOptions{})
		return wantNotFound(err)
	})
}

func testNamespaceDeletion(t *testing.T, client kubernetes.Interface) {
	namespaces := client.CoreV1().Namespaces()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "doomed"}}
	if _, err := namespaces.Create(t.Context(), namespace, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := namespaces.Delete(t.Context(), namespace.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "namespace gone", func() error {
		_, err := namespaces.Get(t.Context(), namespace.Name, metav1.GetOptions{})
		return wantNotFound(err)
	})
}

func testUsers(t *testing.T, c *controlplane.ControlPlane) {
	list := func(config *rest.Config) error {
		client := kubernetes.NewForConfigOrDie(config)
		_, err := client.CoreV1().Secrets("default").List(t.Context(), metav1.ListOptions{})
		return err
	}
	nobody, err := c.AddUser("jane")
	if err != nil {
		t.Fatal(err)
	}
	if err := list(nobody); !apierrors.IsForbidden(err) {
		t.Errorf("listing secrets without rights: error %v, want forbidden", err)
	}
	master, err := c.AddUser("joe", "system:masters")
	if err != nil {
		t.Fatal(err)
	}
	if err := list(master); err != nil {
		t.Errorf("listing secrets with all rights: %v", err)
	}
}

func testKubeconfig(t *testing.T, c *controlplane.ControlPlane) {
	path, err := c.Kubeconfig()
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := info.Mode().Perm(), os.FileMode(0o600); got != want {
		t.Errorf("kubeconfig has mode %o, want %o", got, want)
	}
	config, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		t.Fatal(err)
	}
	client := kubernetes.NewForConfigOrDie(config)
	if _, err := client.CoreV1().Secrets("kube-system").List(t.Context(), metav1.ListOptions{}); err != nil {
		t.Errorf("listing secrets with the kubeconfig: %v", err)
	}
}

// testOutage checks that objects, certificates and the address survive one.
func testOutage(t *testing.T, c *controlplane.ControlPlane, client kubernetes.Interface) {
	maps := client.CoreV1().ConfigMaps("default")
	if _, err := maps.Create(t.Context(), configMap("survivor"), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := c.StopAPIServer(); err != nil {
		t.Fatal(err)
	}
	if _, err := maps.Get(t.Context(), "survivor", metav1.GetOptions{}); err == nil {
		t.Error("the API server answers after it was stopped")
	}
	began := time.Now()
	if err := c.StartAPIServer(); err != nil {
		t.Fatal(err)
	}
	t.Logf("API server restarted in %s", time.Since(began))
	if _, err := maps.Get(t.Context(), "survivor", metav1.GetOptions{}); err != nil {
		t.Errorf("after the outage: %v", err)
	}
}

func testStop(t *testing.T, c *controlplane.ControlPlane) {
	kubeconfig, err := c.Kubeconfig()
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Dir(kubeconfig)
	running := processes(t, folder)
	names := map[string]int{}
	for _, name := range running {
		names[name]++
	}
	want := map[string]int{"etcd": 1, "kube-apiserver": 1, "kube-controller-manager": 1}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Fatalf("running processes (-want +got):\n%s", diff)
	}
	began := time.Now()
	if err := c.Stop(); err != nil {
		t.Fatal(err)
	}
	t.Logf("stopped in %s", time.Since(began))
	for pid, name := range running {
		if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("%s is still there after Stop: signalling it gives %v", name, err)
		}
	}
	if _, err := os.Stat(folder); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("folder %s is still there after Stop: %v", folder, err)
	}
	if err := c.Stop(); err != nil {
		t.Errorf("stopping for the second time: %v", err)
	}
}

// eventually fails the test if check goes on failing for half a minute.
func eventually(t *testing.T, what string, check func() error) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("waiting for %s: %v", what, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func wantNotFound(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err == nil {
		return errors.New("it still exists")
	}
	return err
}

func configMap(name string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}}
}
