// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"fmt"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/zonewarden/zonewarden/test/e2e/stage"
)

// standing is a second conduit between the same pods, which nobody closes.
func standing(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	o := stage.Parse(t, trial)[0]
	o.SetName("trial-standing")
	must(t, unstructured.SetNestedSlice(o.Object, []any{
		map[string]any{"port": int64(9102), "transport": "TCP"},
		map[string]any{"port": int64(9102), "transport": "UDP"},
	}, "spec", "flows"))
	return o
}

// Deleting a conduit stops what is open through it, in both directions, although a
// network plugin never checks an answer; nothing else loses a packet.
func TestWhatIsOpenStopsWithItsConduit(t *testing.T) {
	w := plant(t)
	from, to := w.host("ww-supervision/hmi-client-0"), w.host("ww-historian/historian-0")
	must(t, to.Serve(stage.TCP(9101), stage.UDP(9101), stage.TCP(9102), stage.UDP(9102)))
	conduit, other := stage.Parse(t, trial)[0], standing(t)
	t.Cleanup(func() { w.Remove(t, conduit, other) })
	w.Apply(t, other)
	bystanders := w.bystanders(from, to)

	stops := map[string]*figures{}
	for range changes {
		w.Apply(t, conduit)
		w.opened(from, to, stage.UDP(9101))
		through := []*stage.Stream{w.open(from, to, stage.TCP(9101)), w.open(from, to, stage.UDP(9101))}
		start := time.Now()
		w.Remove(t, conduit)
		w.stopped(through, start, stops)
	}
	judgeStops(t, stops)
	undisturbed(t, bystanders)
}

func judgeStops(t *testing.T, stops map[string]*figures) {
	t.Helper()
	for _, name := range []string{"TCP up", "TCP down", "UDP up", "UDP down"} {
		record(t, "conduit deleted to the last packet, "+name, "%s", stops[name])
		if p99 := stops[name].at(0.99); p99 > stopsWithin {
			t.Errorf("%s takes %s to stop, want at most %s", name, p99, stopsWithin)
		}
	}
}

// bystanders are streams that must not notice: of another conduit between the same
// pods, of conduits between others, inside a zone, and to a device.
func (w *waterWorks) bystanders(from, to *stage.Host) []*stage.Stream {
	w.t.Helper()
	plc := w.host("plc-filter-01")
	must(w.t, plc.Serve(stage.TCP(502)))
	w.opened(from, to, stage.UDP(9102))
	return []*stage.Stream{
		w.open(from, to, stage.TCP(9102)),
		w.open(from, to, stage.UDP(9102)),
		w.open(w.host("ww-supervision/scada-0"), w.host("ww-filtration/opcua-server-0"), stage.TCP(4840)),
		w.open(to, w.host("ww-dmz/historian-replica-0"), stage.TCP(5432)),
		w.open(w.host("ww-pumping/opcua-server-0"), w.host("ww-historian/site-services-0"), stage.UDP(123)),
		w.open(w.host("ww-filtration/modbus-gateway-0"), plc, stage.TCP(502)),
	}
}

// open opens a stream that ends with the test.
func (w *waterWorks) open(from, to *stage.Host, port stage.Port) *stage.Stream {
	w.t.Helper()
	s, err := stage.Open(from, to, port)
	must(w.t, err)
	w.t.Cleanup(s.Close)
	s.Forget()
	return s
}

// opened waits until new connections pass.
func (w *waterWorks) opened(from, to *stage.Host, port stage.Port) {
	w.t.Helper()
	stage.Until(w.t, settles, fmt.Sprintf("%s to %s %s passes", from, to, port), func() bool {
		return stage.Dial(from, to, port, quick).Passed
	})
}

// stopped waits until streams are silent and notes when the last packet of each
// direction came, counted from start.
func (w *waterWorks) stopped(streams []*stage.Stream, start time.Time, stops map[string]*figures) {
	w.t.Helper()
	for _, s := range streams {
		ctx := fmt.Sprintf("the stream %s is silent", s)
		stage.Until(w.t, 10*time.Second, ctx, func() bool { return s.Quiet(silence) })
		for name, d := range map[string]*stage.Direction{"up": &s.Up, "down": &s.Down} {
			key := s.Port.Transport + " " + name
			if stops[key] == nil {
				stops[key] = &figures{}
			}
			*stops[key] = append(*stops[key], max(0, d.Last().Sub(start)))
		}
		s.Close()
	}
}

// undisturbed fails the test for every packet that did not arrive at first, and every
// stream that does not flow any more. Pauses are noted only: a busy machine makes them.
func undisturbed(t *testing.T, streams []*stage.Stream) {
	t.Helper()
	for _, s := range streams {
		again, err := s.Lost()
		must(t, err)
		missing, up := s.Up.Loss()
		missingDown, down := s.Down.Loss()
		lost := again + missing + missingDown
		record(t, fmt.Sprintf("bystander %s", s), "%d packets lost, longest pause %s", lost, inMS(max(up, down)))
		if lost > 0 {
			t.Errorf("bystander %s lost %d packets", s, lost)
		}
		now := time.Now()
		stage.Until(t, 5*time.Second, fmt.Sprintf("bystander %s still flows", s), func() bool { return s.Flows(now) })
	}
}
