// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"net"
	"strconv"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/pki/rotation"
	"github.com/zonewarden/zonewarden/internal/pki/served"
)

const (
	// showsWithin bounds one look at a server.
	showsWithin = 2 * time.Second
	// looksAtServer bounds how often a server is looked at.
	looksAtServer = 5 * time.Second
)

// shown are the certificates that servers showed. Where none answers, because no policy lets
// us there or because it is down, what it showed last stays, with its time.
type shown struct {
	live client.Reader
	mu   sync.Mutex
	last map[types.UID]*look
}

type look struct {
	tried time.Time
	probe rotation.Probe
	// failed is why nothing was seen at the last try.
	failed error
}

// of looks at what a workload shows, nil where it does not say where.
func (s *shown) of(ctx context.Context, w *v1alpha1.WorkloadCertificate, now func() time.Time) *rotation.Probe {
	at := w.Spec.Serves
	if at == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last == nil {
		s.last = map[types.UID]*look{}
	}
	l := s.last[w.UID]
	if l == nil {
		l = &look{}
		s.last[w.UID] = l
	}
	if now().Sub(l.tried).Abs() < looksAtServer {
		probe := l.probe
		return &probe
	}
	l.tried = now()
	serial, err := s.ask(ctx, w.Namespace, at)
	if l.failed = err; err == nil {
		l.probe = rotation.Probe{At: now(), Serial: serial}
	}
	probe := l.probe
	return &probe
}

func (s *shown) ask(ctx context.Context, namespace string, at *v1alpha1.ServedAt) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, showsWithin)
	defer cancel()
	var service corev1.Service
	if err := s.live.Get(ctx, client.ObjectKey{Namespace: namespace, Name: at.Service}, &service); err != nil {
		return "", err
	}
	host := service.Spec.ClusterIP
	if host == corev1.ClusterIPNone || host == "" {
		host = at.Service + "." + namespace + ".svc"
	}
	return served.Serial(ctx, net.JoinHostPort(host, strconv.Itoa(int(at.Port))), at.StartTLS, showsWithin)
}
