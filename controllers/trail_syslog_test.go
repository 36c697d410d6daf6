// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zonewarden/zonewarden/controllers"
	"github.com/zonewarden/zonewarden/internal/audit"
)

// authority signs the certificates of a receiver and of who sends to it.
type authority struct {
	t    *testing.T
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t}
	a.key, a.cert = a.issue("authority")
	return a
}

func (a *authority) issue(name string) (*ecdsa.PrivateKey, *x509.Certificate) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: a.cert == nil, BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return key, cert
}

// mount writes what a Secret of ours has, as the kubelet mounts it: changed all at once.
func (a *authority) mount(dir string) {
	a.t.Helper()
	key, cert := a.issue("zonewarden")
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	data, err := os.MkdirTemp(dir, "..data-")
	if err != nil {
		a.t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		"ca.crt":  {Type: "CERTIFICATE", Bytes: a.cert.Raw},
		"tls.crt": {Type: "CERTIFICATE", Bytes: cert.Raw},
		"tls.key": {Type: "EC PRIVATE KEY", Bytes: der},
	} {
		if err := os.WriteFile(filepath.Join(data, name), pem.EncodeToMemory(block), 0o600); err != nil {
			a.t.Fatal(err)
		}
	}
	link := filepath.Join(dir, "next")
	if err := os.Symlink(data, link); err != nil {
		a.t.Fatal(err)
	}
	if err := os.Rename(link, filepath.Join(dir, "mounted")); err != nil {
		a.t.Fatal(err)
	}
}

// receiver takes syslog over TLS (RFC 5425) from who has a certificate of the authority.
type receiver struct {
	listener net.Listener
	messages chan string
	// trusts is whose certificates it has and asks for.
	mu     sync.Mutex
	trusts *authority
	open   []net.Conn
	all    sync.WaitGroup
}

func newReceiver(t *testing.T, a *authority) *receiver {
	t.Helper()
	r := &receiver{messages: make(chan string, 10000), trusts: a}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: r.config})
	if err != nil {
		t.Fatal(err)
	}
	r.listener = l
	r.all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			r.mu.Lock()
			r.open = append(r.open, c)
			r.mu.Unlock()
			r.all.Go(func() { r.read(c) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		r.cut()
		r.all.Wait()
	})
	return r
}

func (r *receiver) config(*tls.ClientHelloInfo) (*tls.Config, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	pool := x509.NewCertPool()
	pool.AddCert(r.trusts.cert)
	key, cert := r.trusts.issue("receiver")
	return &tls.Config{
		MinVersion: tls.VersionTLS12, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert,
		Certificates: []tls.Certificate{{Certificate: [][]byte{cert.Raw}, PrivateKey: key}},
	}, nil
}

// becomes lets it have and ask for other certificates, and ends every connection.
func (r *receiver) becomes(a *authority) {
	r.mu.Lock()
	r.trusts = a
	r.mu.Unlock()
	r.cut()
}

func (r *receiver) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.open {
		_ = c.Close()
	}
	r.open = nil
}

func (r *receiver) read(c net.Conn) {
	in := bufio.NewReader(c)
	for {
		length, err := in.ReadString(' ')
		if err != nil {
			return
		}
		n, err := strconv.Atoi(strings.TrimSuffix(length, " "))
		if err != nil {
			r.messages <- "no frame: " + length
			return
		}
		m := make([]byte, n)
		if _, err := io.ReadFull(in, m); err != nil {
			return
		}
		r.messages <- string(m)
	}
}

var sequence = regexp.MustCompile(`seq="(\d+)"`)

// through reads until an entry came, and gives the messages by their sequences.
func (r *receiver) through(t *testing.T, last int) map[int]string {
	t.Helper()
	got := map[int]string{}
	for got[last] == "" {
		select {
		case m := <-r.messages:
			found := sequence.FindStringSubmatch(m)
			if found == nil {
				t.Fatalf("no entry of the trail: %s", m)
			}
			n, err := strconv.Atoi(found[1])
			if err != nil {
				t.Fatal(err)
			}
			got[n] = m
		case <-time.After(patience):
			t.Fatalf("entry %d did not come", last)
		}
	}
	return got
}

// exported is what the head says was.
func (w *world) exported() (out struct{ Exported uint64 }) {
	w.t.Helper()
	w.must(json.Unmarshal([]byte(get(w, auditHead()).Data["state"]), &out))
	return out
}

// noted looks until the head says that so many entries went out.
func (k *keeper) noted(n uint64) {
	k.w.t.Helper()
	k.w.eventually(fmt.Sprintf("%d entries are noted as exported", n), func() error {
		k.look()
		if got := k.w.exported().Exported; got != n {
			return fmt.Errorf("%d are", got)
		}
		return nil
	})
}

// TestEveryEntryIsSentBySyslog to a receiver over TLS: what was there before, what comes, and
// what came while the receiver was away or the operator was down, each with its hash.
func TestEveryEntryIsSentBySyslog(t *testing.T) {
	w := newWorld(t)
	first, second := newAuthority(t), newAuthority(t)
	dir := t.TempDir()
	first.mount(dir)
	r := newReceiver(t, first)
	o := controllers.TrailOptions{SyslogAddress: r.listener.Addr().String(), SyslogTLSDir: filepath.Join(dir, "mounted")}
	sent := counter(t, "zonewarden_syslog_sent_total")

	silent := w.keep(keeping{})
	w.must(silent.tell("before"))
	silent.stop()
	k := w.keep(keeping{options: o})
	w.must(k.tell("a", "b"))
	got := r.through(t, 3)
	entries, _ := audit.DecodeLines([]byte(get(w, auditHead()).Data["entries"]))
	for i, e := range entries {
		if m := got[i+1]; !strings.HasPrefix(m, "<109>1 ") || !strings.Contains(m, " edge-1 zonewarden - Requested ") || !strings.Contains(m, e.Hash().String()) {
			t.Errorf("entry %d is sent as %s", i+1, m)
		}
	}
	k.noted(3)
	if counter(t, "zonewarden_syslog_sent_total")-sent != 3 || gauge(t, "zonewarden_syslog_connected") != 1 {
		t.Errorf("metrics: %v sent", counter(t, "zonewarden_syslog_sent_total")-sent)
	}

	// The receiver gets other certificates. Until ours are changed nothing passes, and
	// nothing is lost.
	r.becomes(second)
	w.must(k.tell("c"))
	w.eventually("there is no connection", func() error {
		if gauge(t, "zonewarden_syslog_connected") != 0 {
			return fmt.Errorf("there is one")
		}
		return nil
	})
	k.look()
	k.look()
	if got := w.exported().Exported; got != 3 {
		t.Errorf("what did not go out is noted: %d", got)
	}
	second.mount(dir)
	if got := r.through(t, 4); !strings.Contains(got[4], "w-c") {
		t.Errorf("entry 4 is %s", got[4])
	}
	k.noted(4)
	k.stop()

	// What is noted is not sent again, and what an operator without syslog wrote is.
	silent = w.keep(keeping{})
	w.must(silent.tell("d"))
	silent.stop()
	again := w.keep(keeping{options: o})
	if got := r.through(t, 5); len(got) != 1 {
		t.Errorf("after a restart came %v", got)
	}
	again.noted(5)
	w.quiet(again.operator)
	again.look()
	again.look()
	w.quietAfter(again.operator, map[string]int{})
	if lost := counter(t, "zonewarden_syslog_lost_total"); lost != 0 {
		t.Errorf("%v were lost", lost)
	}
}

// TestFilesThatAreMissingAreWaitedFor, and the trail goes on.
func TestFilesThatAreMissingAreWaitedFor(t *testing.T) {
	for name, spoil := range map[string]func(dir string) error{
		"no files":       func(dir string) error { return os.Remove(filepath.Join(dir, "mounted")) },
		"no authority":   func(dir string) error { return os.WriteFile(filepath.Join(dir, "mounted", "ca.crt"), nil, 0o600) },
		"no certificate": func(dir string) error { return os.Remove(filepath.Join(dir, "mounted", "tls.crt")) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			a := newAuthority(t)
			dir := t.TempDir()
			a.mount(dir)
			w.must(spoil(dir))
			r := newReceiver(t, a)
			k := w.keep(keeping{options: controllers.TrailOptions{
				SyslogAddress: r.listener.Addr().String(), SyslogTLSDir: filepath.Join(dir, "mounted"),
			}})
			w.must(k.tell("a"))
			if gauge(t, "zonewarden_syslog_connected") != 0 {
				t.Error("it is connected")
			}
			a.mount(dir)
			r.through(t, 1)
		})
	}
}
