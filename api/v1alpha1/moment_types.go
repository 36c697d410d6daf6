// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Moment is a date and a time of day: 2026-11-23T08:00 or 2026-11-23T08:00:30 by the
// Site's time zone, or with an offset, 2026-11-23T08:00+01:00 or 2026-11-23T07:00Z.
//
// A local time that does not exist, when clocks go forward, means the first instant
// after the gap. One that exists twice, when they go back, means the later instant for
// a start and the earlier one for an end: never longer than meant.
//
// +kubebuilder:validation:MaxLength=25
// +kubebuilder:validation:Pattern=`^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])?$`
// +kubebuilder:validation:XValidation:rule="!self.matches('^.{4}-(02-30|(02|04|06|09|11)-31)') && !(self.matches('^.{4}-02-29') && int(self.split('-')[0]) % 4 != 0)",message="the calendar has no such day"
type Moment string

// Duration is a time span of hours, minutes and seconds: 4h, 90m, 1h30m.
//
// +kubebuilder:validation:MinLength=2
// +kubebuilder:validation:MaxLength=15
// +kubebuilder:validation:Pattern=`^([0-9]{1,4}h)?([0-9]{1,4}m)?([0-9]{1,4}s)?$`
// +kubebuilder:validation:XValidation:rule="!self.matches('^0[0hms]*$')",message="a time span is longer than nothing"
type Duration string
