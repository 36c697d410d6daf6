// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/gopcua/opcua/server"
	"github.com/gopcua/opcua/ua"
	"github.com/gopcua/opcua/uacp"
	"github.com/gopcua/opcua/uasc"
)

// application is a server: endpoints are asked for at one address, where nothing is secured,
// and sessions are made at the other one, where everything is. Each connection has the
// certificate that is in the folder when it begins, so nobody restarts; but one from a client
// that still holds another connection has that one's, or the client could be told of one
// certificate and open a channel to another.
type application struct {
	pki   pki
	nodes *server.Server
	url   string

	mu     sync.Mutex
	newest identity
	inside map[string]*visit
}

// visit is what one client address has open.
type visit struct {
	identity
	conns int
}

// serve follows the folder until the context ends.
func serve(ctx context.Context, p pki, discovery, address string) error {
	a := &application{pki: p, nodes: server.New(), url: "opc.tcp://" + address, inside: map[string]*visit{}}
	if err := a.read(); err != nil {
		return err
	}
	open, err := uacp.Listen(ctx, "opc.tcp://"+discovery, nil)
	if err != nil {
		return err
	}
	secured, err := uacp.Listen(ctx, a.url, nil)
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { _ = errors.Join(open.Close(), secured.Close()) })
	go a.accept(ctx, open, ua.MessageSecurityModeNone)
	go a.accept(ctx, secured, ua.MessageSecurityModeSignAndEncrypt)
	for ctx.Err() == nil {
		time.Sleep(pause)
		if err := a.read(); err != nil {
			say(saidFailed, err)
		}
	}
	return nil
}

// read takes the certificate that is in the folder.
func (a *application) read() error {
	i, err := a.pki.own()
	if err != nil || bytes.Equal(i.certificate, a.newest.certificate) {
		return err
	}
	a.mu.Lock()
	a.newest = i
	a.mu.Unlock()
	say(saidServing, number(i.certificate))
	return nil
}

func number(certificate []byte) string {
	leaf, err := x509.ParseCertificate(certificate)
	if err != nil {
		return "none"
	}
	return leaf.SerialNumber.Text(16)
}

func (a *application) accept(ctx context.Context, l *uacp.Listener, mode ua.MessageSecurityMode) {
	for ctx.Err() == nil {
		conn, err := l.Accept(ctx)
		switch {
		case err == nil:
			go a.talk(ctx, conn, mode)
		case errors.Is(err, net.ErrClosed):
			return
		default:
			fmt.Fprintln(os.Stderr, "accepting:", err)
		}
	}
}

// enter says which certificate a connection has.
func (a *application) enter(client string) identity {
	a.mu.Lock()
	defer a.mu.Unlock()
	v := a.inside[client]
	if v == nil {
		v = &visit{identity: a.newest}
		a.inside[client] = v
	}
	v.conns++
	return v.identity
}

func (a *application) leave(client string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	v := a.inside[client]
	if v.conns--; v.conns == 0 {
		delete(a.inside, client)
	}
}

// talk answers on one connection until it ends.
func (a *application) talk(ctx context.Context, conn *uacp.Conn, mode ua.MessageSecurityMode) {
	defer conn.Close() //nolint:errcheck // it is over
	client, _, err := net.SplitHostPort(conn.RemoteAddr().String())
	if err != nil {
		say(saidFailed, err)
		return
	}
	c := &channel{application: a, own: a.enter(client)}
	defer a.leave(client)
	defer func() {
		if why := recover(); why != nil { // uasc, where no security is asked for
			fmt.Fprintf(os.Stderr, "from %s: %v\n", client, why)
		}
	}()
	if err := c.open(conn, mode); err != nil {
		say(saidFailed, err)
		return
	}
	for {
		message := c.Receive(ctx)
		switch {
		case errors.Is(message.Err, io.EOF):
			return
		case message.Err != nil:
			fmt.Fprintf(os.Stderr, "from %s: %v\n", client, message.Err)
			return
		case message.Request() == nil: // the channel was opened
			continue
		}
		res, err := c.answer(message.Request())
		if err != nil {
			res = &ua.ServiceFault{ResponseHeader: header(message.Request().Header(), status(err))}
		}
		if err := c.SendResponseWithContext(ctx, message.RequestID, res); err != nil {
			fmt.Fprintf(os.Stderr, "to %s: %v\n", client, err)
			return
		}
	}
}

func status(err error) ua.StatusCode {
	if code, is := errors.AsType[ua.StatusCode](err); is {
		return code
	}
	return ua.StatusBadInternalError
}

// open prepares for the client's OpenSecureChannel.
func (c *channel) open(conn *uacp.Conn, mode ua.MessageSecurityMode) (err error) {
	c.config = &uasc.Config{
		SecurityPolicyURI: ua.SecurityPolicyURINone, SecurityMode: mode,
		Certificate: c.own.certificate, LocalKey: c.own.key, Lifetime: uint32(time.Hour / time.Millisecond),
	}
	if mode != ua.MessageSecurityModeNone {
		c.config.SecurityPolicyURI = ua.FormatSecurityPolicyURI(policy)
	}
	random := make([]byte, 8)
	if _, err := rand.Read(random); err != nil {
		return err
	}
	c.SecureChannel, err = uasc.NewServerSecureChannel(c.url, conn, c.config, make(chan error, 1),
		binary.LittleEndian.Uint32(random)>>1+1, 1, binary.LittleEndian.Uint32(random[4:])>>1+1)
	return err
}
