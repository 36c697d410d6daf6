// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"encoding/base64"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/test/e2e/stage"
	"github.com/zonewarden/zonewarden/test/page"
	"github.com/zonewarden/zonewarden/test/process"
)

// TestThePageOfVendorAccess types those commands of docs/access.md that need an open window:
// each as the person whom the page has do it, and with what the page says is dead.
func TestThePageOfVendorAccess(t *testing.T) {
	p := openPage(t)
	p.Apply(t, stage.Parse(t, block(p.t, "yaml", "apiVersion: rbac.authorization.k8s.io/v1"))...)
	session := p.request("session", time.Hour, func(w *v1alpha1.VendorAccessWindow) {
		w.Spec.Grant = v1alpha1.GrantSessionPod
		w.Spec.Kubernetes = &v1alpha1.KubernetesRights{
			Roles: []v1alpha1.WindowRole{{Namespace: "ww-pumping", Role: "vendor-logs"}}, Credential: v1alpha1.CredentialToken,
		}
	})
	p.decide(owner, session, v1alpha1.DecisionApprove)

	relay := p.asksAndApproves()
	relayPod, sessionPod := p.opened(relay), p.opened(session)
	p.works(session.Name)
	p.reads(session.Name)

	must(t, p.KillOperator())
	alive := once(func() { must(t, p.StartOperator()) })
	t.Cleanup(alive)
	lock, remove, _ := strings.Cut(block(p.t, "sh", "kubectl zonewarden access lock"), "\n")
	p.types(shift, "y\n", lock+" --wait=0s")
	p.types("", "", strings.ReplaceAll(remove, "NAME", relay.Name))
	stage.Until(t, settles, "the relay is gone, with the operator dead", func() bool { return len(p.Processes(t, relayPod)) == 0 })
	alive()
	p.becomes(relay, v1alpha1.WindowRevoked)
	p.becomes(session, v1alpha1.WindowRevoked)
	stage.Until(t, settles, "no window has a pod", func() bool {
		var pods corev1.PodList
		must(t, p.List(p.ctx(), &pods, client.InNamespace(v1alpha1.NamespaceAccess)))
		return len(pods.Items) == 0
	})
	if left := p.Processes(t, sessionPod); len(left) > 0 {
		t.Errorf("under the lock the session goes on: %v", left)
	}
}

// accessPage is the page, with who types what it says.
type accessPage struct {
	*accessPlant
	home   string
	logins map[string]string
}

func openPage(t *testing.T) *accessPage {
	t.Helper()
	p := &accessPage{accessPlant: withAccess(t), home: t.TempDir(), logins: map[string]string{}}
	var err error
	for _, name := range []string{planner, owner, shift, technician} {
		p.logins[name], err = p.ControlPlane.UserKubeconfig(name)
		must(t, err)
	}
	return p
}

// block of docs/access.md, in a language, by how it begins.
func block(t *testing.T, language, begins string) string {
	t.Helper()
	return page.Block(t, filepath.Join("..", "..", "docs", "access.md"), begins, language)
}

// TestWhatARelayCostsCanBeMeasured by the command of the page, for one round in place of its
// many: that it measures is tried, not how fast anything is.
func TestWhatARelayCostsCanBeMeasured(t *testing.T) {
	line := strings.Replace(block(t, "sh", "go test ./cmd/zonewarden-session"), "-benchtime 20x", "-benchtime 1x", 1)
	cmd := process.Typed(t.Context(), line)
	cmd.Dir = filepath.Join("..", "..")
	out, err := cmd.CombinedOutput()
	for _, figure := range []string{"direct-MB/s", "relay-MB/s", "socat-MB/s", "direct-p99-us", "relay-p99-us", "socat-p99-us"} {
		if err != nil || !strings.Contains(string(out), figure) {
			t.Errorf("there is no figure %s: %v: %s", figure, err, out)
		}
	}
}

// types lines as somebody, or with all rights as nobody, and returns what they print.
func (p *accessPage) types(who, answer, lines string) string {
	p.t.Helper()
	login := p.logins[who]
	if who == "" {
		login = p.Kubeconfig
	}
	cmd := process.Typed(p.ctx(), lines)
	programs := filepath.Dir(stage.Kubectl()) + ":" + stage.Programs()
	cmd.Env = []string{"HOME=" + p.home, "KUBECONFIG=" + login, "PATH=" + programs + ":" + os.Getenv("PATH")}
	cmd.Stdin = strings.NewReader(answer)
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		_ = errors.As(err, &exit)
		p.t.Fatalf("as %q\n%s\n%v: %s%s", who, lines, err, out, exit.Stderr)
	}
	return string(out)
}

// asksAndApproves is the first block: two people, and where the technician connects.
func (p *accessPage) asksAndApproves() *v1alpha1.VendorAccessWindow {
	p.t.Helper()
	ask, rest, _ := strings.Cut(block(p.t, "sh", "kubectl zonewarden access request"), "kubectl zonewarden access approve")
	said := p.types(planner, "", ask)
	_, name, found := strings.Cut(said, "asked for: ")
	name, _, _ = strings.Cut(name, ".")
	if !found {
		p.t.Fatalf("asking prints\n%s", said)
	}
	approve, look, _ := strings.Cut(strings.ReplaceAll("kubectl zonewarden access approve"+rest, "NAME", name), "\n")
	p.types(owner, "y\n", approve)
	got := p.types(planner, "", look)
	if !regexp.MustCompile(`(?m)^\S+:\d+/TCP  \S.*:502$`).MatchString(got) {
		p.t.Errorf("where to connect:\n%s", got)
	}
	w := &v1alpha1.VendorAccessWindow{}
	must(p.t, p.Get(p.ctx(), client.ObjectKey{Name: name}, w))
	return w
}

// works runs something in the session. The image of the stage has no shell, but a program.
func (p *accessPage) works(window string) {
	p.t.Helper()
	enter := strings.NewReplacer("NAME", window, "-- sh", "-- /pod cat /proc/1/comm").Replace(block(p.t, "sh", "kubectl -n zonewarden-access exec"))
	if got := p.types(technician, "", enter); !strings.HasPrefix("zonewarden-session", strings.TrimSpace(got)) || got == "" {
		p.t.Errorf("the first process of the session is %q", got)
	}
}

// reads what the window's token lets its holder read, and not what it does not.
func (p *accessPage) reads(window string) {
	p.t.Helper()
	token := p.types(technician, "", strings.ReplaceAll(block(p.t, "sh", "kubectl get secret window-NAME"), "NAME", window))
	claims := strings.Split(token, ".")
	if len(claims) != 3 {
		p.t.Fatalf("%d bytes are no token", len(token))
	}
	if _, err := base64.RawURLEncoding.DecodeString(claims[1]); err != nil {
		p.t.Fatalf("what was printed is no token: %v", err)
	}
	mayList := "kubectl --kubeconfig=/dev/null --server=$(kubectl config view -o jsonpath='{.clusters[0].cluster.server}') --insecure-skip-tls-verify --token=" + token +
		" auth can-i list pods --namespace="
	if got := p.types("", "", mayList+"ww-pumping"); strings.TrimSpace(got) != "yes" {
		p.t.Errorf("with the token, may one list pods where the window says so: %s", got)
	}
	if got := p.types("", "", mayList+"ww-dosing || true"); strings.TrimSpace(got) != "no" {
		p.t.Errorf("with the token, may one list pods elsewhere: %s", got)
	}
}
