// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply_test

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/audit"
	kept "github.com/zonewarden/zonewarden/internal/audit/store"
	"github.com/zonewarden/zonewarden/test/controlplane"
)

// served is a real API server that the test may kill.
type served struct {
	t     *testing.T
	plane *controlplane.ControlPlane
	client.Client
}

func serve(t *testing.T) *served {
	t.Helper()
	ctrl.SetLogger(logr.Discard())
	plane, err := controlplane.Start(t.Context(), controlplane.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := plane.Stop(); err != nil {
			t.Error(err)
		}
	})
	s := &served{t: t, plane: plane}
	s.Client = s.connect(nil)
	return s
}

// connect gives a client whose requests pass through wrap.
func (s *served) connect(wrap func(http.RoundTripper) http.RoundTripper) client.Client {
	s.t.Helper()
	config := rest.CopyConfig(s.plane.Config())
	config.QPS = -1
	if wrap != nil {
		config.Wrap(wrap)
	}
	c, err := client.New(config, client.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

func objectsOf(c client.Client) apply.TrailObjects {
	return apply.TrailObjects{Live: c, Client: c, Namespace: "default"}
}

func signer() ed25519.PrivateKey { return ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)) }

func open(t *testing.T, c client.Client) *kept.Store {
	t.Helper()
	s, err := kept.Open(kept.Options{
		Objects: objectsOf(c), Site: "site", Name: "zonewarden-audit", Signers: []crypto.Signer{signer()},
		Segment: 4096, Total: 1 << 20,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// owes are records with these ids that a trail does not have.
func owes(ids ...string) kept.Owed {
	return func(entries []audit.Entry) ([]audit.Record, error) {
		there := map[string]bool{}
		for _, e := range entries {
			there[e.Record.Object.Name] = true
		}
		var out []audit.Record
		for _, id := range ids {
			if !there[id] {
				out = append(out, audit.Record{What: "Opened", Object: audit.Object{Name: id}, At: time.Unix(0, 0)})
			}
		}
		return out, nil
	}
}

func idsOf(t *testing.T, s *kept.Store) map[string]int {
	t.Helper()
	got, err := s.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]int{}
	for _, e := range got.Entries {
		ids[e.Record.Object.Name]++
	}
	return ids
}

// roundTripper does something around each request.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestTheTrailOnARealServer is one control plane for all that is asked of it.
func TestTheTrailOnARealServer(t *testing.T) {
	t.Parallel()
	s := serve(t)
	t.Run("what store.Objects promise", s.testPromises)
	t.Run("two leaders at the same time", s.testTwoLeaders)
	t.Run("no namespace", s.testNoNamespace)
	t.Run("keys", s.testKeys)
	t.Run("an answer that never comes", s.testPatience)
	t.Run("killed between the write and the answer", s.testLostAnswer)
}

func (s *served) testPromises(t *testing.T) {
	o := objectsOf(s)
	is := func(what string, err, want error) {
		t.Helper()
		if !errors.Is(err, want) || want == nil && err != nil {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
	}
	_, err := o.Get(t.Context(), "p")
	is("getting nothing", err, kept.ErrNotFound)
	is("updating nothing", o.Update(t.Context(), kept.Object{Name: "p", Version: "1", UID: "u"}), kept.ErrNotFound)
	is("creating", o.Create(t.Context(), kept.Object{Name: "p", Data: map[string]string{"a": "1"}}), nil)
	is("creating again", o.Create(t.Context(), kept.Object{Name: "p"}), kept.ErrExists)
	first, err := o.Get(t.Context(), "p")
	is("getting", err, nil)
	is("updating what was not read", o.Update(t.Context(), kept.Object{Name: "p", Data: first.Data}), kept.ErrConflict)
	second := first
	second.Data = map[string]string{"a": "2"}
	is("updating", o.Update(t.Context(), second), nil)
	is("updating an old version", o.Update(t.Context(), first), kept.ErrConflict)
	got, err := o.Get(t.Context(), "p")
	is("getting again", err, nil)
	want := kept.Object{Name: "p", UID: first.UID, Version: got.Version, Data: second.Data}
	if diff := cmp.Diff(want, got); diff != "" || got.Version == first.Version {
		t.Errorf("it reads (-want +got):\n%s", diff)
	}

	is("creating what nobody changes", o.Create(t.Context(), kept.Object{Name: "fixed", Immutable: true, Data: map[string]string{"a": "1"}}), nil)
	fixed, err := o.Get(t.Context(), "fixed")
	is("getting it", err, nil)
	fixed.Data = map[string]string{"a": "2"}
	if err := o.Update(t.Context(), fixed); err == nil || errors.Is(err, kept.ErrConflict) || !fixed.Immutable {
		t.Errorf("it could be changed: %v", err)
	}
	other := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "of-others"}}
	is("another's", s.Create(t.Context(), other), nil)
	listed, err := o.List(t.Context())
	is("listing", err, nil)
	for i := range listed {
		listed[i].UID, listed[i].Version = "", ""
	}
	if diff := cmp.Diff([]kept.Object{{Name: "fixed"}, {Name: "p"}}, listed); diff != "" {
		t.Errorf("listed (-want +got):\n%s", diff)
	}
	is("deleting another's UID", o.Delete(t.Context(), kept.Object{Name: "p", UID: fixed.UID}), nil)
	_, err = o.Get(t.Context(), "p")
	is("it is still there", err, nil)
	for range 2 {
		is("deleting", o.Delete(t.Context(), got), nil)
	}
	_, err = o.Get(t.Context(), "p")
	is("it is gone", err, kept.ErrNotFound)
	is("deleting what nobody changes", o.Delete(t.Context(), fixed), nil)
}

// testTwoLeaders: both append the same and their own, at once.
func (s *served) testTwoLeaders(t *testing.T) {
	const rounds = 12
	var both sync.WaitGroup
	for _, who := range []string{"a", "b"} {
		leader := open(t, s.connect(nil))
		both.Go(func() {
			for i := range rounds {
				if _, err := leader.Append(context.Background(), audit.Record{}, owes(fmt.Sprintf("same-%d", i), fmt.Sprintf("%s-%d", who, i))); err != nil {
					t.Errorf("%s, round %d: %v", who, i, err)
				}
			}
		})
	}
	both.Wait()
	got := idsOf(t, open(t, s))
	if len(got) != 3*rounds {
		t.Errorf("%d records, want %d", len(got), 3*rounds)
	}
	for id, n := range got {
		if n != 1 {
			t.Errorf("%s is there %d times", id, n)
		}
	}
	listed, err := objectsOf(s).List(t.Context())
	if err != nil || len(listed) < 3 {
		t.Errorf("%d objects, %v: no segment was made", len(listed), err)
	}
}

func (s *served) testNoNamespace(t *testing.T) {
	o := objectsOf(s)
	o.Namespace = "not-there"
	err := o.Create(t.Context(), kept.Object{Name: "p"})
	if err == nil || errors.Is(err, kept.ErrNotFound) || !strings.Contains(err.Error(), "not-there") {
		t.Errorf("creating: %v", err)
	}
}

func (s *served) testPatience(t *testing.T) {
	never := s.connect(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			if !strings.Contains(r.URL.Path, "/configmaps") {
				return next.RoundTrip(r)
			}
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
	})
	before := time.Now()
	if _, err := objectsOf(never).Get(t.Context(), "p"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("getting: %v", err)
	}
	if took := time.Since(before); took > 30*time.Second {
		t.Errorf("it took %s", took)
	}
}

// testLostAnswer kills the API server and etcd after they carried a write out and before
// anybody was told.
func (s *served) testLostAnswer(t *testing.T) {
	killed := false
	unlucky := s.connect(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			response, err := next.RoundTrip(r)
			if r.Method != http.MethodPut || killed || err != nil {
				return response, err
			}
			killed = true
			_, _ = io.Copy(io.Discard, response.Body)
			_ = response.Body.Close()
			if err := errors.Join(s.plane.Kill(), s.plane.Restart(context.Background())); err != nil {
				t.Error(err)
			}
			return nil, errors.New("the answer was lost")
		})
	})
	leader := open(t, unlucky)
	before := idsOf(t, leader)
	if _, err := leader.Append(t.Context(), audit.Record{}, owes("lost", "too")); err == nil || !killed {
		t.Fatalf("killed %t: %v", killed, err)
	}
	if _, err := leader.Append(t.Context(), audit.Record{}, owes("lost", "too")); err != nil {
		t.Fatal(err)
	}
	got := idsOf(t, open(t, s))
	if got["lost"] != 1 || got["too"] != 1 || len(got) != len(before)+2 {
		t.Errorf("the trail has %v", got)
	}
}
