// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/zonewarden/zonewarden/internal/audit"
	"github.com/zonewarden/zonewarden/internal/audit/logbook"
	"github.com/zonewarden/zonewarden/internal/audit/syslog"
)

const (
	// looksAtReceiver is how often the files are compared, and how long more of the trail
	// waits to be queued.
	looksAtReceiver = 5 * time.Second
	// mostQueued is less than the queue takes, so that nothing is dropped from it: what
	// waits longer waits in the trail.
	mostQueued = syslog.DefaultQueue / 2
)

// syslogFeed sends every entry of the trail to one receiver. The trail is its memory: after
// a start, and after its files changed, it sends again what is not known to have gone out.
type syslogFeed struct {
	options TrailOptions
	host    string
	every   time.Duration

	mu sync.Mutex
	// sender is nil while there are no files to go by.
	sender *syslog.Sender
	// entries are the trail's, of which everything up to exported went out before.
	entries  []audit.Entry
	exported uint64
	// queued is the last that this sender was given.
	queued uint64
	counts syslog.Stats
}

func newSyslogFeed(o TrailOptions, host string) *syslogFeed {
	return &syslogFeed{options: o, host: host, every: looksAtReceiver}
}

// NeedLeaderElection says that only the leader sends.
func (f *syslogFeed) NeedLeaderElection() bool { return true }

// Start sends until the operator stops.
func (f *syslogFeed) Start(ctx context.Context) error {
	ticker := time.NewTicker(f.every)
	defer ticker.Stop()
	var had error
	for ctx.Err() == nil {
		files, config, err := readTLS(f.options.SyslogTLSDir)
		if err != nil {
			if had == nil || had.Error() != err.Error() {
				log.FromContext(ctx).Error(err, "the audit trail is not sent by syslog")
			}
			had = err
			select {
			case <-ctx.Done():
			case <-ticker.C:
			}
			continue
		}
		had = nil
		f.run(ctx, files, config, ticker.C)
	}
	return nil
}

// run sends by these files until they change.
func (f *syslogFeed) run(ctx context.Context, files tlsFiles, config *tls.Config, ticks <-chan time.Time) {
	logger := log.FromContext(ctx)
	var had error
	sender := syslog.New(syslog.Options{Address: f.options.SyslogAddress, TLS: config, Report: func(err error) {
		switch {
		case err == nil:
			logger.Info("connected to the syslog receiver", "address", f.options.SyslogAddress)
		case had == nil || had.Error() != err.Error():
			logger.Error(err, "the syslog receiver", "address", f.options.SyslogAddress)
		}
		had = err
	}})
	ctx, cancel := context.WithCancel(ctx)
	var sending sync.WaitGroup
	sending.Go(func() { sender.Run(ctx) })
	f.begin(sender)
	defer func() {
		cancel()
		sending.Wait()
		f.begin(nil)
	}()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks:
		}
		f.mu.Lock()
		f.pump()
		f.mu.Unlock()
		// Files that cannot be read are being changed: what is there goes on.
		if now, _, err := readTLS(f.options.SyslogTLSDir); err == nil && !now.same(files) {
			logger.Info("the files for the syslog receiver changed")
			return
		}
	}
}

// begin goes on with another sender, from what is known to have gone out.
func (f *syslogFeed) begin(sender *syslog.Sender) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.observe()
	f.sender, f.queued, f.counts = sender, f.exported, syslog.Stats{}
	if sender == nil {
		syslogConnected.Set(0)
	}
	f.pump()
}

// offer tells what is in the trail, and never waits.
func (f *syslogFeed) offer(entries []audit.Entry, exported uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.entries, f.exported = entries, exported
	f.pump()
}

// pump queues what fits of what was not sent.
func (f *syslogFeed) pump() {
	if f.sender == nil {
		return
	}
	room := mostQueued - f.sender.Stats().Queued
	for _, e := range f.entries {
		if room <= 0 {
			break
		}
		if e.Sequence <= f.queued {
			continue
		}
		f.sender.Send(audit.Message(e, audit.Envelope{Host: f.host, Severity: logbook.Severity(e.Record)}))
		f.queued = e.Sequence
		room--
	}
	f.observe()
}

// observe puts what the sender counted into the metrics.
func (f *syslogFeed) observe() {
	if f.sender == nil {
		return
	}
	is := f.sender.Stats()
	syslogSent.Add(float64(is.Sent - f.counts.Sent))
	syslogLost.Add(float64(is.Lost - f.counts.Lost))
	syslogConnected.Set(0)
	if is.Connected {
		syslogConnected.Set(1)
	}
	f.counts = is
}

// sentThrough is the last entry of which everything up to it was given to a connection that
// still stands. The protocol acknowledges nothing, so more is not to be known.
func (f *syslogFeed) sentThrough() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.observe()
	if f.sender == nil || !f.counts.Connected || f.counts.Queued > 0 {
		return f.exported
	}
	return max(f.queued, f.exported)
}

// tlsFiles are those of a mounted Secret of type kubernetes.io/tls.
type tlsFiles struct{ ca, cert, key []byte }

func (a tlsFiles) same(b tlsFiles) bool {
	return bytes.Equal(a.ca, b.ca) && bytes.Equal(a.cert, b.cert) && bytes.Equal(a.key, b.key)
}

var errNoAuthority = errors.New("ca.crt: has no certificate in PEM")

// readTLS reads the files. Without tls.crt and tls.key we do not say who we are.
func readTLS(dir string) (tlsFiles, *tls.Config, error) {
	var files tlsFiles
	for _, f := range []struct {
		name string
		to   *[]byte
		need bool
	}{{"ca.crt", &files.ca, true}, {"tls.crt", &files.cert, false}, {"tls.key", &files.key, false}} {
		text, err := os.ReadFile(filepath.Join(dir, f.name)) //nolint:gosec // where the operator was told to look
		if err != nil && (f.need || !errors.Is(err, os.ErrNotExist)) {
			return tlsFiles{}, nil, fmt.Errorf("reading %s for the syslog receiver: %w", f.name, err)
		}
		*f.to = text
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: x509.NewCertPool()}
	if !config.RootCAs.AppendCertsFromPEM(files.ca) {
		return tlsFiles{}, nil, fmt.Errorf("reading the files for the syslog receiver: %w", errNoAuthority)
	}
	if files.cert == nil && files.key == nil {
		return files, config, nil
	}
	pair, err := tls.X509KeyPair(files.cert, files.key)
	if err != nil {
		return tlsFiles{}, nil, fmt.Errorf("reading tls.crt and tls.key for the syslog receiver: %w", err)
	}
	config.Certificates = []tls.Certificate{pair}
	return files, config, nil
}
