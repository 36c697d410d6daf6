// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"fmt"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/internal/access/grant"
)

const (
	// shortestToken is the shortest that the API server issues. A window of which less is
	// left gets none, because a token must not outlive it.
	shortestToken = 10 * time.Minute
	// renewsToken is how much longer a window has to be than its token before that is made
	// anew: an extension, and not the seconds that writing takes.
	renewsToken = time.Minute

	tokenKey, untilKey = "token", "until"
)

// token makes the Secret, and puts into it a token that ends when the window does. It is
// bound to the Secret: the API server takes it no more once that is gone.
func (g *Grants) token(ctx context.Context, o *grant.Object, until time.Time) error {
	secret := &corev1.Secret{}
	err := g.get(ctx, o, secret)
	if apierrors.IsNotFound(err) {
		if _, err = g.create(ctx, o); err == nil {
			err = g.get(ctx, o, secret)
		}
	}
	if err != nil {
		return err
	}
	if known, err := time.Parse(time.RFC3339, string(secret.Data[untilKey])); err == nil && until.Sub(known).Abs() < renewsToken {
		return nil
	}
	left := until.Sub(g.Now())
	if left < shortestToken {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, asksAPI)
	defer cancel()
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{
		ExpirationSeconds: new(int64(left.Seconds())),
		BoundObjectRef:    &authenticationv1.BoundObjectReference{APIVersion: "v1", Kind: "Secret", Name: secret.Name, UID: secret.UID},
	}}
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: o.Namespace, Name: o.Name}}
	if err := g.Client.SubResource("token").Create(ctx, account, request); err != nil { //nolint:forbidigo // a token is no status
		return fmt.Errorf("asking for a token: %w", err)
	}
	before := secret.DeepCopy()
	secret.Data = map[string][]byte{
		tokenKey: []byte(request.Status.Token), untilKey: []byte(until.UTC().Format(time.RFC3339)),
	}
	return g.Client.Patch(ctx, secret, client.MergeFrom(before), client.FieldOwner(FieldManager))
}
