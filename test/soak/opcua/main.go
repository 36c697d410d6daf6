// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Command opcua is an OPC UA server or client (gopcua, Basic256Sha256, SignAndEncrypt) for
// test/soak. It reads its certificate and whom it trusts from folders as they are mounted:
// own, trusted/certs, trusted/crl, issuer/certs and issuer/crl.
//
// Neither gopcua's server nor its client looks at the other's certificate: whoever has one, be
// it signed by himself, gets a session, and its server answers Read even without one. So this
// application does what applications have to do with that library: it checks the certificate by
// crypto/x509 against its folders, on both ends (trust.go), the client before it opens a channel,
// the server in CreateSession (session.go).
//
// Nor can the package server of gopcua v0.8.0 be connected to with a secured channel at all: it
// makes each channel with security mode None, and uasc decrypts nothing in that mode, not even
// the OpenSecureChannel request that would say another one ("invalid node id type"; changed
// after that version, pull request 817). It has no option for the mode, so connections are
// accepted here, by its packages uacp and uasc with the mode that they are to have, and services
// are answered here; the address space is the server's. For the same reason endpoints are asked
// for at an address of their own: a channel is made for one mode.
//
// What this server cannot do is refuse in OpenSecureChannel, as OPC 10000-4, 5.5.2 asks: uasc
// answers that without asking anybody. A stranger gets a channel here, and nothing on it. And uasc
// panics where an unsecured channel is asked for on one that is to be secured; that ends the
// connection here, and not the process.
//
// It is a module of its own, so that nothing else depends on gopcua.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// What a line on standard output begins with.
const (
	// saidServing: a server has this certificate from now on.
	saidServing = "serving"
	// saidRefused: the other end refused this one's certificate, or a server a client's.
	saidRefused = "refused"
	// saidUnverified: this end does not trust the server's certificate, and did not connect.
	saidUnverified = "unverified"
	// saidSession: a server let a client with this certificate in.
	saidSession = "session"
	// saidOK: a client got an answer from a server with this certificate.
	saidOK = "ok"
	// saidFailed: anything else.
	saidFailed = "failed"
)

const (
	// policy is the security policy.
	policy = "Basic256Sha256"
	// pause is between two attempts of a client, and between two looks at a server's folder.
	pause = 100 * time.Millisecond
	// patience is how long an attempt may take.
	patience = 10 * time.Second
)

func main() {
	serves := flag.String("serve", "", "serve sessions at this address; otherwise connect")
	var c caller
	dir := flag.String("pki", "", "folder with own, trusted and issuer")
	discovery := flag.String("discovery", "", "where the server says its endpoints")
	flag.StringVar(&c.host, "host", "", "name that the server's certificate must have")
	flag.StringVar(&c.uri, "uri", "", "ApplicationUri that the server must have")
	flag.StringVar(&c.from, "from", "127.0.0.1", "address to connect from")
	flag.BoolVar(&c.unchecking, "unchecking", false, "trust every server, as a stranger may")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if *serves == "" {
		c.pki, c.discovery = pki(*dir), *discovery
		c.loop(ctx)
		return
	}
	if err := serve(ctx, pki(*dir), *discovery, *serves); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// say prints one line, which whoever started this reads.
func say(what string, why any) { fmt.Printf("%s %v\n", what, why) }
