// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/zonewarden/zonewarden/internal/audit"
)

// theFiles of the page's Secret are good for both ends here.
const theFiles = `curve='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc'
openssl req -x509 $curve -days 9 -subj /CN=authority -keyout ca.key -out ca.crt
openssl req $curve -subj /CN=ww-17 -addext subjectAltName=IP:127.0.0.1 -keyout tls.key -out tls.csr
openssl x509 -req -in tls.csr -CA ca.crt -CAkey ca.key -copy_extensions copyall -days 9 -out tls.crt`

// mounted is what the page's patch says, as the chart's values say it.
const mounted = `parts='.spec.template.spec | [.volumes, .containers[0].args, .containers[0].volumeMounts] | del(.. | .defaultMode?)'
helm template zonewarden charts/zonewarden --namespace zonewarden-system --show-only templates/deployment.yaml \
  --set syslog.address=ADDRESS --set syslog.secretName=zonewarden-syslog |
  kubectl create --dry-run=client -o json -f - | jq -S "$parts" > by-values
kubectl -n zonewarden-system get deployment zonewarden -o json | jq -S "$parts" | diff by-values -`

// receiver takes what is sent to it over TLS, by whoever has a certificate.
type receiver struct {
	net.Listener

	// flags are those of an operator that sends to it.
	flags []string

	mu    sync.Mutex
	taken bytes.Buffer
}

// sends types what has the operator send to a receiver of ours.
func (p auditor) sends(t *testing.T) *receiver {
	t.Helper()
	p.does(t, theFiles)
	r := p.receives(t)
	address := r.Addr().String()
	p.types(t, sendBySyslog, "siem.example:6514", address)
	p.does(t, strings.ReplaceAll(mounted, "ADDRESS", address))
	p.does(t, `for f in ca.crt tls.crt tls.key; do kubectl -n zonewarden-system get secret zonewarden-syslog -o json |
		jq -r --arg f $f '.data[$f]' | base64 -d | cmp - $f; done`)
	args := p.does(t, `kubectl -n zonewarden-system get deployment zonewarden -o json |
		jq -r '.spec.template.spec.containers[0].args[] | select(startswith("--syslog-"))'`)
	r.flags = strings.Fields(strings.ReplaceAll(args, "/etc/zonewarden/syslog", p.folder))
	if len(r.flags) != 2 {
		t.Errorf("the operator is told %q", r.flags)
	}
	return r
}

// receives until the test is over.
func (p auditor) receives(t *testing.T) *receiver {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(filepath.Join(p.folder, "tls.crt"), filepath.Join(p.folder, "tls.key"))
	must(t, err)
	raw, err := os.ReadFile(filepath.Join(p.folder, "ca.crt"))
	must(t, err)
	theirs := x509.NewCertPool()
	theirs.AppendCertsFromPEM(raw)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{pair}, ClientCAs: theirs, ClientAuth: tls.RequireAndVerifyClientCert,
	})
	must(t, err)
	r := &receiver{Listener: l}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := r.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err == nil {
				all.Go(func() { _, _ = io.Copy(r, c); _ = c.Close() })
			}
		}
	})
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// Write takes what came.
func (r *receiver) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.taken.Write(b)
}

// has every entry, by its hash.
func (r *receiver) has(t *testing.T, entries []audit.Entry) {
	t.Helper()
	eventually(t, "the receiver has the trail", func(context.Context) error {
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, e := range entries {
			if !bytes.Contains(r.taken.Bytes(), []byte(e.Hash().String())) {
				return fmt.Errorf("it has no entry %d of %d among %d bytes", e.Sequence, len(entries), r.taken.Len())
			}
		}
		return nil
	})
}
