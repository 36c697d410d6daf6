// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

const opcuaServer, historian = "ww-filtration/opcua-server", "ww-historian/historian"

// certificate as it is now, by namespace and name.
func (p certified) certificate(ctx context.Context, path string) (*v1alpha1.WorkloadCertificate, error) {
	namespace, name, _ := strings.Cut(path, "/")
	o := object("zonewarden.io/v1alpha1", "WorkloadCertificate", namespace, name)
	if err := p.Get(ctx, client.ObjectKeyFromObject(o), o); err != nil {
		return nil, err
	}
	c := &v1alpha1.WorkloadCertificate{}
	return c, runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, c)
}

// becomes waits until a certificate is as it should, and gives it.
func (p certified) becomes(t *testing.T, path, what string, is func(*v1alpha1.WorkloadCertificate) bool) *v1alpha1.WorkloadCertificate {
	t.Helper()
	var c *v1alpha1.WorkloadCertificate
	eventually(t, path+": "+what, func(ctx context.Context) error {
		var err error
		if c, err = p.certificate(ctx, path); err != nil {
			return err
		}
		if !is(c) {
			return fmt.Errorf("it is %+v", c.Status)
		}
		return nil
	})
	return c
}

// idle says that it is there, and nothing waits.
func idle(c *v1alpha1.WorkloadCertificate) bool {
	return meta.IsStatusConditionTrue(c.Status.Conditions, v1alpha1.ConditionReady) && c.Status.Step == v1alpha1.StepIdle
}

// says that a condition has a reason.
func says(c *v1alpha1.WorkloadCertificate, kind, reason string) bool {
	found := meta.FindStatusCondition(c.Status.Conditions, kind)
	return found != nil && found.Reason == reason
}

// trusts an authority.
func trusts(c *v1alpha1.WorkloadCertificate, fingerprint string) bool {
	return slices.ContainsFunc(c.Status.Trust, func(a v1alpha1.TrustedAuthority) bool { return a.Fingerprint == fingerprint })
}
