// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/test/controlplane"
	"github.com/zonewarden/zonewarden/test/process"
)

// patience is the deadline of every wait, typing that of a block of commands.
const patience, typing = 90 * time.Second, 5 * time.Minute

// account is the operator's, which the chart makes and gives its rights to.
const account = "system:serviceaccount:zonewarden-system:zonewarden"

// plant is a cluster without nodes, with a folder in which the commands of docs/install.md
// are run: it holds config/ and charts/ as the repository does.
type plant struct {
	client.WithWatch
	*backend

	plane      *controlplane.ControlPlane
	kubeconfig string
	folder     string
	home       string
	// runs is the operator that was started last.
	runs *operator
}

// startPlant on a network plugin, with more kinds that there are.
func startPlant(t *testing.T, on *backend, definitions ...string) *plant {
	t.Helper()
	if on == cilium {
		kinds, err := controlplane.CiliumCRDs()
		must(t, err)
		definitions = append(definitions, kinds)
	}
	plane, err := controlplane.Start(t.Context(), controlplane.Options{CRDPaths: definitions, ControllerManager: true})
	must(t, err)
	t.Cleanup(func() {
		if err := plane.Stop(); err != nil {
			t.Error(err)
		}
	})
	p := &plant{backend: on, plane: plane, folder: t.TempDir(), home: t.TempDir()}
	p.kubeconfig, err = plane.Kubeconfig()
	must(t, err)
	p.WithWatch = clientOf(t, plane.Config())
	must(t, os.Symlink(root("config"), filepath.Join(p.folder, "config")))
	must(t, os.Mkdir(filepath.Join(p.folder, "charts"), 0o750))
	return p
}

// startWaterWorks is a plant with the water works, the guard and the operator, as
// docs/install.md has them installed.
func startWaterWorks(t *testing.T) *plant {
	t.Helper()
	p := startPlant(t, cilium)
	p.use(t, theChart)
	p.follow(t, "Install it", 0, 1)
	p.startOperator(t)
	p.follow(t, "Install it", 2, 3)
	return p
}

func clientOf(t *testing.T, config *rest.Config) client.WithWatch {
	t.Helper()
	s := runtime.NewScheme()
	must(t, clientgoscheme.AddToScheme(s))
	c, err := client.NewWithWatch(config, client.Options{Scheme: s})
	must(t, err)
	return c
}

// use makes a folder the chart that the commands find.
func (p *plant) use(t *testing.T, chart string) {
	t.Helper()
	at := filepath.Join(p.folder, "charts", "zonewarden")
	must(t, os.RemoveAll(at))
	must(t, os.Symlink(chart, at))
}

// run runs a script as somebody does who reads the page, and returns what it printed.
func (p *plant) run(t *testing.T, script string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), typing)
	defer cancel()
	command := process.Typed(ctx, script)
	command.Dir = p.folder
	command.Env = []string{
		"HOME=" + p.home, "KUBECONFIG=" + p.kubeconfig,
		"PATH=" + strings.Join([]string{root("bin"), kubePrograms(), os.Getenv("PATH")}, ":"),
	}
	out, err := command.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("running\n%s\n%w: %s", script, err, out)
	}
	return string(out), nil
}

// follow runs the commands of a section of docs/install.md, from one of its blocks on and up
// to another.
func (p *plant) follow(t *testing.T, heading string, from, to int) {
	t.Helper()
	began := time.Now()
	for _, script := range blocks(t, section(t, heading), "sh")[from:to] {
		if _, err := p.run(t, p.words.Replace(script)); err != nil {
			t.Fatalf("%s: %v", heading, err)
		}
	}
	t.Logf("%s, blocks %d to %d: %s", heading, from, to, time.Since(began).Round(100*time.Millisecond))
}

// as is a client of somebody.
func (p *plant) as(t *testing.T, user string, groups ...string) client.WithWatch {
	t.Helper()
	config, err := p.plane.AddUser(user, groups...)
	must(t, err)
	return clientOf(t, config)
}

// operator is the program, with the account and no other rights than the chart gives it.
type operator struct {
	*process.Process

	metrics string
}

func (p *plant) startOperator(t *testing.T, flags ...string) *operator {
	t.Helper()
	kubeconfig, err := p.plane.UserKubeconfig(account, "system:serviceaccounts", "system:serviceaccounts:"+namespace, "system:authenticated")
	must(t, err)
	log, err := os.Create(filepath.Join(p.home, "operator.log"))
	must(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	address := l.Addr().String()
	must(t, l.Close())
	running, err := process.Start(root("bin", "zonewarden"), append([]string{
		"--kubeconfig", kubeconfig, "--leader-elect", "--leader-election-namespace", namespace, "--node-name=edge-1",
		"--metrics-bind-address", address, "--health-probe-bind-address=0",
	}, flags...), nil, log)
	must(t, err)
	t.Cleanup(func() {
		_ = running.Stop(patience)
		if raw, err := os.ReadFile(log.Name()); err == nil && t.Failed() {
			t.Logf("the operator:\n%s", raw[max(0, len(raw)-4000):])
		}
	})
	p.runs = &operator{running, "http://" + address + "/metrics"}
	return p.runs
}

// restartOperator does what a kubelet would do: there is none.
func (p *plant) restartOperator(t *testing.T, flags ...string) {
	t.Helper()
	must(t, p.runs.Stop(patience))
	p.startOperator(t, flags...)
}

// serves is what it serves of metrics, nothing while it does not yet.
func (o *operator) serves(t *testing.T) string {
	t.Helper()
	response, err := (&http.Client{Timeout: patience}).Get(o.metrics)
	if err != nil {
		return ""
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	must(t, err)
	return string(raw)
}

// settled waits until an operator leads, has spoken of every Zone and Conduit as they are
// now, and has nothing left to write.
func (p *plant) settled(t *testing.T, o *operator) {
	t.Helper()
	eventually(t, "everything declared is carried out", func(ctx context.Context) error {
		served := o.serves(t)
		for _, line := range []string{`leader_election_master_status{name="zonewarden.zonewarden.io"} 1`, "zonewarden_unwritten_objects 0", `zonewarden_objects{kind="Zone",state="accepted"} 8`} {
			if !strings.Contains(served, "\n"+line+"\n") {
				return fmt.Errorf("the operator does not say %s", line)
			}
		}
		for _, kind := range []string{"Zone", "Conduit"} {
			list := &unstructured.UnstructuredList{}
			list.SetGroupVersionKind(object("zonewarden.io/v1alpha1", kind+"List", "", "").GroupVersionKind())
			if err := p.List(ctx, list); err != nil {
				return err
			}
			for i := range list.Items {
				seen, _, err := unstructured.NestedInt64(list.Items[i].Object, "status", "observedGeneration")
				if err != nil || seen != list.Items[i].GetGeneration() {
					return fmt.Errorf("%s: %d of generation %d, %w", key(&list.Items[i]), seen, list.Items[i].GetGeneration(), err)
				}
			}
		}
		return nil
	})
}

// eventually waits until check is content.
func eventually(t *testing.T, what string, check func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for last := errors.New("it is not answered"); ; {
		err := check(ctx)
		if err == nil {
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("waiting until %s: %v", what, last)
		}
		last = err
		time.Sleep(20 * time.Millisecond)
	}
}

// object is one with its name only.
func object(apiVersion, kind, namespace, name string) *unstructured.Unstructured {
	o := &unstructured.Unstructured{}
	o.SetAPIVersion(apiVersion)
	o.SetKind(kind)
	o.SetNamespace(namespace)
	o.SetName(name)
	return o
}

// exists says whether an object is there.
func (p *plant) exists(t *testing.T, o *unstructured.Unstructured) bool {
	t.Helper()
	err := p.Get(t.Context(), client.ObjectKeyFromObject(o), o)
	if err != nil && !apierrors.IsNotFound(err) {
		t.Fatal(err)
	}
	return err == nil
}

// condition is the status of one of the Site's, and its reason.
func (p *plant) condition(t *testing.T, kind string) (status, reason string) {
	t.Helper()
	site := object("zonewarden.io/v1alpha1", "Site", "", "site")
	if !p.exists(t, site) {
		return "", ""
	}
	all, _, err := unstructured.NestedSlice(site.Object, "status", "conditions")
	must(t, err)
	for _, c := range all {
		if m, ok := c.(map[string]any); ok && m["type"] == kind {
			return fmt.Sprint(m["status"]), fmt.Sprint(m["reason"])
		}
	}
	return "", ""
}
