// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/yaml"
)

const namespace = "zonewarden-system"

// theChart is where it is in the repository.
var theChart = root("charts", "zonewarden")

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	besides()
	os.Exit(m.Run())
}

// besides lets one test more run beside the others than there are processors, unless somebody
// says how many: readers of the pages wait most of the time.
func besides() {
	flag.Parse()
	said := false
	flag.Visit(func(f *flag.Flag) { said = said || f.Name == "test.parallel" })
	if !said {
		_ = flag.Set("test.parallel", strconv.Itoa(runtime.GOMAXPROCS(0)+1))
	}
}

// root is an absolute path below the repository's root.
func root(parts ...string) string {
	path, err := filepath.Abs(filepath.Join(append([]string{"..", ".."}, parts...)...))
	if err != nil {
		panic(err) // there is no working directory
	}
	return path
}

// kubePrograms is the folder of kubectl: control planes that others built have one as well.
func kubePrograms() string { return cmp.Or(os.Getenv("KUBEBUILDER_ASSETS"), root("bin", "kube")) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// helm runs it with nothing of the machine's own settings.
func helm(t *testing.T, args ...string) (string, error) {
	t.Helper()
	home := t.TempDir()
	command := exec.Command(root("bin", "helm"), args...)
	command.Env = []string{"HOME=" + home, "PATH=" + os.Getenv("PATH")}
	var out, complaints bytes.Buffer
	command.Stdout, command.Stderr = &out, &complaints
	if err := command.Run(); err != nil {
		return out.String(), fmt.Errorf("helm %s: %w: %s", args[0], err, complaints.String())
	}
	return out.String(), nil
}

// rendered are the objects that a release would have on a cluster that knows our kinds.
func rendered(t *testing.T, args ...string) []*unstructured.Unstructured {
	t.Helper()
	out, err := helm(t, append([]string{"template", "zonewarden", theChart, "--namespace", namespace, "--api-versions", "zonewarden.io/v1alpha1/Site"}, args...)...)
	must(t, err)
	return objects(t, out)
}

// objects of YAML documents, but for those without content.
func objects(t *testing.T, documents string) []*unstructured.Unstructured {
	t.Helper()
	var out []*unstructured.Unstructured
	for doc := range strings.SplitSeq("\n"+documents, "\n---\n") {
		o := &unstructured.Unstructured{}
		if err := yaml.UnmarshalStrict([]byte(doc+"\n"), &o.Object); err != nil {
			t.Fatalf("%v in\n%s", err, doc)
		}
		if len(o.Object) > 0 {
			out = append(out, o)
		}
	}
	return out
}

// key names an object as kind, namespace and name.
func key(o *unstructured.Unstructured) string {
	return strings.Join(strings.Fields(strings.Join([]string{o.GetKind(), o.GetNamespace(), o.GetName()}, " ")), "/")
}
