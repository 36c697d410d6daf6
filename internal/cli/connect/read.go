// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package connect

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// MayList reads a list, and says whether the user may. Where not, it is empty.
func MayList(ctx context.Context, c client.Client, list client.ObjectList) (bool, error) {
	err := c.List(ctx, list)
	if apierrors.IsForbidden(err) {
		return false, meta.SetList(list, nil)
	}
	if err != nil {
		return false, fmt.Errorf("reading: %w", err)
	}
	return true, nil
}
