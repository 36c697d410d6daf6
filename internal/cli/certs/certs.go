// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package certs

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/cli/connect"
)

// Command is the group.
func Command(s *connect.Session) *cobra.Command {
	group := &cobra.Command{
		Use:   "certs",
		Short: "Certificates: how they stand, rotate, acknowledge, sign offline",
		Args:  cobra.NoArgs, // so that a command that does not exist is an error
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	group.AddCommand(
		listCommand(s), verifyCommand(s), rotateCommand(s),
		acknowledgeCommand(s), requestCommand(s), installCommand(s),
	)
	return group
}

// read reads one by NAMESPACE/NAME.
func read(ctx context.Context, s *connect.Session, path string) (*v1alpha1.WorkloadCertificate, error) {
	namespace, name, both := strings.Cut(path, "/")
	if !both || namespace == "" || name == "" {
		return nil, fmt.Errorf("%q is not NAMESPACE/NAME", path)
	}
	c, err := s.Client()
	if err != nil {
		return nil, err
	}
	w := &v1alpha1.WorkloadCertificate{}
	err = c.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, w)
	if apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("there is no certificate %s: see certs list", path)
	}
	if err != nil {
		return nil, fmt.Errorf("reading certificate %s: %w", path, err)
	}
	return w, nil
}

// all reads all of a namespace, or of every one.
func all(ctx context.Context, s *connect.Session, namespace string) ([]v1alpha1.WorkloadCertificate, error) {
	c, err := s.Client()
	if err != nil {
		return nil, err
	}
	var list v1alpha1.WorkloadCertificateList
	if err := c.List(ctx, &list, client.InNamespace(namespace)); err != nil {
		return nil, fmt.Errorf("reading certificates: %w", err)
	}
	return list.Items, nil
}
