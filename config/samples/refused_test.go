// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package samples

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// Who refuses a manifest.
const (
	byAPIServer = "API server"
	byOperator  = "operator"
)

// header is what the first lines of a refused manifest say about it.
type header struct {
	What, By, Object, Reason, Path, Says string
}

var headerLine = regexp.MustCompile(`^# (What|By|Object|Reason|Path|Says): (\S.*\S|\S)$`)

// parseHeader wants the six lines in their order, and nothing missing.
func parseHeader(text string) (header, error) {
	var h header
	fields := []struct {
		name string
		into *string
	}{
		{"What", &h.What},
		{"By", &h.By},
		{"Object", &h.Object},
		{"Reason", &h.Reason},
		{"Path", &h.Path},
		{"Says", &h.Says},
	}
	lines := strings.Split(text, "\n")
	for i, f := range fields {
		if i >= len(lines) {
			return h, fmt.Errorf("there is no line %q", f.name)
		}
		m := headerLine.FindStringSubmatch(lines[i])
		if m == nil || m[1] != f.name {
			return h, fmt.Errorf("line %d is %q, want \"# %s: ...\"", i+1, lines[i], f.name)
		}
		*f.into = m[2]
	}
	switch {
	case h.By != byAPIServer && h.By != byOperator:
		return h, fmt.Errorf("refused by %q", h.By)
	case h.By == byAPIServer && h.Reason != v1alpha1.ReasonInvalid:
		return h, fmt.Errorf("the API server's reason is %q", h.Reason)
	}
	return h, nil
}

func TestRefused(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob(filepath.Join("refused", "*.yaml"))
	if err != nil || len(paths) < 40 {
		t.Fatalf("%d refused manifests: %v", len(paths), err)
	}
	s := loadSchemas(t)
	base := topology.Resolve(standing(t, s).snapshot)
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".yaml"), func(t *testing.T) {
			t.Parallel()
			h, err := parseHeader(string(read(t, path)))
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Contains(objectsOf(t, path), h.Object) {
				t.Errorf("%s is not in the file", h.Object)
			}
			if h.By == byOperator {
				checkRefused(t, s, base, path, h)
			}
		})
	}
}

// standing is the water works as it stands in a cluster: each object was accepted
// before, and its status says so. What is in force wins over what comes later.
func standing(t *testing.T, s schemas) *plant {
	t.Helper()
	p := waterWorks(t, s)
	m := topology.Resolve(p.snapshot)
	for _, z := range p.snapshot.Zones {
		z.Status.LastGood = &v1alpha1.ZoneLastGood{Generation: z.Generation, Spec: z.Spec}
	}
	for _, a := range p.snapshot.Assets {
		a.Status.LastGood = &v1alpha1.AssetLastGood{Generation: a.Generation, Spec: a.Spec}
		a.Status.Zone = m.AssetZones[a.Name]
	}
	for _, c := range p.snapshot.Conduits {
		c.Status.LastGood = &v1alpha1.ConduitLastGood{Generation: c.Generation, Spec: c.Spec}
	}
	return p
}

// checkRefused applies a file on top of the water works.
func checkRefused(t *testing.T, s schemas, base *topology.Model, path string, h header) {
	t.Helper()
	p := standing(t, s)
	p.created = metav1.NewTime(today.Add(-time.Hour))
	p.load(t, path)
	m := topology.Resolve(p.snapshot)

	kind, name, _ := strings.Cut(h.Object, "/")
	v := m.Verdicts[topology.ObjectRef{Kind: kind, Name: name}]
	if v == nil || v.InForce {
		t.Fatalf("%s is in force: %+v", h.Object, v)
	}
	found := slices.ContainsFunc(v.Errors(), func(f v1alpha1.Finding) bool {
		return f.Reason == h.Reason && f.Path == h.Path && strings.Contains(f.Message, h.Says)
	})
	if !found {
		t.Errorf("want %s at %s saying %q, got", h.Reason, h.Path, h.Says)
		for _, f := range v.Findings {
			t.Errorf("  %s %s at %s: %s", f.Severity, f.Reason, f.Path, f.Message)
		}
	}
	for ref, want := range base.Verdicts {
		if diff := cmp.Diff(want, m.Verdicts[ref]); diff != "" {
			t.Errorf("the verdict on %s changes (-before +after):\n%s", ref, diff)
		}
	}
	if diff := cmp.Diff(base.Counts(), m.Counts()); diff != "" {
		t.Errorf("it opens or closes flows (-before +after):\n%s", diff)
	}
}

// objectsOf are the kinds and names in a file, read without any schema.
func objectsOf(t *testing.T, path string) []string {
	t.Helper()
	var out []string
	for _, doc := range documents(t, path) {
		var head struct {
			metav1.TypeMeta
			Metadata struct{ Name string }
		}
		if err := json.Unmarshal(doc, &head); err != nil {
			t.Fatal(err)
		}
		out = append(out, head.Kind+"/"+head.Metadata.Name)
	}
	return out
}
