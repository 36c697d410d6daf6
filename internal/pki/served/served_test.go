// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package served_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/zonewarden/zonewarden/internal/pki/served"
)

const patience = 5 * time.Second

// shown is a certificate that a server shows, with a serial number that begins with a zero.
func shown(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(0x0a1b2c), NotAfter: time.Now().Add(time.Hour)}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}
}

// serve answers connections by what serves them, until the test ends.
func serve(t *testing.T, serves func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close() //nolint:errcheck // the other side has what it wanted
				serves(conn)
			}()
		}
	}()
	return l.Addr().String()
}

func TestSerial(t *testing.T) {
	t.Parallel()
	certificate := shown(t)
	older := func(c tls.ClientAuthType) *tls.Config {
		return &tls.Config{ClientAuth: c, MaxVersion: tls.VersionTLS12} //nolint:gosec // plants have these
	}
	by := func(c *tls.Config) func(net.Conn) {
		c.Certificates = []tls.Certificate{certificate}
		return func(conn net.Conn) { _ = tls.Server(conn, c).Handshake() }
	}
	postgres := func(answer byte) func(net.Conn) {
		return func(conn net.Conn) {
			request := make([]byte, 8)
			if _, err := io.ReadFull(conn, request); err != nil || !bytes.Equal(request, []byte{0, 0, 0, 8, 4, 210, 22, 47}) {
				return
			}
			if _, err := conn.Write([]byte{answer}); err == nil {
				by(&tls.Config{})(conn)
			}
		}
	}
	for _, test := range []struct {
		name, startTLS string
		serves         func(net.Conn)
		want           string
	}{
		{"TLS 1.3", "", by(&tls.Config{MinVersion: tls.VersionTLS13}), ""},
		{"TLS 1.2", "", by(older(tls.NoClientCert)), ""},
		{"wants a client's", "", by(&tls.Config{ClientAuth: tls.RequireAndVerifyClientCert}), ""},
		{"wants a client's, TLS 1.2", "", by(older(tls.RequireAndVerifyClientCert)), ""},
		{"PostgreSQL", served.PostgreSQL, postgres('S'), ""},
		{"PostgreSQL without TLS", served.PostgreSQL, postgres('N'), "the server has none"},
		{"no TLS", "", func(conn net.Conn) { _, _ = io.WriteString(conn, "hello, who is there?\n") }, "shaking hands"},
		{"another protocol", "SMTP", by(&tls.Config{}), "unknown protocol"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := served.Serial(t.Context(), serve(t, test.serves), test.startTLS, patience)
			switch {
			case test.want == "" && (err != nil || got != "0a1b2c"):
				t.Errorf("%q, %v", got, err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want) || got != ""):
				t.Errorf("%q, %v, want %q", got, err, test.want)
			}
		})
	}
}

// TestASilentServer costs no more than the patience.
func TestASilentServer(t *testing.T) {
	t.Parallel()
	address := serve(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
	if got, err := served.Serial(t.Context(), address, "", 200*time.Millisecond); err == nil {
		t.Errorf("%q without a handshake", got)
	}
	if _, err := served.Serial(t.Context(), "127.0.0.1:1", "", patience); err == nil {
		t.Error("nobody answers, and a serial number is known")
	}
}
