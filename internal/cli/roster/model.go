// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package roster

import "time"

// APIVersion of what -o json prints. Fields are added within a version; none change.
const APIVersion = "cli.zonewarden.io/v1"

// Roster is the view, as -o json prints it.
type Roster struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	// At is the present of the machine that the plugin runs on.
	At    time.Time `json:"at"`
	Site  Site      `json:"site"`
	Clock Clock     `json:"clock"`
	Audit Audit     `json:"audit"`
	// Locks are those that exist. Nil where they could not be read.
	Locks []Lock `json:"locks"`

	// In are let in now, or may be.
	In []Window `json:"in"`
	// Waiting were asked for, and are not open.
	Waiting []Window `json:"waiting"`
	// Ended ended within the last 24 hours.
	Ended []Window `json:"ended"`
	// ReviewOwed were opened without an approval, and nobody else looked at it yet.
	ReviewOwed []Window `json:"reviewOwed"`
	// Notes say what could not be read.
	Notes []string `json:"notes,omitempty"`
}

// Site is whose view it is.
type Site struct {
	ID       string `json:"id,omitempty"`
	Title    string `json:"title,omitempty"`
	TimeZone string `json:"timeZone,omitempty"`
}

// Truth is that of a condition.
type Truth string

// Truths.
const (
	True    Truth = "True"
	False   Truth = "False"
	Unknown Truth = "Unknown"
)

// Clock is the operator's verdict on the site's time.
type Clock struct {
	Trusted Truth  `json:"trusted"`
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message,omitempty"`
}

// Audit is the operator's verdict on its audit trail. While it is not intact nobody is let in.
type Audit struct {
	Intact  Truth  `json:"intact"`
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message,omitempty"`
}

// Lock keeps somebody out.
type Lock struct {
	Name   string    `json:"name"`
	What   string    `json:"what"`
	By     string    `json:"by"`
	Since  time.Time `json:"since"`
	Reason string    `json:"reason"`
	// Windows that it keeps closed. Nil: the operator has not said.
	Windows *int32 `json:"windows,omitempty"`
}

// Person is let in.
type Person struct {
	User string `json:"user"`
	Name string `json:"name,omitempty"`
}

// Window is one line of the view.
type Window struct {
	Name string `json:"name"`
	// Requester asked for it.
	Requester string   `json:"requester"`
	Vendor    string   `json:"vendor"`
	Company   string   `json:"company,omitempty"`
	People    []Person `json:"people"`
	// Reaches are plant tags of devices, or what else is reached.
	Reaches []string `json:"reaches"`
	Through string   `json:"through"`
	Grant   string   `json:"grant,omitempty"`
	Order   string   `json:"order,omitempty"`

	// Phase, Reason and Message as in the status; Phase "" was not seen by the operator.
	Phase      string     `json:"phase"`
	Reason     string     `json:"reason,omitempty"`
	Message    string     `json:"message,omitempty"`
	Occurrence string     `json:"occurrence,omitempty"`
	Since      *time.Time `json:"since,omitempty"`
	Start      *time.Time `json:"start,omitempty"`
	End        *time.Time `json:"end,omitempty"`
	// SecondsLeft to the end, negative when it is over.
	SecondsLeft *int64 `json:"secondsLeft,omitempty"`

	// Live is nil where nobody counts sessions.
	Live       *int32     `json:"live,omitempty"`
	LastPacket *time.Time `json:"lastPacket,omitempty"`

	ApprovedBy []string `json:"approvedBy,omitempty"`
	ArmedBy    string   `json:"armedBy,omitempty"`
	BreakGlass bool     `json:"breakGlass,omitempty"`
	// Armable waits for somebody of the shift, and for nothing else.
	Armable bool `json:"armable,omitempty"`

	EndsWithoutOperator  Truth `json:"endsWithoutOperator"`
	EndsWithoutAPIServer Truth `json:"endsWithoutAPIServer"`
	// Terminated says whether nothing passes any more, found by trying.
	Terminated Truth   `json:"terminated"`
	Ending     *Ending `json:"ending,omitempty"`
}

// Ending is how the last occurrence ended.
type Ending struct {
	Due      time.Time  `json:"due"`
	Proved   *time.Time `json:"proved,omitempty"`
	Lateness string     `json:"lateness,omitempty"`
}
