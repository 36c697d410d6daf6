// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package connect

import (
	"regexp"
	"strings"
)

// What the API server puts around the words of an admission policy.
var (
	denied = regexp.MustCompile(`^.*ValidatingAdmissionPolicy '[^']*' with binding '[^']*' denied request: `)
	prefix = regexp.MustCompile(`^\S+\.zonewarden\.io "[^"]*" is (forbidden|invalid): `)
)

// Say is an error in words for whoever typed the command: the policy's own where one
// refused, since its name helps nobody.
func Say(err error) string {
	text := err.Error()
	if i := strings.Index(text, "ValidatingAdmissionPolicy '"); i >= 0 {
		text = denied.ReplaceAllString(strings.ReplaceAll(text, "\n", " "), "refused: ")
	}
	return strings.TrimSpace(prefix.ReplaceAllString(text, ""))
}
