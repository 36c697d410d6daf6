// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package roster

import (
	"fmt"
	"strings"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// Flow writes a flow as --flow takes it: modbus-tcp, modbus-tcp:1502, 2222/TCP.
func Flow(f v1alpha1.Flow) string {
	port := ""
	if f.Port != nil {
		port = fmt.Sprint(*f.Port)
		if f.EndPort != nil {
			port += fmt.Sprintf("-%d", *f.EndPort)
		}
	}
	text := strings.Trim(f.Protocol+":"+port, ":")
	if f.Transport != "" {
		text += "/" + string(f.Transport)
	}
	return text
}
