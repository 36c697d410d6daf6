// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/apply"
)

// holdForAssets holds the whole pass when assets vanished in a way that cannot
// be meant: deleting their CRD deletes every one past admission, and each looks
// like an ordinary deletion. Writing then would take every device out of its
// zone, which is an outage.
func (s *Segmentation) holdForAssets(ctx context.Context, o *outcome) error {
	site := o.snapshot.Site
	if site == nil {
		return nil
	}
	o.assetDefinition = s.assetDefinition(ctx)
	before, now := int(site.Status.Assets), len(o.snapshot.Assets)
	if now >= before {
		return nil
	}
	crd, err := s.definition(ctx, "assets")
	if err != nil {
		return fmt.Errorf("looking at the definition of Asset: %w", err)
	}
	if !apply.AssetsVanished(before, now, site.Status.AssetsCountedUnder, crd) {
		return nil
	}
	digest := assetsDigest(o.snapshot.Assets)
	if site.Annotations[v1alpha1.AnnotationConfirmPrune] == digest {
		return nil
	}
	o.heldDigest = digest
	o.held = fmt.Sprintf("%d of %d assets vanished at once, which is taken for a mistake: no policy object is written until they are back; if it is meant, annotate the Site with %s=%s",
		before-now, before, v1alpha1.AnnotationConfirmPrune, digest)
	return nil
}

// assetDefinition is the UID of the definition of Asset that the cache knows.
func (s *Segmentation) assetDefinition(ctx context.Context) types.UID {
	crd := metadata(definitions)
	if err := s.cache.Get(ctx, client.ObjectKey{Name: "assets." + v1alpha1.GroupVersion.Group}, crd); err != nil {
		return ""
	}
	return crd.GetUID()
}

// assetsDigest names exactly the assets that are left.
func assetsDigest(assets []*v1alpha1.Asset) string {
	names := make([]string, 0, len(assets))
	for _, a := range assets {
		names = append(names, string(a.UID))
	}
	slices.Sort(names)
	h := sha256.Sum256(fmt.Append(nil, "assets", names))
	return hex.EncodeToString(h[:6])
}
