// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package until

import "time"

// Status is what a process tells the operator about itself.
type Status struct {
	// Targets are what a relay forwards to, in the order it was given them.
	Targets []Target `json:"targets,omitempty"`
	// Refused counts connections and datagrams from elsewhere than the sources that may.
	Refused uint64 `json:"refused"`
	// TurnedAway counts sessions beyond the most that may live at one time.
	TurnedAway uint64 `json:"turnedAway"`
	// Processes is how many others share the PID namespace of a session pod.
	Processes int `json:"processes"`
	// Remaining is the time to the end. The reply's head carries it.
	Remaining time.Duration `json:"-"`
}

// Target is one thing that a relay forwards to.
type Target struct {
	Transport  string `json:"transport"`
	Listen     uint16 `json:"listen"`
	To         string `json:"to"`
	Live       int64  `json:"live"`
	Total      uint64 `json:"total"`
	ToTarget   uint64 `json:"toTarget"`   // bytes
	FromTarget uint64 `json:"fromTarget"` // bytes
	// SinceLast is how many milliseconds ago the last byte passed; nil if none ever did.
	SinceLast *int64 `json:"sinceLastMillis,omitempty"`
}
