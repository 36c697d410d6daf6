// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package syslog_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"math/big"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/utils/clock"

	"github.com/zonewarden/zonewarden/internal/audit/syslog"
)

const patience = 30 * time.Second

// authority signs the certificates of one test.
type authority struct {
	t    *testing.T
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t}
	a.key, a.cert = a.issue("authority", true)
	return a
}

func (a *authority) issue(name string, ca bool) (*ecdsa.PrivateKey, *x509.Certificate) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: ca, BasicConstraintsValid: true, DNSNames: []string{name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	parent, signer := template, key
	if !ca {
		parent, signer = a.cert, a.key
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

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

func (a *authority) config(name string) *tls.Config {
	a.t.Helper()
	key, cert := a.issue(name, false)
	return &tls.Config{
		MinVersion: tls.VersionTLS12, RootCAs: a.pool(), ClientCAs: a.pool(), ClientAuth: tls.RequireAndVerifyClientCert,
		Certificates: []tls.Certificate{{Certificate: [][]byte{cert.Raw}, PrivateKey: key}},
	}
}

// receiver is one of RFC 5425 on the loopback interface.
type receiver struct {
	t        *testing.T
	config   *tls.Config
	address  string
	listener net.Listener
	messages chan string
	accepted chan net.Conn
	serving  sync.WaitGroup
}

func newReceiver(t *testing.T, config *tls.Config) *receiver {
	t.Helper()
	r := &receiver{t: t, config: config, address: "127.0.0.1:0", messages: make(chan string, 1000), accepted: make(chan net.Conn, 100)}
	r.listen()
	t.Cleanup(r.stop)
	return r
}

func (r *receiver) listen() {
	r.t.Helper()
	l, err := tls.Listen("tcp", r.address, r.config)
	if err != nil {
		r.t.Fatal(err)
	}
	r.listener, r.address = l, l.Addr().String()
	r.serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			r.accepted <- c
			r.serving.Go(func() { r.read(c) })
		}
	})
}

// stop ends listening and every connection.
func (r *receiver) stop() {
	_ = r.listener.Close()
	r.cut()
	r.serving.Wait()
}

func (r *receiver) cut() {
	for {
		select {
		case c := <-r.accepted:
			_ = c.Close()
		default:
			return
		}
	}
}

// read reads frames: MSG-LEN SP SYSLOG-MSG.
func (r *receiver) read(c net.Conn) {
	in := bufio.NewReader(c)
	for {
		length, err := in.ReadString(' ')
		if err != nil {
			return
		}
		n, err := strconv.Atoi(strings.TrimSuffix(length, " "))
		if err != nil || n < 1 || length[0] == '0' {
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

func (r *receiver) next() string {
	r.t.Helper()
	select {
	case m := <-r.messages:
		return m
	case <-time.After(patience):
		r.t.Fatal("no message came")
		return ""
	}
}

// await reads until a message comes, and gives all.
func (r *receiver) await(last string) []string {
	r.t.Helper()
	var got []string
	for len(got) == 0 || got[len(got)-1] != last {
		got = append(got, r.next())
	}
	return got
}

// quick passes waits at once, and says how long each was to be.
type quick struct {
	clock.Clock

	mu    sync.Mutex
	waits []time.Duration
}

func (q *quick) NewTimer(d time.Duration) clock.Timer {
	q.mu.Lock()
	q.waits = append(q.waits, d)
	q.mu.Unlock()
	return q.Clock.NewTimer(d / 100)
}

func (q *quick) all() []time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	return append([]time.Duration{}, q.waits...)
}

// start runs a sender until the test ends.
func start(t *testing.T, o syslog.Options) (*syslog.Sender, chan error) {
	t.Helper()
	reports := make(chan error, 1000)
	o.Report = func(err error) { reports <- err }
	s := syslog.New(o)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { s.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
	return s, reports
}

func report(t *testing.T, reports chan error) error {
	t.Helper()
	select {
	case err := <-reports:
		return err
	case <-time.After(patience):
		t.Fatal("no report came")
		return nil
	}
}

func numbers(from, to int) []string {
	var out []string
	for i := from; i <= to; i++ {
		out = append(out, fmt.Sprintf("<109>1 - - - - - - message %d\nof two lines é", i))
	}
	return out
}

func send(s *syslog.Sender, messages []string) {
	for _, m := range messages {
		s.Send([]byte(m))
	}
}
