// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package served looks at the certificate that a server shows in a TLS handshake.
//
// It trusts nothing and sends nothing: whom it talks to is known from the cluster, and the
// only thing that is taken from the answer is a serial number, which is compared with one that
// is known. A server that then wants a certificate of the client's has shown its own by then.
package served

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// PostgreSQL is the protocol that asks for TLS by its SSLRequest (PostgreSQL 17, 54.2.11).
const PostgreSQL = "PostgreSQL"

// sslRequest is the length of the message, 8, and the code 80877103.
var sslRequest = []byte{0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f}

// errSeen ends a handshake whose certificate was seen: nothing more is wanted.
var errSeen = errors.New("seen")

// Serial returns the serial number of the certificate that a server shows at host:port, in
// hexadecimal digits. StartTLS is "" or a protocol above.
func Serial(ctx context.Context, address, startTLS string, patience time.Duration) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return "", fmt.Errorf("connecting: %w", err)
	}
	defer conn.Close() //nolint:errcheck // nothing was sent
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return "", fmt.Errorf("connecting: %w", err)
		}
	}
	if err := begin(conn, startTLS); err != nil {
		return "", err
	}
	return handshake(ctx, conn)
}

// begin says what a protocol wants to hear before TLS.
func begin(conn net.Conn, startTLS string) error {
	switch startTLS {
	case "":
		return nil
	case PostgreSQL:
		if _, err := conn.Write(sslRequest); err != nil {
			return fmt.Errorf("asking for TLS: %w", err)
		}
		answer := make([]byte, 1)
		if _, err := io.ReadFull(conn, answer); err != nil {
			return fmt.Errorf("asking for TLS: %w", err)
		}
		if answer[0] != 'S' {
			return errors.New("asking for TLS: the server has none")
		}
		return nil
	}
	return fmt.Errorf("asking for TLS: unknown protocol %q", startTLS)
}

func handshake(ctx context.Context, conn net.Conn) (string, error) {
	serial := ""
	client := tls.Client(conn, &tls.Config{
		InsecureSkipVerify: true, //nolint:gosec // see the package's comment
		VerifyPeerCertificate: func(raw [][]byte, _ [][]*x509.Certificate) error { //nolint:gosec // no session is kept that could be resumed
			leaf, err := x509.ParseCertificate(raw[0])
			if err != nil {
				return err
			}
			serial = hex.EncodeToString(leaf.SerialNumber.Bytes())
			return errSeen
		},
	})
	err := client.HandshakeContext(ctx)
	if serial == "" {
		return "", fmt.Errorf("shaking hands: %w", err)
	}
	return serial, nil
}
