// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build soak

package soak

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/pki/files"
	"github.com/zonewarden/zonewarden/internal/pki/served"
)

// postgres is a historian in zone a, and psql in zones b and c. Both clients are `reporting` by
// their certificates' common name, which is the user that they ask for (clientcert=verify-full):
// who signed is all that tells the stranger.
type postgres struct {
	server, client, stranger *pod
	// bin is the folder of PostgreSQL's programs, home that of the historian.
	bin, home string
	address   string
	// as is the user that runs it: it refuses root.
	as *syscall.Credential
	// reloaded are the certificates that it was seen to show, one after the other.
	reloaded atomic.Int64

	mu sync.Mutex
	// shown are the serial numbers of clients that it let in.
	shown map[string]bool
}

// plantPostgres says which certificates there are.
func (s *soak) plantPostgres() *postgres {
	return &postgres{
		server:   s.pod(kindPostgres, v1alpha1.ProfileTLSServer, "a", "historian"),
		client:   s.pod(kindPostgres, v1alpha1.ProfileTLSClient, "b", "reporting"),
		stranger: s.pod(kindPostgres, v1alpha1.ProfileTLSClient, "c", "reporting"),
		shown:    map[string]bool{},
	}
}

func (p *postgres) pods() []*pod { return []*pod{p.server, p.client, p.stranger} }

// run starts the historian and its clients, when their files are there.
func (p *postgres) run(ctx context.Context, t *testing.T, done *sync.WaitGroup) {
	t.Helper()
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	must(t, err)
	if len(found) == 0 {
		t.Fatal("there is no PostgreSQL: make soak-deps")
	}
	slices.Sort(found)
	p.bin = found[len(found)-1]
	p.room(t)
	var process atomic.Pointer[os.Process]
	reload := make(chan struct{}, 1)
	p.server.changed = func() {
		runs := process.Load()
		if runs == nil {
			return // it reads them at its start
		}
		_ = runs.Signal(syscall.SIGHUP) // what does not show the new one is noticed
		select {
		case reload <- struct{}{}:
		default:
		}
	}
	for _, one := range p.pods() {
		one.run(ctx, t, done)
	}
	process.Store(p.serve(t))
	p.server.changed() // the files may have changed while it started
	done.Go(func() { p.watch(ctx, reload) })
	for _, c := range []struct {
		from *pod
		mode string
		want string
	}{
		{p.client, "verify-full", ""},
		{p.client, "verify-full", ""},
		{p.stranger, "verify-full", "certificate verify failed"},
		{p.stranger, "require", "unknown ca"}, // who does not look at the server is refused by it
	} {
		done.Go(func() { p.call(ctx, c.from, c.mode, c.want) })
	}
}

// room makes the folders, of the user that runs PostgreSQL.
func (p *postgres) room(t *testing.T) {
	t.Helper()
	home, err := os.MkdirTemp("", "soak-postgres-") //nolint:usetesting // another user may not look into t.TempDir
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(home) })
	p.home = home
	for _, one := range p.pods() {
		one.folder = filepath.Join(home, one.object.Namespace+"-"+one.object.Name)
		must(t, os.Mkdir(one.folder, 0o755))
	}
	if os.Geteuid() != 0 {
		return
	}
	u, err := user.Lookup("postgres")
	must(t, err)
	uid, err := strconv.ParseUint(u.Uid, 10, 31)
	must(t, err)
	gid, err := strconv.ParseUint(u.Gid, 10, 31)
	must(t, err, os.Chown(home, int(uid), int(gid)))
	p.as = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	p.server.owner = int(uid)
}

func (p *postgres) command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(p.bin, program), args...)
	cmd.Dir, cmd.Env = p.home, []string{"PATH=" + p.bin, "HOME=" + p.home, "LC_ALL=C"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.as}
	return cmd
}

// serve starts the historian, whom nobody reaches without a certificate, and returns it.
func (p *postgres) serve(t *testing.T) *os.Process {
	t.Helper()
	data := filepath.Join(p.home, "data")
	if out, err := p.command("initdb", "-D", data, "-U", "reporting", "-A", "reject", "-N").CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	must(t, os.WriteFile(filepath.Join(data, "pg_hba.conf"), []byte("hostssl postgres all 127.0.0.1/32 trust clientcert=verify-full\n"), 0o600))
	p.address = freeAddress(t)
	_, port, err := net.SplitHostPort(p.address)
	must(t, err)
	own := filepath.Join(p.server.folder, "own")
	var args []string
	for _, setting := range []string{
		"listen_addresses=127.0.0.1", "port=" + port, "unix_socket_directories=", "fsync=off", "ssl=on",
		"ssl_cert_file=" + own + "/tls.crt", "ssl_key_file=" + own + "/tls.key", "ssl_ca_file=" + own + "/ca.crt",
	} {
		args = append(args, "-c", setting)
	}
	log, err := os.Create(filepath.Join(t.TempDir(), "postgres.log"))
	must(t, err)
	cmd := p.command("postgres", append([]string{"-D", data}, args...)...)
	cmd.Stdout, cmd.Stderr = log, log
	must(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGINT) // which ends sessions too
		_ = cmd.Wait()                         // it was told to
		if t.Failed() {
			show(log, "postgres")
		}
	})
	for err := p.try(t.Context(), p.client, "verify-full"); err != nil; err = p.try(t.Context(), p.client, "verify-full") {
		if !starting(err) {
			t.Fatal(err)
		}
		wait(t.Context(), 100*time.Millisecond)
	}
	return cmd.Process
}

func starting(err error) bool {
	return strings.Contains(err.Error(), "Connection refused") || strings.Contains(err.Error(), "starting up")
}

// watch sees that the historian shows the certificate that it was last told of.
func (p *postgres) watch(ctx context.Context, reload <-chan struct{}) {
	last := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-reload:
		}
		shown, err := p.shows(ctx)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			p.server.record(kindPostgres, true, fmt.Errorf("%s %w", p.server.name(), err))
		case shown != last:
			last = shown
			p.reloaded.Add(1)
		}
	}
}

// shows waits until the historian shows what is in its file. Whether that was in time is for
// those who connect to say.
func (p *postgres) shows(ctx context.Context) (string, error) {
	const patience = 10 * time.Second
	for until := time.Now().Add(patience); ; wait(ctx, 20*time.Millisecond) {
		want, err := serial(filepath.Join(p.server.folder, "own", "tls.crt"))
		if err != nil {
			return "", err
		}
		got, err := served.Serial(ctx, p.address, served.PostgreSQL, patience)
		if err != nil || got == want {
			return got, err
		}
		if time.Now().After(until) {
			return "", fmt.Errorf("shows %s %s after it was told of %s", got, patience, want)
		}
	}
}

// call has psql connect in a loop. It is to fail for the reason that is wanted, and no other.
func (p *postgres) call(ctx context.Context, from *pod, mode, want string) {
	for ctx.Err() == nil {
		err := p.try(ctx, from, mode)
		switch {
		case ctx.Err() != nil:
		case err == nil || want == "":
			from.record(kindPostgres, want == "", err)
		case strings.Contains(err.Error(), want):
			from.record(kindPostgres, false, err)
		default: // a stranger who fails for another reason proves nothing
			from.record(kindPostgres, true, fmt.Errorf("a stranger is to hear %q: %w", want, err))
		}
		wait(ctx, 100*time.Millisecond)
	}
}

// try has psql ask the historian which certificate it was shown. What is mounted may be swapped
// while psql reads one file after the other: it is told the folder behind the link, which stays.
func (p *postgres) try(ctx context.Context, from *pod, mode string) error {
	own, err := filepath.EvalSymlinks(filepath.Join(from.folder, "own", newest))
	if err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(p.address)
	if err != nil {
		return err
	}
	connection := fmt.Sprintf("host=%s hostaddr=%s port=%s user=reporting dbname=postgres connect_timeout=10 sslmode=%s sslcert=%s/tls.crt sslkey=%s/tls.key",
		p.server.name(), host, port, mode, own, own)
	if mode == "verify-full" { // with a bundle, require would look at the server too
		connection += " sslrootcert=" + own + "/ca.crt"
	}
	cmd := exec.CommandContext(ctx, filepath.Join(p.bin, "psql"), "-X", "-w", "-A", "-t",
		"-c", "select client_serial from pg_stat_ssl where pid = pg_backend_pid()", connection)
	cmd.Env = []string{"HOME=" + p.home, "LC_ALL=C"}
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("psql: %w: %s", err, strings.TrimSpace(complaint.String()))
	}
	number := strings.TrimSpace(out.String())
	if number == "" {
		return errors.New("psql: the historian saw no certificate")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shown[number] = true
	return nil
}

// serial number of the certificate in a file, as served writes it.
func serial(file string) (string, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	all, err := files.Certificates(raw)
	if err != nil {
		return "", err
	}
	return hex.EncodeToString(all[0].SerialNumber.Bytes()), nil
}
