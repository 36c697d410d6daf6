// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/clock"
)

// clockStatus says whether the site's time is trusted. Until the first look after a start
// what was said before stays.
func (c conditions) clockStatus(said *siteTime, shown **v1alpha1.SiteClock) {
	if said == nil {
		return
	}
	c.set(v1alpha1.ConditionClockTrusted, said.Trusted, said.Reason, said.Message)
	*shown = said.Clock
}

// shownClock is what a person needs to acknowledge the clock of a boot. It is of whole
// seconds, as a status and a person write them, which any tolerance forgives; cut off and
// not rounded, because what was seen after the look does not count.
func shownClock(b clock.Boot) *v1alpha1.SiteClock {
	return &v1alpha1.SiteClock{BootID: b.ID, Node: b.Node, Run: v1alpha1.ClockReading{
		Wall:      metav1.NewTime(b.Run.Wall.Truncate(time.Second)),
		SinceBoot: v1alpha1.Uptime(b.Run.SinceBoot.Truncate(time.Second).String()),
	}}
}
