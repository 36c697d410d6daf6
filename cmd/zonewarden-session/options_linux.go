// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zonewarden/zonewarden/internal/session/relay"
	"github.com/zonewarden/zonewarden/internal/session/until"
)

// options are the command line and the variable.
type options struct {
	window, pod string
	operator    key
	first       time.Duration
	control     string
	relay       relay.Config
}

func parse(name string, args []string, env string, stderr io.Writer) (*options, error) {
	o := &options{}
	f := flag.NewFlagSet("zonewarden-session "+name, flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&o.window, "window", "", "UID of the window")
	f.StringVar(&o.pod, "pod", os.Getenv("POD_UID"), "UID of the pod (default POD_UID)")
	f.Var(&o.operator, "operator", "the operator's Ed25519 public key, in base64")
	f.DurationVar(&o.first, "first", time.Minute, "how long to run until the operator says how long")
	f.StringVar(&o.control, "control", ":7702", "address that the operator tells the end at")
	if name == "relay" {
		o.bindRelay(f)
	}
	inEnv, err := apply(f, env)
	if err != nil {
		return nil, fmt.Errorf("reading ZONEWARDEN_SESSION: %w", err)
	}
	// The flag package prints its own errors; they are printed once, by the caller.
	f.SetOutput(io.Discard)
	f.Usage = func() {
		f.SetOutput(stderr)
		f.PrintDefaults()
	}
	given := slices.Clone(args)
	if err := onlyOnce(given, inEnv); err != nil {
		return nil, err
	}
	if err := f.Parse(given); err != nil {
		return nil, err
	}
	return o, o.check(f.Args())
}

func (o *options) bindRelay(f *flag.FlagSet) {
	f.TextVar(&o.relay.Address, "listen", netip.Addr{}, "address to listen at (default all)")
	f.Var((*sources)(&o.relay.Sources), "from", "address or prefix of a jump host; may be repeated")
	f.Var((*targets)(&o.relay.Targets), "target", "what is forwarded: transport/port=address:port, such as tcp/5020=10.1.2.3:502; may be repeated")
	f.IntVar(&o.relay.MaxSessions, "max-sessions", 64, "connections and UDP flows at one time")
	f.DurationVar(&o.relay.Idle, "idle", 0, "time without a byte after which a connection is reset (0 never)")
	f.DurationVar(&o.relay.FlowIdle, "flow-idle", 2*time.Minute, "time without a datagram after which a UDP flow is forgotten")
	f.DurationVar(&o.relay.DialTimeout, "dial-timeout", 10*time.Second, "time that a target has to accept a connection")
}

// check finds what the parts that are started would not.
func (o *options) check(surplus []string) error {
	switch {
	case len(surplus) > 0:
		return fmt.Errorf("unexpected argument %q", surplus[0])
	case o.window == "":
		return errors.New("-window must be the UID of the window")
	case o.pod == "":
		return errors.New("-pod or POD_UID must be the UID of the pod")
	case o.operator.key == nil:
		return errors.New("-operator must be the operator's public key")
	case o.first <= 0 || o.first > until.MostRemaining:
		return fmt.Errorf("-first must be more than nothing and at most %s", until.MostRemaining)
	}
	return nil
}

// apply sets flags from a JSON object, and returns their names.
func apply(f *flag.FlagSet, env string) ([]string, error) {
	if env == "" {
		return nil, nil
	}
	var values map[string]many
	d := json.NewDecoder(strings.NewReader(env))
	if err := d.Decode(&values); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the object")
	}
	names := slices.Sorted(maps.Keys(values))
	for _, name := range names {
		for _, v := range values[name] {
			if err := f.Set(name, v); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return names, nil
}

// onlyOnce refuses flags that the variable has as well: it is not obvious which of two
// lists of targets would count.
func onlyOnce(args, inEnv []string) error {
	for _, a := range args {
		name, _, _ := strings.Cut(strings.TrimLeft(a, "-"), "=")
		if strings.HasPrefix(a, "-") && slices.Contains(inEnv, name) {
			return fmt.Errorf("-%s is given, and in ZONEWARDEN_SESSION as well", name)
		}
	}
	return nil
}

// many is one string, or a list of them.
type many []string

// UnmarshalJSON reads either.
func (m *many) UnmarshalJSON(b []byte) error {
	if bytes.HasPrefix(b, []byte(`"`)) {
		*m = make(many, 1)
		return json.Unmarshal(b, &(*m)[0])
	}
	return json.Unmarshal(b, (*[]string)(m))
}

// key is a public key as a flag.
type key struct{ key ed25519.PublicKey }

func (k *key) String() string { return base64.StdEncoding.EncodeToString(k.key) }

// Set reads the key.
func (k *key) Set(s string) error {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return err
	}
	if len(b) != ed25519.PublicKeySize {
		return fmt.Errorf("%d bytes instead of %d", len(b), ed25519.PublicKeySize)
	}
	k.key = b
	return nil
}

// sources are prefixes as a flag.
type sources []netip.Prefix

func (s *sources) String() string { return fmt.Sprint(*s) }

// Set adds one.
func (s *sources) Set(v string) error {
	p, err := netip.ParsePrefix(v)
	if a, alone := netip.ParseAddr(v); alone == nil {
		p, err = a.Prefix(a.BitLen())
	}
	if err != nil {
		return err
	}
	*s = append(*s, p)
	return nil
}

// targets are what is forwarded, as a flag.
type targets []relay.Target

func (t *targets) String() string { return fmt.Sprint(*t) }

// Set adds one.
func (t *targets) Set(v string) error {
	from, to, ok := strings.Cut(v, "=")
	transport, port, both := strings.Cut(from, "/")
	if !ok || !both {
		return errors.New("not of the form transport/port=address:port")
	}
	listen, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return err
	}
	at, err := netip.ParseAddrPort(to)
	if err != nil {
		return err
	}
	*t = append(*t, relay.Target{Transport: relay.Transport(strings.ToUpper(transport)), Listen: uint16(listen), To: at})
	return nil
}
