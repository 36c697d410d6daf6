// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/gopcua/opcua/ua"
	"github.com/gopcua/opcua/uasc"
)

// channel is a secure channel with the session on it, if there is one.
type channel struct {
	*application
	*uasc.SecureChannel
	// config of the channel, in which the certificate of the client is.
	config *uasc.Config
	own    identity

	token  *ua.NodeID
	nonce  []byte
	active bool
}

// answer does what is asked for. Where nothing is secured there are endpoints and nothing else.
func (c *channel) answer(r ua.Request) (ua.Response, error) {
	if r, is := r.(*ua.GetEndpointsRequest); is {
		return &ua.GetEndpointsResponse{ResponseHeader: header(r.RequestHeader, ua.StatusOK), Endpoints: c.endpoints()}, nil
	}
	if c.config.SecurityMode != ua.MessageSecurityModeSignAndEncrypt || c.config.SecurityPolicyURI != ua.FormatSecurityPolicyURI(policy) {
		return refuse(fmt.Errorf("%T with %s and %s", r, c.config.SecurityPolicyURI, c.config.SecurityMode))
	}
	switch r := r.(type) {
	case *ua.CreateSessionRequest:
		return c.create(r)
	case *ua.ActivateSessionRequest:
		return c.activate(r)
	case *ua.ReadRequest:
		return c.readNodes(r)
	case *ua.CloseSessionRequest:
		c.token, c.active = nil, false
		return &ua.CloseSessionResponse{ResponseHeader: header(r.RequestHeader, ua.StatusOK)}, nil
	}
	return nil, ua.StatusBadServiceUnsupported
}

func (c *channel) endpoints() []*ua.EndpointDescription {
	uri := ""
	if leaf, err := x509.ParseCertificate(c.own.certificate); err == nil && len(leaf.URIs) == 1 {
		uri = leaf.URIs[0].String()
	}
	return []*ua.EndpointDescription{{
		EndpointURL: c.url, ServerCertificate: c.own.certificate,
		Server: &ua.ApplicationDescription{
			ApplicationURI: uri, ApplicationName: &ua.LocalizedText{}, ApplicationType: ua.ApplicationTypeServer,
		},
		SecurityMode: ua.MessageSecurityModeSignAndEncrypt, SecurityPolicyURI: ua.FormatSecurityPolicyURI(policy),
		UserIdentityTokens:  []*ua.UserTokenPolicy{{PolicyID: "anonymous", TokenType: ua.UserTokenTypeAnonymous}},
		TransportProfileURI: "http://opcfoundation.org/UA-Profile/Transport/uatcp-uasc-uabinary",
	}}
}

// refuse tells the reason to nobody outside, as OPC 10000-4, 5.5.2 has it.
func refuse(why error) (ua.Response, error) {
	say(saidRefused, why)
	return nil, ua.StatusBadSecurityChecksFailed
}

// create checks the certificate of the client, which is that of the channel.
func (c *channel) create(r *ua.CreateSessionRequest) (ua.Response, error) {
	if !bytes.Equal(r.ClientCertificate, c.config.RemoteCertificate) {
		return refuse(errors.New("the session's certificate is not the channel's"))
	}
	if err := c.pki.verify(r.ClientCertificate, x509.ExtKeyUsageClientAuth, "", r.ClientDescription.ApplicationURI); err != nil {
		return refuse(err)
	}
	signature, algorithm, err := c.NewSessionSignature(r.ClientCertificate, r.ClientNonce)
	if err != nil {
		return refuse(err)
	}
	random := make([]byte, 64)
	if _, err := rand.Read(random); err != nil {
		return nil, err
	}
	c.nonce, c.token, c.active = random[:32], ua.NewByteStringNodeID(1, random[32:]), false
	return &ua.CreateSessionResponse{
		ResponseHeader: header(r.RequestHeader, ua.StatusOK), SessionID: ua.NewNumericNodeID(1, 1), AuthenticationToken: c.token,
		RevisedSessionTimeout: float64(time.Minute / time.Millisecond), ServerNonce: c.nonce, ServerCertificate: c.own.certificate,
		ServerSignature: &ua.SignatureData{Signature: signature, Algorithm: algorithm}, ServerEndpoints: c.endpoints(),
	}, nil
}

// has says whether a request is of the channel's session.
func (c *channel) has(r *ua.RequestHeader) bool {
	return c.token != nil && r.AuthenticationToken.String() == c.token.String()
}

func (c *channel) activate(r *ua.ActivateSessionRequest) (ua.Response, error) {
	if !c.has(r.RequestHeader) {
		return nil, ua.StatusBadSessionIDInvalid
	}
	if err := c.VerifySessionSignature(c.config.RemoteCertificate, c.nonce, r.ClientSignature.Signature); err != nil {
		return refuse(err)
	}
	c.nonce = make([]byte, 32)
	if _, err := rand.Read(c.nonce); err != nil {
		return nil, err
	}
	c.active = true
	say(saidSession, number(c.config.RemoteCertificate))
	return &ua.ActivateSessionResponse{ResponseHeader: header(r.RequestHeader, ua.StatusOK), ServerNonce: c.nonce}, nil
}

func (c *channel) readNodes(r *ua.ReadRequest) (ua.Response, error) {
	if !c.has(r.RequestHeader) || !c.active {
		return nil, ua.StatusBadSessionNotActivated
	}
	res := &ua.ReadResponse{ResponseHeader: header(r.RequestHeader, ua.StatusOK)}
	for _, n := range r.NodesToRead {
		space, err := c.nodes.Namespace(int(n.NodeID.Namespace()))
		if err != nil {
			return nil, ua.StatusBadNodeIDUnknown
		}
		res.Results = append(res.Results, space.Attribute(n.NodeID, n.AttributeID))
	}
	return res, nil
}

func header(r *ua.RequestHeader, result ua.StatusCode) *ua.ResponseHeader {
	return &ua.ResponseHeader{
		Timestamp: time.Now(), RequestHandle: r.RequestHandle, ServiceResult: result,
		ServiceDiagnostics: &ua.DiagnosticInfo{}, StringTable: []string{}, AdditionalHeader: ua.NewExtensionObject(nil),
	}
}
