// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build soak

package soak

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// workload reads its files by itself.
type workload struct {
	*soak
	zone, name string
	// files as its process has them.
	files atomic.Pointer[loadedFiles]
	// seen are the certificates that it had.
	seen atomic.Int64
}

type loadedFiles struct {
	pair    tls.Certificate
	trusted *x509.CertPool
}

func (w *workload) host() string { return w.name + "." + w.zone + ".svc" }

func (w *workload) certificate() *v1alpha1.WorkloadCertificate {
	return certificate(v1alpha1.ProfileTLSPeer, w.zone, w.name)
}

// certificate of a workload that reads its files by itself.
func certificate(profile v1alpha1.CertificateProfile, zone, name string) *v1alpha1.WorkloadCertificate {
	return &v1alpha1.WorkloadCertificate{
		ObjectMeta: metav1.ObjectMeta{Namespace: zone, Name: name},
		Spec: v1alpha1.WorkloadCertificateSpec{
			Profile: profile, DNSNames: []string{name + "." + zone + ".svc"}, SecretName: name + "-tls",
			Lifetime: lifetime, RenewBefore: renewBefore,
			Restart: &v1alpha1.CertificateRestart{Policy: v1alpha1.RestartSignal},
		},
	}
}

func (w *workload) secret(ctx context.Context) (*corev1.Secret, error) {
	s := &corev1.Secret{}
	return s, w.Get(ctx, client.ObjectKey{Namespace: w.zone, Name: w.name + "-tls"}, s)
}

func (w *workload) load(s *corev1.Secret) error {
	pair, err := tls.X509KeyPair(s.Data["tls.crt"], s.Data["tls.key"])
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(s.Data["ca.crt"]) {
		return errors.New("the bundle is empty")
	}
	before := w.files.Swap(&loadedFiles{pair, pool})
	if before == nil || string(before.pair.Certificate[0]) != string(pair.Certificate[0]) {
		w.seen.Add(1)
	}
	return nil
}

// loaded waits for the first files.
func (w *workload) loaded(ctx context.Context, t *testing.T) {
	t.Helper()
	w.complete(ctx, t, w.certificate())
	s, err := w.secret(ctx)
	must(t, err, w.load(s))
}

// follow loads what changed, some time after it did.
func (w *workload) follow(ctx context.Context) {
	version := ""
	for ctx.Err() == nil {
		wait(ctx, 50*time.Millisecond)
		s, err := w.secret(ctx)
		if err != nil || s.ResourceVersion == version {
			continue
		}
		version = s.ResourceVersion
		wait(ctx, rand.N(lag))
		if err := w.load(s); err != nil && ctx.Err() == nil {
			w.record(kindTLS, true, fmt.Errorf("%s cannot use its files: %w", w.host(), err))
		}
	}
}

// shake has one connect to the other in a loop, and counts.
func (s *soak) shake(ctx context.Context, server, from *workload) {
	along := server.zone != "c" && from.zone != "c" || server.zone == from.zone
	for ctx.Err() == nil {
		err := handshake(server, from)
		if err != nil {
			err = fmt.Errorf("%s from %s: %w", server.host(), from.host(), err)
		}
		s.record(kindTLS, along, err)
		wait(ctx, 100*time.Millisecond)
	}
}

// handshake is mutual, each side with the files that its process has.
func handshake(server, from *workload) error {
	own, theirs := server.files.Load(), from.files.Load()
	a, b := net.Pipe()
	deadline := time.Now().Add(10 * time.Second)
	_, _ = a.SetDeadline(deadline), b.SetDeadline(deadline)
	served := make(chan error, 1)
	go func() {
		defer a.Close() //nolint:errcheck // a pipe
		conn := tls.Server(a, &tls.Config{
			Certificates: []tls.Certificate{own.pair}, ClientCAs: own.trusted, ClientAuth: tls.RequireAndVerifyClientCert,
		})
		err := conn.Handshake()
		if err == nil {
			_, err = conn.Write([]byte("x")) // so that the client hears whether it was let in
		}
		served <- err
	}()
	conn := tls.Client(b, &tls.Config{Certificates: []tls.Certificate{theirs.pair}, RootCAs: theirs.trusted, ServerName: server.host()})
	_, err := io.ReadFull(conn, make([]byte, 1))
	_ = b.Close()
	return errors.Join(err, <-served)
}
