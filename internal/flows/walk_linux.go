// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package flows

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"syscall"

	"github.com/cilium/ebpf"
)

// batchSize is how many entries one system call reads. A map of half a million is read
// in a hundred calls, with 300 kB of memory.
const batchSize = 4096

// walk calls each for every key of a map, until each returns false. It returns whether
// it saw all that was there throughout. A key may come more than once.
func walk[A ipv4 | ipv6](ctx context.Context, m *ebpf.Map, each func(*key[A]) bool) (bool, error) {
	err := walkBatches(ctx, m, batchSize, each)
	if errors.Is(err, ebpf.ErrNotSupported) {
		return walkKeys(ctx, m, each) // before Linux 5.6
	}
	return err == nil, err
}

// walkBatches goes through the buckets of a hash table: what is added and removed
// meanwhile disturbs nothing else.
func walkBatches[A ipv4 | ipv6](ctx context.Context, m *ebpf.Map, size int, each func(*key[A]) bool) error {
	var cursor ebpf.MapBatchCursor
	keys, values := make([]key[A], size), makeValues(m, size)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := m.BatchLookup(&cursor, keys, values, nil)
		if errors.Is(err, syscall.ENOSPC) {
			// The next bucket holds more than the batch. The cursor stays at it.
			size *= 2
			keys, values = make([]key[A], size), makeValues(m, size)
			continue
		}
		last := errors.Is(err, ebpf.ErrKeyNotExist)
		if err != nil && !last {
			return err
		}
		for i := range keys[:n] {
			if !each(&keys[i]) {
				return nil
			}
		}
		if last {
			return nil
		}
	}
}

// makeValues has room for values that nobody looks at, in the size that this map has.
func makeValues(m *ebpf.Map, n int) any {
	value := reflect.ArrayOf(int(m.ValueSize()), reflect.TypeFor[byte]())
	return reflect.MakeSlice(reflect.SliceOf(value), n, n).Interface()
}

// walkKeys goes from key to key. When the key it stands on is removed, the kernel starts
// it over, so under much change it may be given up before it saw all.
func walkKeys[A ipv4 | ipv6](ctx context.Context, m *ebpf.Map, each func(*key[A]) bool) (bool, error) {
	var k key[A]
	value := make([]byte, m.ValueSize())
	entries := m.Iterate()
	for entries.Next(&k, value) {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		if !each(&k) {
			return true, nil
		}
	}
	err := entries.Err()
	if errors.Is(err, ebpf.ErrIterationAborted) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("iterating: %w", err)
	}
	return true, nil
}
