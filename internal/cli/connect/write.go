// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package connect

import (
	"context"
	"fmt"
	"maps"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// Create stores an object in the user's name. A dry run has it judged and not stored.
func (s *Session) Create(ctx context.Context, o client.Object, dryRun bool) error {
	c, err := s.Client()
	if err != nil {
		return err
	}
	options := []client.CreateOption{client.FieldOwner(manager)}
	if dryRun {
		options = append(options, client.DryRunAll)
	}
	return client.WithFieldValidation(c, metav1.FieldValidationStrict).Create(ctx, o, options...)
}

// Delete deletes this very object, and none that has its name by now.
func (s *Session) Delete(ctx context.Context, o client.Object) error {
	c, err := s.Client()
	if err != nil {
		return err
	}
	uid := o.GetUID()
	return c.Delete(ctx, o, client.Preconditions{UID: &uid})
}

// Annotate sets one annotation on the version that was read.
func (s *Session) Annotate(ctx context.Context, o client.Object, key, value string) error {
	return s.Change(ctx, o, func() {
		annotations := maps.Clone(o.GetAnnotations())
		if annotations == nil {
			annotations = map[string]string{}
		}
		annotations[key] = value
		o.SetAnnotations(annotations)
	})
}

// Change edits the version that was read.
func (s *Session) Change(ctx context.Context, o client.Object, edit func()) error {
	c, err := s.Client()
	if err != nil {
		return err
	}
	before, ok := o.DeepCopyObject().(client.Object)
	if !ok {
		return fmt.Errorf("changing %T: it is no object", o)
	}
	edit()
	return client.WithFieldValidation(c, metav1.FieldValidationStrict).Patch(ctx, o,
		client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}), client.FieldOwner(manager))
}

// User is who the API server takes us for.
type User struct {
	Name string
	// Factors are those that it attests.
	Factors []v1alpha1.Factor
}

// Me asks the API server who we are, --as included.
func (s *Session) Me(ctx context.Context) (User, error) {
	c, err := s.Client()
	if err != nil {
		return User{}, err
	}
	review := &authenticationv1.SelfSubjectReview{}
	if err := c.Create(ctx, review); err != nil {
		return User{}, fmt.Errorf("asking who you are: %w", err)
	}
	info := review.Status.UserInfo
	u := User{Name: info.Username}
	for _, f := range info.Extra[v1alpha1.ExtraFactors] {
		u.Factors = append(u.Factors, v1alpha1.Factor(f))
	}
	return u, nil
}
