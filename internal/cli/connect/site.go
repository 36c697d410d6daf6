// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package connect

import (
	"context"
	"fmt"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// SiteName is the name of the one Site.
const SiteName = "site"

// Site reads the Site, and the time zone that it names.
func (s *Session) Site(ctx context.Context) (*v1alpha1.Site, *time.Location, error) {
	c, err := s.Client()
	if err != nil {
		return nil, nil, err
	}
	site := &v1alpha1.Site{}
	if err := c.Get(ctx, client.ObjectKey{Name: SiteName}, site); err != nil {
		return nil, nil, fmt.Errorf("reading the Site, whose time zone is meant: %w", err)
	}
	zone, err := time.LoadLocation(site.Spec.TimeZone)
	if err != nil {
		return site, nil, fmt.Errorf("reading the Site: spec.timeZone: %w", err)
	}
	return site, zone, nil
}
