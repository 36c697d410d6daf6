// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/protocol"
)

func (r request) flowList() ([]v1alpha1.Flow, error) {
	if len(r.flows) == 0 {
		return nil, errors.New("--flow is needed: what passes? modbus-tcp, or 2222/tcp")
	}
	out := make([]v1alpha1.Flow, len(r.flows))
	for i, text := range r.flows {
		f, err := flow(text)
		if err != nil {
			return nil, fmt.Errorf("--flow: %w", err)
		}
		out[i] = f
	}
	return out, nil
}

var flowForm = regexp.MustCompile(`^(?:([a-z0-9-]*[a-z][a-z0-9-]*)(?::|$))?(?:(\d{1,5})(?:-(\d{1,5}))?)?(?:/([a-zA-Z]+))?$`)

// flow reads a protocol of the catalogue, ports of a transport, or both.
func flow(text string) (v1alpha1.Flow, error) {
	var f v1alpha1.Flow
	m, err := parts(text)
	if err != nil {
		return f, err
	}
	if m[1] != "" {
		if err := known(m[1], m[2] != ""); err != nil {
			return f, err
		}
		f.Protocol = m[1]
	}
	var first, last error
	f.Port, first = port(m[2])
	f.EndPort, last = port(m[3])
	if err := errors.Join(first, last); err != nil {
		return f, err
	}
	if f.EndPort != nil && *f.EndPort < *f.Port {
		return f, fmt.Errorf("%q: the range ends before it begins", text)
	}
	f.Transport = v1alpha1.Transport(strings.ToUpper(m[4]))
	if !slices.Contains([]v1alpha1.Transport{"", v1alpha1.TransportTCP, v1alpha1.TransportUDP, v1alpha1.TransportSCTP}, f.Transport) {
		return f, fmt.Errorf("%q: a transport is tcp, udp or sctp", text)
	}
	return f, nil
}

// parts are protocol, first and last port, and transport, "" where there is none.
func parts(text string) ([]string, error) {
	m := flowForm.FindStringSubmatch(text)
	if m == nil || m[1] == "" && (m[2] == "" || m[4] == "") || strings.HasSuffix(text, ":") {
		return nil, fmt.Errorf("%q is neither a protocol nor a port with its transport: write modbus-tcp, modbus-tcp:1502, 2222/tcp or 5000-5010/udp", text)
	}
	return m, nil
}

// known says whether a protocol is in the catalogue, and whether it needs a port.
func known(key string, withPort bool) error {
	p, found := protocol.Lookup(key)
	switch near := protocol.Closest(key); {
	case !found && near != "":
		return fmt.Errorf("no protocol %q is known: is %s meant?", key, near)
	case !found:
		return fmt.Errorf("no protocol %q is known: write its port, 2222/tcp", key)
	case len(p.Ports) == 0 && !withPort:
		return fmt.Errorf("%s has no port of its own: write %s:PORT/tcp", key, key)
	}
	return nil
}

// port reads one, nil for none.
func port(text string) (*int32, error) {
	if text == "" {
		return nil, nil
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < 1 || n > 65535 {
		return nil, fmt.Errorf("%q: a port is from 1 to 65535", text)
	}
	value := int32(n)
	return &value, nil
}
