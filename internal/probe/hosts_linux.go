// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"golang.org/x/sys/unix"
)

// ownNamespace is that of the thread that opens it.
const ownNamespace = "/proc/thread-self/ns/net"

// Hosts knows which network namespace of this node holds which address, and opens
// connections between them. It may be used by several goroutines at once.
type Hosts struct {
	folder string
	// node is the file of the node's own network namespace.
	node string

	mu     sync.Mutex
	known  map[identity]reading
	places map[netip.Addr]string
	// nodes are the node's own addresses.
	nodes []netip.Addr
}

var _ Network = (*Hosts)(nil)

// namespace is a namespace while it exists: once it is gone, the kernel gives its
// inode number to the next one.
type namespace struct{ dev, ino uint64 }

// identity tells a namespace from a later one with the same inode number, by when
// the inode came to be. It stays the same while the file is mounted.
type identity struct {
	namespace
	born unix.Timespec
}

// reading is what a namespace held when it was last read.
type reading struct {
	addrs []netip.Addr
	// settled says that two readings agreed. Before that, a pod may still be waiting
	// for its addresses, or for the second of them.
	settled bool
}

// Skipped is a file that was passed over.
type Skipped struct{ Path, Reason string }

var (
	errNoNamespace = errors.New("it is no network namespace")
	errOwn         = errors.New("it is the network of this process, not of a pod")
)

// NewHosts is for the namespaces of pods in a folder such as /run/netns, and for the
// node's own network namespace in a file, "" for that of this process. It knows none
// before Read.
func NewHosts(folder, node string) *Hosts {
	return &Hosts{folder: folder, node: cmp.Or(node, ownNamespace), known: map[identity]reading{}, places: map[netip.Addr]string{}}
}

// Read reads which namespace holds which address. An address that two namespaces
// hold is left out, as one of them is wrong. Namespaces that have settled are not
// read again.
func (h *Hosts) Read(ctx context.Context) (map[netip.Addr]string, []Skipped, error) {
	entries, err := os.ReadDir(h.folder)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the folder of network namespaces: %w", err)
	}
	h.mu.Lock()
	s := survey{
		before: h.known, now: map[identity]reading{}, seen: map[namespace]bool{},
		places: map[netip.Addr]string{}, clash: map[netip.Addr]bool{},
	}
	h.mu.Unlock()
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return nil, nil, fmt.Errorf("reading network namespaces: %w", err)
		}
		s.visit(filepath.Join(h.folder, e.Name()))
	}
	for a := range s.clash {
		delete(s.places, a)
	}
	nodes, err := h.nodeAddresses()
	if err != nil {
		return nil, nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.known, h.places, h.nodes = s.now, s.places, nodes
	return maps.Clone(s.places), s.skipped, nil
}

func (h *Hosts) nodeAddresses() ([]netip.Addr, error) {
	fd, _, err := openAny(h.node)
	if err != nil {
		return nil, err
	}
	defer closing(fd)
	return addressesIn(fd)
}

// survey is one reading of the folder.
type survey struct {
	before, now map[identity]reading
	seen        map[namespace]bool
	places      map[netip.Addr]string
	clash       map[netip.Addr]bool
	skipped     []Skipped
}

func (s *survey) visit(path string) {
	fd, id, err := open(path)
	if err != nil {
		s.skip(path, err)
		return
	}
	defer closing(fd)
	if s.seen[id.namespace] { // a second name for it
		return
	}
	s.seen[id.namespace] = true
	r := s.before[id]
	if !r.settled {
		addrs, err := addressesIn(fd)
		if err != nil {
			s.skip(path, err)
			return
		}
		r = reading{addrs, len(addrs) > 0 && slices.Equal(addrs, r.addrs)}
	}
	s.now[id] = r
	for _, a := range r.addrs {
		if other, twice := s.places[a]; twice {
			s.clash[a] = true
			s.skip(path, fmt.Errorf("%s is also in %s, so neither is used for it", a, other))
			continue
		}
		s.places[a] = path
	}
}

func (s *survey) skip(path string, err error) {
	s.skipped = append(s.skipped, Skipped{path, err.Error()})
}

// Check returns an error if an end is no longer where Read found it. It reads anew.
func (h *Hosts) Check(a Attempt) error {
	from, to, err := h.open(a)
	if err != nil {
		return err
	}
	defer closing(from)
	defer closing(to)
	return errors.Join(holds(from, a.From), holds(to, a.To))
}

func holds(fd int, e End) error {
	addrs, err := addressesIn(fd)
	if err != nil {
		return err
	}
	if !slices.Contains(addrs, e.Addr) {
		return fmt.Errorf("the namespace of %s no longer holds %s", e.Pod, e.Addr)
	}
	return nil
}

// open opens the namespaces of both ends.
func (h *Hosts) open(a Attempt) (from, to int, err error) {
	from, one, err := h.find(a.From)
	if err != nil {
		return -1, -1, err
	}
	to, other, err := h.find(a.To)
	if err == nil && one.namespace == other.namespace {
		closing(to)
		err = fmt.Errorf("%s and %s share a network namespace", a.From.Pod, a.To.Pod)
	}
	if err != nil {
		closing(from)
		return -1, -1, err
	}
	return from, to, nil
}

func (h *Hosts) find(e End) (int, identity, error) {
	h.mu.Lock()
	path, ok := h.places[e.Addr]
	node := slices.Contains(h.nodes, e.Addr)
	h.mu.Unlock()
	switch {
	case node:
		return openAny(h.node)
	case !ok:
		return -1, identity{}, fmt.Errorf("no network namespace is known to hold %s of %s", e.Addr, e.Pod)
	}
	return open(path)
}

// forget has the next Read read all namespaces again: what it knew was wrong.
func (h *Hosts) forget() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.known = map[identity]reading{}
}

// open opens a network namespace other than our own.
func open(path string) (int, identity, error) {
	fd, id, err := openAny(path)
	if err != nil {
		return -1, identity{}, err
	}
	var own unix.Stat_t
	if err = unix.Stat(ownNamespace, &own); err == nil && id.namespace == (namespace{own.Dev, own.Ino}) {
		err = errOwn
	}
	if err != nil {
		closing(fd)
		return -1, identity{}, fmt.Errorf("identifying %s: %w", path, err)
	}
	return fd, id, nil
}

// openAny opens a network namespace.
func openAny(path string) (int, identity, error) {
	// Opening for reading without O_NONBLOCK waits if somebody has put a FIFO there.
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return -1, identity{}, fmt.Errorf("opening %s: %w", path, err)
	}
	id, err := identify(fd)
	if err != nil {
		closing(fd)
		return -1, identity{}, fmt.Errorf("identifying %s: %w", path, err)
	}
	return fd, id, nil
}

func identify(fd int) (identity, error) {
	var fs unix.Statfs_t
	if err := unix.Fstatfs(fd, &fs); err != nil {
		return identity{}, err
	}
	if fs.Type != unix.NSFS_MAGIC {
		return identity{}, errNoNamespace
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return identity{}, err
	}
	return identity{namespace{st.Dev, st.Ino}, st.Ctim}, nil
}

func closing(fd int) {
	_ = unix.Close(fd) // nothing was written
}
