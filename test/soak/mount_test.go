// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build soak

package soak

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// newest is the link by which a kubelet swaps all files of a volume at once.
const newest = "..data"

// pod stands for one whose volumes are of a certificate's objects: its files are on the disk,
// some time after they changed.
type pod struct {
	*soak
	kind   kind
	object *v1alpha1.WorkloadCertificate
	folder string
	// owner of the files, the same user where it is negative.
	owner int
	// changed is told when its certificate, its key or its bundle was swapped.
	changed func()
	// seen are the certificates that it had.
	seen atomic.Int64
	leaf string
}

// volume is a Secret or a ConfigMap in a folder.
type volume struct {
	path    string
	object  client.Object
	version string
	number  int
}

// pod with a certificate of a profile.
func (s *soak) pod(k kind, profile v1alpha1.CertificateProfile, zone, name string) *pod {
	return &pod{soak: s, kind: k, object: certificate(profile, zone, name), owner: -1}
}

func (p *pod) name() string { return p.object.Name + "." + p.object.Namespace + ".svc" }

// volumes are own, and the folders of an OPC UA application, as docs/certificates.md mounts them.
func (p *pod) volumes() []*volume {
	secret := p.object.Spec.SecretName
	out := []*volume{{path: "own", object: &corev1.Secret{}}}
	out[0].object.SetName(secret)
	if p.object.Spec.Profile == v1alpha1.ProfileOPCUA {
		for _, at := range [][2]string{
			{"trusted/certs", "-trusted"}, {"trusted/crl", "-trusted-crl"}, {"issuer/certs", "-issuer"}, {"issuer/crl", "-issuer-crl"},
		} {
			v := &volume{path: at[0], object: &corev1.ConfigMap{}}
			v.object.SetName(secret + at[1])
			out = append(out, v)
		}
	}
	for _, v := range out {
		v.object.SetNamespace(p.object.Namespace)
	}
	return out
}

// run mounts what is there once its bundle holds all that it will, and then follows it.
func (p *pod) run(ctx context.Context, t *testing.T, done *sync.WaitGroup) {
	t.Helper()
	p.complete(ctx, t, p.object)
	for _, v := range p.volumes() {
		_, err := p.fetch(ctx, v)
		must(t, err, p.write(v))
		done.Go(func() {
			for ctx.Err() == nil {
				wait(ctx, 50*time.Millisecond)
				if err := p.follow(ctx, v); err != nil && ctx.Err() == nil {
					p.record(p.kind, true, fmt.Errorf("%s cannot be mounted: %w", p.name(), err))
				}
			}
		})
	}
}

// follow writes what changed, some time after it did.
func (p *pod) follow(ctx context.Context, v *volume) error {
	if is, err := p.fetch(ctx, v); err != nil || !is {
		return err
	}
	wait(ctx, rand.N(lag))
	if err := p.write(v); err != nil {
		return err
	}
	if v.path == "own" && p.changed != nil {
		p.changed()
	}
	return nil
}

// fetch says whether the object is another one than before.
func (p *pod) fetch(ctx context.Context, v *volume) (bool, error) {
	if err := p.Get(ctx, client.ObjectKeyFromObject(v.object), v.object); err != nil {
		return false, err
	}
	is := v.version != v.object.GetResourceVersion()
	v.version = v.object.GetResourceVersion()
	return is, nil
}

func (v *volume) files() map[string][]byte {
	switch o := v.object.(type) {
	case *corev1.Secret:
		return o.Data
	case *corev1.ConfigMap:
		return o.BinaryData
	}
	return nil
}

// write does as a kubelet does: a new folder, one rename of the link to it, and links to what
// is in it for those who look at the volume itself.
func (p *pod) write(v *volume) error {
	at := filepath.Join(p.folder, v.path)
	v.number++
	version := fmt.Sprintf("..%d", v.number)
	if err := os.MkdirAll(filepath.Join(at, version), 0o755); err != nil {
		return err
	}
	files := v.files()
	for name, raw := range files {
		file := filepath.Join(at, version, name)
		if err := os.WriteFile(file, raw, 0o600); err != nil {
			return err
		}
		if p.owner >= 0 {
			if err := os.Chown(file, p.owner, -1); err != nil {
				return err
			}
		}
	}
	swap := filepath.Join(at, "..data_tmp")
	if err := errors.Join(os.Symlink(version, swap), os.Rename(swap, filepath.Join(at, newest))); err != nil {
		return err
	}
	if leaf := string(files["tls.crt"]); leaf != "" && leaf != p.leaf {
		p.leaf = leaf
		p.seen.Add(1)
	}
	return links(at, files)
}

func links(at string, files map[string][]byte) error {
	for name := range files {
		if err := os.Symlink(filepath.Join(newest, name), filepath.Join(at, name)); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	entries, err := os.ReadDir(at)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if _, is := files[e.Name()]; !is && !strings.HasPrefix(e.Name(), "..") {
			err = errors.Join(err, os.Remove(filepath.Join(at, e.Name())))
		}
	}
	return err
}
