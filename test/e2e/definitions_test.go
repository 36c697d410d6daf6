// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/test/e2e/stage"
)

// Our definitions are deleted by mistake: that is refused. With the refusal taken away
// they go, and with them every Zone and Conduit, and still nothing opens and what a
// conduit allowed passes, with the operator alive and dead.
func TestDefinitionsDeletedByMistake(t *testing.T) {
	for name, alive := range map[string]bool{"operator alive": true, "operator dead": false} {
		t.Run(name, func(t *testing.T) {
			w := plant(t)
			definitions := w.definitions()
			stage.Until(t, settles, "the deletion of every definition is refused", func() bool {
				for _, d := range definitions {
					if !apierrors.IsForbidden(w.Delete(w.ctx(), d.DeepCopy(), client.DryRunAll)) {
						return false
					}
				}
				return true
			})
			if !alive {
				must(t, w.KillOperator())
			}
			w.Remove(t, stage.Parse(t, "{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicyBinding, metadata: {name: zonewarden-definitions}}")...)
			t.Cleanup(func() { plant(t) }) // from Git again
			endOurs(t, w.Stage)

			x := w.watchPairs(w.witnesses(), stage.UDP(123))
			for _, d := range definitions {
				w.deleteDefinition(d)
			}
			x.carriesOn(t)
			x.judge(t, name, x.before, 0)
		})
	}
}

// definitions are those of our kinds.
func (w *waterWorks) definitions() []*unstructured.Unstructured {
	w.t.Helper()
	var out []*unstructured.Unstructured
	for _, o := range stage.Manifests(w.t, "config/default") {
		if o.GetKind() == "CustomResourceDefinition" && strings.HasSuffix(o.GetName(), ".zonewarden.io") {
			out = append(out, o)
		}
	}
	if len(out) == 0 {
		w.t.Fatal("there are no definitions")
	}
	return out
}

// deleteDefinition deletes a definition as soon as it is not refused any more, and
// returns when it is gone with all its objects.
func (w *waterWorks) deleteDefinition(d *unstructured.Unstructured) {
	w.t.Helper()
	stage.Until(w.t, settles, "definition "+d.GetName()+" can be deleted", func() bool {
		err := w.Delete(w.ctx(), d.DeepCopy())
		return client.IgnoreNotFound(err) == nil
	})
	stage.Until(w.t, settles, "definition "+d.GetName()+" is gone", func() bool {
		return apierrors.IsNotFound(w.Get(w.ctx(), client.ObjectKeyFromObject(d), d.DeepCopy()))
	})
}
