// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/gopcua/opcua"
	"github.com/gopcua/opcua/id"
	"github.com/gopcua/opcua/ua"
	"github.com/gopcua/opcua/uacp"
)

// caller connects to one server, again and again.
type caller struct {
	pki                        pki
	discovery, host, uri, from string
	unchecking                 bool
}

func (c caller) loop(ctx context.Context) {
	for ctx.Err() == nil {
		what, why := c.once(ctx)
		if ctx.Err() == nil {
			say(what, why)
		}
		time.Sleep(pause)
	}
}

// once asks for the endpoints, checks the server's certificate, opens a channel and a session,
// and reads the server's time.
func (c caller) once(ctx context.Context) (what string, why any) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	own, err := c.pki.own()
	if err != nil {
		return saidFailed, err
	}
	dialer := opcua.Dialer(&uacp.Dialer{
		Dialer: &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(c.from)}}, ClientACK: uacp.DefaultClientACK,
	})
	discovery, err := opcua.NewClient("opc.tcp://"+c.discovery, dialer, opcua.AutoReconnect(false))
	if err != nil {
		return saidFailed, err
	}
	defer discovery.Close(context.WithoutCancel(ctx)) //nolint:errcheck // it is held until the session is over
	endpoint, err := discover(ctx, discovery)
	if err != nil {
		return saidFailed, err
	}
	if !c.unchecking {
		if err := c.pki.verify(endpoint.ServerCertificate, x509.ExtKeyUsageServerAuth, c.host, c.uri); err != nil {
			return saidUnverified, err
		}
	}
	client, err := opcua.NewClient(endpoint.EndpointURL, dialer, opcua.AutoReconnect(false), opcua.RequestTimeout(patience),
		opcua.PrivateKey(own.key), opcua.Certificate(own.certificate),
		opcua.SecurityFromEndpoint(endpoint, ua.UserTokenTypeAnonymous))
	if err != nil {
		return saidFailed, err
	}
	switch err := readTime(ctx, client); {
	case err == nil:
		return saidOK, number(endpoint.ServerCertificate)
	case errors.Is(err, ua.StatusBadSecurityChecksFailed):
		return saidRefused, err
	default:
		return saidFailed, err
	}
}

func discover(ctx context.Context, c *opcua.Client) (*ua.EndpointDescription, error) {
	if err := c.Dial(ctx); err != nil {
		return nil, fmt.Errorf("discovery: %w", err)
	}
	all, err := c.GetEndpoints(ctx)
	if err != nil {
		return nil, fmt.Errorf("discovery: %w", err)
	}
	return opcua.SelectEndpoint(all.Endpoints, policy, ua.MessageSecurityModeSignAndEncrypt)
}

func readTime(ctx context.Context, c *opcua.Client) error {
	if err := c.Connect(ctx); err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	defer c.Close(context.WithoutCancel(ctx)) //nolint:errcheck // what counts has been read
	read, err := c.Read(ctx, &ua.ReadRequest{NodesToRead: []*ua.ReadValueID{{
		NodeID: ua.NewNumericNodeID(0, id.Server_ServerStatus_CurrentTime), AttributeID: ua.AttributeIDValue,
	}}})
	if err != nil {
		return fmt.Errorf("reading: %w", err)
	}
	if len(read.Results) != 1 || read.Results[0].Status != ua.StatusOK {
		return errors.New("reading: there is no time")
	}
	if _, is := read.Results[0].Value.Value().(time.Time); !is {
		return fmt.Errorf("reading: %T is no time", read.Results[0].Value.Value())
	}
	return nil
}
