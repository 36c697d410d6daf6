// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"strings"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/impersonation"
)

// +kubebuilder:rbac:groups=rbac.authorization.k8s.io,resources=clusterroles;clusterrolebindings,verbs=get;list;watch

const (
	// looksAtImpersonators is how often the rights are read. They are many, and no cache
	// holds them.
	looksAtImpersonators = 10 * time.Minute
	// namedImpersonators is how many a finding names.
	namedImpersonators = 8
)

// impersonators are who may act as somebody else, as they were read last.
type impersonators struct {
	subjects []impersonation.Subject
	at       time.Time
}

// findImpersonators reads the rights of the cluster, where vendors are let in at all.
func (s *Segmentation) findImpersonators(ctx context.Context, site *v1alpha1.Site) []v1alpha1.Finding {
	if site == nil || len(site.Spec.Access.JumpHosts) == 0 {
		return nil
	}
	if now := s.clock.Now(); s.impersonators.at.IsZero() || now.Sub(s.impersonators.at).Abs() > looksAtImpersonators {
		var roles rbacv1.ClusterRoleList
		var bindings rbacv1.ClusterRoleBindingList
		if err := s.live.List(ctx, &roles); err != nil {
			log.FromContext(ctx).Error(err, "it is not known who may impersonate")
			return nil
		}
		if err := s.live.List(ctx, &bindings); err != nil {
			log.FromContext(ctx).Error(err, "it is not known who may impersonate")
			return nil
		}
		s.impersonators.subjects, s.impersonators.at = impersonation.Subjects(roles.Items, bindings.Items), now
	}
	return impersonationFindings(s.impersonators.subjects)
}

func impersonationFindings(subjects []impersonation.Subject) []v1alpha1.Finding {
	if len(subjects) == 0 {
		return nil
	}
	var names []string
	for _, s := range subjects[:min(len(subjects), namedImpersonators)] {
		names = append(names, s.String())
	}
	message := fmt.Sprintf("%d may act as any approver, because they may impersonate: %s", len(subjects), strings.Join(names, "; "))
	if more := len(subjects) - len(names); more > 0 {
		message += fmt.Sprintf("; and %d more", more)
	}
	return []v1alpha1.Finding{{
		Severity: v1alpha1.SeverityWarning, Path: "spec.access.approvals", Reason: v1alpha1.ReasonMayImpersonate, Message: message,
	}}
}
