// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package stage

import (
	"context"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
)

// rediscovery is more than the API server needs after its start, or after a definition
// is new, to find the kinds that admission policies take as a parameter: it looks every
// half a minute.
const rediscovery = time.Minute

// againAndAgain writes as whoever rolls out from Git does: what the API server refuses
// because it does not know the guard's parameter yet (docs/guard.md) is tried again. A
// refusal that the guard means comes back at once.
func againAndAgain(c client.WithWatch) client.WithWatch {
	return interceptor.NewClient(c, interceptor.Funcs{
		Create: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.CreateOption) error {
			return again(ctx, func() error { return c.Create(ctx, o, opts...) })
		},
		Delete: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.DeleteOption) error {
			return again(ctx, func() error { return c.Delete(ctx, o, opts...) })
		},
		Patch: func(ctx context.Context, c client.WithWatch, o client.Object, p client.Patch, opts ...client.PatchOption) error {
			return again(ctx, func() error { return c.Patch(ctx, o, p, opts...) })
		},
		Apply: func(ctx context.Context, c client.WithWatch, o runtime.ApplyConfiguration, opts ...client.ApplyOption) error {
			return again(ctx, func() error { return c.Apply(ctx, o, opts...) })
		},
	})
}

// unknownParameter is what the API server says then: that it knows no such kind, and that it
// has not listed its objects yet.
var unknownParameter = []string{"failed to find resource referenced by paramKind", "not yet synced to use for admission"}

func again(ctx context.Context, write func() error) error {
	ctx, cancel := context.WithTimeout(ctx, rediscovery)
	defer cancel()
	var err error
	until(ctx, func() bool {
		err = write()
		return err == nil || !slices.ContainsFunc(unknownParameter, func(says string) bool { return strings.Contains(err.Error(), says) })
	})
	return err
}
