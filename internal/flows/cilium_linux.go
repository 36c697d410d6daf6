// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package flows

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/cilium/ebpf"
)

// The maps, by the names that Cilium pins them by (pkg/maps/ctmap). Maps of other
// clusters with overlapping addresses (cilium_per_cluster_ct_*) are not read.
const (
	mapTCP4 = "cilium_ct4_global"
	mapAny4 = "cilium_ct_any4_global"
	mapTCP6 = "cilium_ct6_global"
	mapAny6 = "cilium_ct_any6_global"
)

// cilium is Cilium's table. The agent may make its maps anew, so they are opened for
// each call: four files.
type cilium struct {
	dir string
}

// OpenCilium returns Cilium's table. bpfRoot is where the BPF file system is mounted,
// usually /sys/fs/bpf. The error is ErrNoTable where none of Cilium's maps is pinned,
// and ErrUnknownLayout where one is not as we know it.
func OpenCilium(bpfRoot string) (Table, error) {
	c := &cilium{dir: filepath.Join(bpfRoot, "tc", "globals")}
	maps, err := c.open(true)
	if err != nil {
		return nil, err
	}
	maps.close()
	return c, nil
}

func (*cilium) Name() string { return NameCilium }

func (c *cilium) Flows(ctx context.Context, yield func(Flow) bool) error {
	maps, err := c.open(true)
	if err != nil {
		return err
	}
	defer maps.close()
	more, err := list(ctx, maps.v4, yield)
	if err == nil && more {
		_, err = list(ctx, maps.v6, yield)
	}
	if err != nil {
		return fmt.Errorf("reading Cilium's flows: %w", err)
	}
	return nil
}

func (c *cilium) End(ctx context.Context, flows []Flow) (int, error) {
	if len(flows) == 0 {
		return 0, nil
	}
	maps, err := c.open(false)
	if err != nil {
		return 0, err
	}
	defer maps.close()
	ended4, err4 := end(ctx, maps.v4, flows)
	ended6, err6 := end(ctx, maps.v6, flows)
	if err := errors.Join(err4, err6); err != nil {
		return ended4 + ended6, fmt.Errorf("ending Cilium's flows: %w", err)
	}
	return ended4 + ended6, nil
}

// family is a family's two maps, each nil if it is not there.
type family[A ipv4 | ipv6] struct {
	tcp, rest *ebpf.Map
}

func (f family[A]) of(protocol uint8) *ebpf.Map {
	if protocol == numberTCP {
		return f.tcp
	}
	return f.rest
}

// both are the maps that are there.
func (f family[A]) both() []*ebpf.Map {
	var maps []*ebpf.Map
	for _, m := range []*ebpf.Map{f.tcp, f.rest} {
		if m != nil {
			maps = append(maps, m)
		}
	}
	return maps
}

type ciliumMaps struct {
	v4 family[ipv4]
	v6 family[ipv6]
}

func (m *ciliumMaps) close() {
	for _, m := range append(m.v4.both(), m.v6.both()...) {
		_ = m.Close() // the descriptor is gone either way
	}
}

// open opens what is there: without IPv6, two of the maps are not.
func (c *cilium) open(readOnly bool) (*ciliumMaps, error) {
	maps := &ciliumMaps{}
	for _, one := range []struct {
		name    string
		keySize int
		to      **ebpf.Map
	}{
		{mapTCP4, binary.Size(key[ipv4]{}), &maps.v4.tcp},
		{mapAny4, binary.Size(key[ipv4]{}), &maps.v4.rest},
		{mapTCP6, binary.Size(key[ipv6]{}), &maps.v6.tcp},
		{mapAny6, binary.Size(key[ipv6]{}), &maps.v6.rest},
	} {
		m, err := openMap(filepath.Join(c.dir, one.name), one.keySize, readOnly)
		if err != nil {
			maps.close()
			return nil, err
		}
		*one.to = m
	}
	if len(maps.v4.both())+len(maps.v6.both()) == 0 {
		return nil, fmt.Errorf("no map of Cilium's in %s: %w", c.dir, ErrNoTable)
	}
	return maps, nil
}

// openMap returns nil where there is no such map.
func openMap(path string, keySize int, readOnly bool) (*ebpf.Map, error) {
	m, err := ebpf.LoadPinnedMap(path, &ebpf.LoadPinOptions{ReadOnly: readOnly})
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	if m.Type() == ebpf.LRUHash && int(m.KeySize()) == keySize {
		return m, nil
	}
	_ = m.Close()
	return nil, fmt.Errorf("%s is a %s with keys of %d bytes, expecting %s and %d: %w",
		path, m.Type(), m.KeySize(), ebpf.LRUHash, keySize, ErrUnknownLayout)
}

// list returns whether yield wants more.
func list[A ipv4 | ipv6](ctx context.Context, maps family[A], yield func(Flow) bool) (bool, error) {
	more := true
	for _, m := range maps.both() {
		seen := map[key[A]]struct{}{}
		_, err := walk(ctx, m, func(k *key[A]) bool {
			f, is := k.flow()
			if !is {
				return true
			}
			k.Direction = directionOut // the two entries of a flow differ in nothing else
			if add(seen, *k) {
				more = yield(f)
			}
			return more
		})
		if err != nil || !more {
			return false, err
		}
	}
	return true, nil
}

// end removes the entries of flows, and of ICMP errors that answered no other flow.
func end[A ipv4 | ipv6](ctx context.Context, maps family[A], flows []Flow) (int, error) {
	ended, related := 0, map[key[A]]struct{}{}
	for _, f := range flows {
		if err := ctx.Err(); err != nil {
			return ended, err
		}
		found := false
		for _, direction := range []uint8{directionOut, directionIn} {
			k, is := keyOf[A](f.normal(), direction)
			if !is {
				break // of the other family
			}
			removed, err := remove(maps.of(k.Protocol), &k)
			if err != nil {
				return ended, fmt.Errorf("removing the entry of %v: %w", f, err)
			}
			if removed {
				found = true
				errorsOf, _ := k.related()
				related[errorsOf] = struct{}{}
			}
		}
		if found {
			ended++
		}
	}
	if err := endRelated(ctx, maps, related); err != nil {
		return ended, fmt.Errorf("removing entries for ICMP errors: %w", err)
	}
	return ended, nil
}

// endRelated removes entries for ICMP errors, except those that another flow between
// the same addresses has a part in. A flow that opens between the look and
// the removal loses its own, and its ICMP errors meet policy: the lesser evil, as an
// entry that is used never ends.
func endRelated[A ipv4 | ipv6](ctx context.Context, maps family[A], related map[key[A]]struct{}) error {
	if len(related) == 0 || maps.rest == nil {
		return nil
	}
	for _, m := range maps.both() {
		whole, err := walk(ctx, m, func(k *key[A]) bool {
			if errorsOf, has := k.related(); has {
				delete(related, errorsOf)
			}
			return len(related) > 0
		})
		if err != nil {
			return err
		}
		if !whole {
			return nil // somebody may need them; unused, they end within a minute
		}
	}
	for k := range related {
		if _, err := remove(maps.rest, &k); err != nil {
			return err
		}
	}
	return nil
}

// remove returns whether there was an entry.
func remove[A ipv4 | ipv6](m *ebpf.Map, k *key[A]) (bool, error) {
	if m == nil {
		return false, nil
	}
	err := m.Delete(k)
	if errors.Is(err, ebpf.ErrKeyNotExist) {
		return false, nil
	}
	return err == nil, err
}
