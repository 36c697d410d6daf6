// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build soak

package soak

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// opcua are the processes of test/soak/opcua: a server in zone a, a client in zone b, and a
// stranger in zone c, who is a client and a server. What gopcua does not check, and where the
// check is instead, is in the comment of that program.
type opcua struct {
	server, client, stranger *pod

	mu sync.Mutex
	// served and let in are serial numbers: of the server's certificates, as the client saw them,
	// and of the client's, as the server did.
	served, letIn map[string]bool
}

func (u *opcua) saw(where map[string]bool, serial string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	where[serial] = true
}

func applicationURI(p *pod) string { return p.object.Spec.URIs[0] }

// plantOPCUA says which certificates there are.
func (s *soak) plantOPCUA() *opcua {
	application := func(zone, name string) *pod {
		p := s.pod(kindOPCUA, v1alpha1.ProfileOPCUA, zone, name)
		p.object.Spec.URIs = []string{"urn:soak:" + zone + ":" + name}
		return p
	}
	return &opcua{
		server: application("a", "opcua"), client: application("b", "hmi"), stranger: application("c", "opcua"),
		served: map[string]bool{}, letIn: map[string]bool{},
	}
}

func (u *opcua) pods() []*pod { return []*pod{u.server, u.client, u.stranger} }

// run starts all of them, when their files are there.
func (u *opcua) run(ctx context.Context, t *testing.T, done *sync.WaitGroup) {
	t.Helper()
	for _, p := range u.pods() {
		p.folder = t.TempDir()
		p.run(ctx, t, done)
	}
	ours, theirs := u.serve(t, u.server), u.serve(t, u.stranger)
	u.call(t, u.client, u.server, "ok", ours, "127.0.0.2")
	// Each stranger is refused by one end alone: the other one does not look.
	u.call(t, u.stranger, u.server, "unverified", ours, "127.0.0.3")
	u.call(t, u.stranger, u.server, "refused", ours, "127.0.0.4", "-unchecking")
	u.call(t, u.client, u.stranger, "unverified", theirs, "127.0.0.5")
}

// unknownAuthority is what crypto/x509 says of strangers.
const unknownAuthority = "certificate signed by unknown authority"

// serve starts a server, and returns where it says its endpoints. What it refuses is counted at
// the client, who is not told why: only a stranger may be refused, and for one reason.
func (u *opcua) serve(t *testing.T, p *pod) string {
	t.Helper()
	ready := make(chan struct{})
	var once sync.Once
	discovery := freeAddress(t)
	u.start(t, p, []string{"-pki", p.folder, "-discovery", discovery, "-serve", freeAddress(t)}, func(what, why string) {
		switch {
		case what == "serving":
			once.Do(func() { close(ready) })
		case what == "session":
			u.saw(u.letIn, why)
		case what == "refused" && strings.Contains(why, unknownAuthority):
		default:
			p.record(kindOPCUA, true, fmt.Errorf("server %s: %s: %s", p.name(), what, why))
		}
	})
	select {
	case <-ready:
	case <-t.Context().Done():
		t.Fatalf("%s does not serve", p.name())
	}
	return discovery
}

// call starts a client that is to say the same each time. It connects from an address of its own.
func (u *opcua) call(t *testing.T, p, to *pod, want, discovery, from string, more ...string) {
	t.Helper()
	args := append([]string{
		"-pki", p.folder, "-from", from, "-discovery", discovery, "-host", to.name(), "-uri", applicationURI(to),
	}, more...)
	u.start(t, p, args, func(what, why string) {
		switch {
		case what == "ok" && want == "ok":
			u.saw(u.served, why)
			p.record(kindOPCUA, true, nil)
		case what == "ok":
			p.record(kindOPCUA, false, nil)
		case what == want && (what == "refused" || strings.Contains(why, unknownAuthority)):
			p.record(kindOPCUA, false, errors.New(why))
		default: // a stranger who fails for another reason proves nothing
			p.record(kindOPCUA, true, fmt.Errorf("%s wants %s, not %s: %s", p.name(), want, what, why))
		}
	})
}

// start runs a process until the test is over, and hands each of its lines on.
func (u *opcua) start(t *testing.T, p *pod, args []string, heard func(what, why string)) {
	t.Helper()
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	must(t, err)
	cmd := exec.Command("../../bin/soak-opcua", args...)
	cmd.Stderr = log
	out, err := cmd.StdoutPipe()
	must(t, err, cmd.Start())
	var over atomic.Bool
	read := make(chan struct{})
	go func() {
		defer close(read)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			what, why, _ := strings.Cut(lines.Text(), " ")
			if !over.Load() {
				heard(what, why)
			}
		}
	}()
	t.Cleanup(func() {
		over.Store(true)
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-read
		_ = cmd.Wait() // it was told to
		if t.Failed() {
			show(log, p.name())
		}
	})
}

// show prints the last of a log.
func show(log *os.File, whose string) {
	const last = 4096
	size, err := log.Seek(0, io.SeekEnd)
	if err != nil {
		return
	}
	if _, err := log.Seek(max(0, size-last), io.SeekStart); err == nil {
		fmt.Fprintf(os.Stderr, "--- %s\n", whose)
		_, _ = io.Copy(os.Stderr, log)
	}
}
