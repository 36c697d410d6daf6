// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/cli/connect"
	"github.com/zonewarden/zonewarden/internal/cli/plant"
)

// held is what the cluster of the water works has, by resource.
func held(t *testing.T) map[string]any {
	t.Helper()
	p, err := plant.ReadFiles(nil, []string{waterWorks}, today)
	if err != nil {
		t.Fatal(err)
	}
	var pods []corev1.Pod
	for _, pod := range p.Pods {
		pods = append(pods, corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name, Labels: pod.Labels}})
	}
	var namespaces []corev1.Namespace
	for _, ns := range p.Namespaces {
		namespaces = append(namespaces, corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: ns.Name, Labels: ns.Labels}})
	}
	window := v1alpha1.VendorAccessWindow{ObjectMeta: metav1.ObjectMeta{Name: "open"}}
	window.Status.Phase = v1alpha1.WindowActive
	return map[string]any{
		"sites": []any{p.Site}, "zones": p.Zones, "conduits": p.Conduits, "assets": p.Assets,
		"pods": pods, "namespaces": namespaces, "vendoraccesswindows": []any{window},
	}
}

// listKinds are those of what is served: of policies nothing is.
var listKinds = map[string]string{
	"sites": "SiteList", "zones": "ZoneList", "conduits": "ConduitList", "assets": "AssetList", "vendors": "VendorList",
	"vendoraccesswindows": "VendorAccessWindowList", "workloadcertificates": "WorkloadCertificateList", "approvals": "ApprovalList",
	"pods": "PodList", "namespaces": "NamespaceList", "nodes": "NodeList", "services": "ServiceList",
}

// cluster is a kubeconfig of an API server that has the water works, and lets nobody list
// these resources.
func cluster(t *testing.T, forbidden []string) string {
	t.Helper()
	all := held(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		resource := path.Base(r.URL.Path)
		kind, served := listKinds[resource]
		switch {
		case slices.Contains(forbidden, resource):
			answer(t, w, http.StatusForbidden, refusal(http.StatusForbidden, metav1.StatusReasonForbidden))
		case !served:
			answer(t, w, http.StatusNotFound, refusal(http.StatusNotFound, metav1.StatusReasonNotFound))
		default:
			version := strings.TrimPrefix(strings.TrimPrefix(path.Dir(r.URL.Path), "/apis/"), "/api/")
			answer(t, w, http.StatusOK, map[string]any{"kind": kind, "apiVersion": version, "metadata": map[string]any{}, "items": all[resource]})
		}
	}))
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "config")
	content := "apiVersion: v1\nkind: Config\ncurrent-context: ww-17\nclusters: [{name: c, cluster: {server: \"" + server.URL + "\"}}]\ncontexts: [{name: ww-17, context: {cluster: c}}]\n"
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func refusal(code int32, reason metav1.StatusReason) metav1.Status {
	return metav1.Status{TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: metav1.StatusFailure, Reason: reason, Code: code}
}

func answer(t *testing.T, w http.ResponseWriter, code int, with any) {
	t.Helper()
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	if err := json.NewEncoder(w).Encode(with); err != nil {
		t.Error(err)
	}
}

// drawCluster draws the cluster of KUBECONFIG: the sheet, and what stands beside it.
func drawCluster(t *testing.T, format string) (sheet, beside string) {
	t.Helper()
	var out, errOut bytes.Buffer
	s := connect.New(genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &errOut}, func() time.Time { return today })
	cmd := Command(s)
	cmd.SetArgs([]string{"-o", format})
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	return out.String(), errOut.String()
}

// TestTheSheetSaysWhatWasNotSeen: what is made of what somebody may not list is not known,
// and the rest is.
func TestTheSheetSaysWhatWasNotSeen(t *testing.T) {
	const counted, notCounted = "8 zones, 21 pods, 19 devices", "8 zones, pods not known, 19 devices"
	const found, notFound = "findings: 0 errors, 5 warnings", "findings: not known"
	const open, notOpen = "1 open window", "open windows not known"
	for name, tt := range map[string]struct {
		forbidden []string
		want      []string
		beside    string
	}{
		"all is seen":   {nil, []string{counted, found, open}, ""},
		"no pods":       {[]string{"pods"}, []string{notCounted, notFound, open}, "not seen: pods: you may not list them\n"},
		"no namespaces": {[]string{"namespaces"}, []string{notCounted, notFound, open}, "not seen: namespaces: you may not list them\n"},
		"no nodes":      {[]string{"nodes"}, []string{counted, notFound, open}, "not seen: nodes: you may not list them\n"},
		"no services":   {[]string{"services"}, []string{counted, notFound, open}, "not seen: services: you may not list them\n"},
		"no windows":    {[]string{"vendoraccesswindows"}, []string{counted, found, notOpen}, "not seen: access windows: you may not list them\n"},
		"no vendors and policies": {
			[]string{"vendors", "workloadcertificates", "networkpolicies", "ciliumclusterwidenetworkpolicies"},
			[]string{counted, found, open},
			"not seen: certificates: you may not list them\nnot seen: vendors: you may not list them\n" +
				"not seen: objects of kind CiliumClusterwideNetworkPolicy: you may not list them\nnot seen: objects of kind NetworkPolicy: you may not list them\n",
		},
		"the auditor, who views as well": {
			[]string{"namespaces", "pods", "nodes", "services"},
			[]string{notCounted, notFound, open},
			"not seen: namespaces: you may not list them\nnot seen: pods: you may not list them\nnot seen: nodes: you may not list them\nnot seen: services: you may not list them\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("KUBECONFIG", cluster(t, tt.forbidden))
			sheet, beside := drawCluster(t, "text")
			lines := strings.Split(strings.TrimSpace(sheet), "\n")
			i := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "8 zones, ") })
			if i < 0 {
				t.Fatalf("no members in\n%s", sheet)
			}
			if diff := cmp.Diff(strings.Join(tt.want, "   "), lines[i]); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(tt.beside, beside); diff != "" {
				t.Errorf("beside the sheet (-want +got)\n%s", diff)
			}
			if uncounted := strings.Count(sheet, "[pods not known]"); (uncounted == 7) != (tt.want[0] == notCounted) || strings.Contains(sheet, "[0 pods]") {
				t.Errorf("%d zones without a count in\n%s", uncounted, sheet)
			}
		})
	}
}

// TestEveryFormatSaysWhatWasNotSeen, of the 7 zones that take pods in.
func TestEveryFormatSaysWhatWasNotSeen(t *testing.T) {
	t.Setenv("KUBECONFIG", cluster(t, []string{"pods"}))
	for format, want := range map[string]string{"svg": ">pods not known<", "dot": `\npods not known, `, "mermaid": "<br/>pods not known, ", "text": "[pods not known]"} {
		sheet, _ := drawCluster(t, format)
		if n := strings.Count(sheet, want); n != 7 {
			t.Errorf("%s: %q is there %d times", format, want, n)
		}
	}
}
