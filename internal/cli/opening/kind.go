// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package opening

import (
	"context"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// kind is one of those that open something.
type kind struct {
	name v1alpha1.ApprovedKind
	// words for it, as kubectl takes them.
	words []string
	one   func() client.Object
	list  func() client.ObjectList
}

// kinds in the order in which they are listed.
var kinds = []kind{
	{
		v1alpha1.ApprovedZone,
		[]string{"zone", "zones", "zn"},
		func() client.Object { return &v1alpha1.Zone{} }, func() client.ObjectList { return &v1alpha1.ZoneList{} },
	},
	{
		v1alpha1.ApprovedConduit,
		[]string{"conduit", "conduits", "cdt"},
		func() client.Object { return &v1alpha1.Conduit{} }, func() client.ObjectList { return &v1alpha1.ConduitList{} },
	},
	{
		v1alpha1.ApprovedAsset,
		[]string{"asset", "assets", "ast"},
		func() client.Object { return &v1alpha1.Asset{} }, func() client.ObjectList { return &v1alpha1.AssetList{} },
	},
}

// kindNamed finds a kind by a word for it, with our group or without.
func kindNamed(word string) (kind, error) {
	plain := strings.TrimSuffix(strings.ToLower(word), "."+v1alpha1.GroupVersion.Group)
	for _, k := range kinds {
		if slices.Contains(k.words, plain) {
			return k, nil
		}
	}
	return kind{}, fmt.Errorf("%q is no kind that opens something: write zone, conduit or asset; a window is decided on by access approve", word)
}

// named is the object that arguments name: KIND/NAME, or KIND NAME.
func named(args []string) (kind, string, error) {
	word, name, both := strings.Cut(args[0], "/")
	switch {
	case both && len(args) > 1:
		return kind{}, "", fmt.Errorf("%s: one object at a time, KIND/NAME", strings.Join(args, " "))
	case !both && len(args) == 1:
		return kind{}, "", fmt.Errorf("%s: write KIND/NAME, for example conduit/%s", word, word)
	case !both:
		name = args[1]
	}
	k, err := kindNamed(word)
	if err == nil && name == "" {
		err = fmt.Errorf("%s: which one? write KIND/NAME", args[0])
	}
	return k, name, err
}

// read reads one object.
func read(ctx context.Context, c client.Client, k kind, name string) (*declared, error) {
	o := k.one()
	path := k.words[0] + "/" + name
	err := c.Get(ctx, client.ObjectKey{Name: name}, o)
	if apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("there is no %s %q: see waiting", k.words[0], name)
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return of(k, o)
}
