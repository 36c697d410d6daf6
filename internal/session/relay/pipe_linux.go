// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package relay

import (
	"fmt"
	"sync"

	"golang.org/x/sys/unix"
)

// pipe is where data waits between two sockets without coming up to this process.
type pipe struct {
	r, w int
}

// pipeSize is the kernel's own default, asked for at most: a user above his share of
// memory in pipes gets less, which is slower and no more.
const pipeSize = 64 << 10

// spare is how many pipes are kept for the next.
const spare = 64

// pipes are those that are empty and not in use.
type pipes struct {
	mu   sync.Mutex
	free []*pipe
}

func (p *pipes) get() (*pipe, error) {
	p.mu.Lock()
	if n := len(p.free); n > 0 {
		last := p.free[n-1]
		p.free = p.free[:n-1]
		p.mu.Unlock()
		return last, nil
	}
	p.mu.Unlock()
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return nil, fmt.Errorf("making a pipe: %w", err)
	}
	return &pipe{r: fds[0], w: fds[1]}, nil
}

// put takes back a pipe that is empty. One that may not be is destroyed instead: the
// next to get it is another vendor's connection.
func (p *pipes) put(one *pipe) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.free) >= spare {
		one.destroy()
		return
	}
	p.free = append(p.free, one)
}

func (p *pipes) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, one := range p.free {
		one.destroy()
	}
	p.free = nil
}

func (p *pipe) destroy() {
	_ = unix.Close(p.r)
	_ = unix.Close(p.w)
}
