// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package rotation

import (
	"slices"
	"sort"
	"time"

	"github.com/zonewarden/zonewarden/internal/wall"
)

// times are the occurrences of one window from an instant on. The next ones are asked for
// again and again, and so kept.
type times struct {
	schedule *wall.Schedule
	from     time.Time
	list     []wall.Occurrence
	// none says that there are no more than those in the list.
	none bool
}

// kept bounds the occurrences in the list. Beyond it each is looked for by itself.
const kept = 64

// next is the first occurrence that is not over at an instant.
func (w *times) next(t time.Time) (wall.Occurrence, bool) {
	for !w.none && len(w.list) < kept && (len(w.list) == 0 || !w.list[len(w.list)-1].End.After(t)) {
		w.extend()
	}
	i := sort.Search(len(w.list), func(i int) bool { return w.list[i].End.After(t) })
	switch {
	case i < len(w.list):
		return w.list[i], true
	case w.none:
		return wall.Occurrence{}, false
	}
	if o, open := w.schedule.Current(t); open {
		return o, true
	}
	return w.schedule.Following(t)
}

func (w *times) extend() {
	var o wall.Occurrence
	var found bool
	if n := len(w.list); n > 0 {
		o, found = w.schedule.After(w.list[n-1].Reading)
	} else if o, found = w.schedule.Current(w.from); !found {
		o, found = w.schedule.Following(w.from)
	}
	if w.none = !found; found {
		w.list = append(w.list, o)
	}
}

// steps bounds how far ahead an opening is looked for: in windows that freezes cover.
const steps = 512

// opening is the first instant from one on at which a certificate's window is open and
// nothing is frozen.
func (r *rules) opening(c *Certificate, from time.Time) (time.Time, bool) {
	windows, anyTime := r.mine(c)
	for range steps {
		if f, frozen := r.frozen(from); frozen {
			if f.until.IsZero() {
				return time.Time{}, false
			}
			from = f.until
			continue
		}
		if anyTime {
			return from, true
		}
		next := time.Time{}
		for _, w := range windows {
			if o, found := w.next(from); found {
				next = sooner(next, later(from, o.Start))
			}
		}
		if next.IsZero() || next.Equal(from) {
			return next, !next.IsZero()
		}
		from = next
	}
	return time.Time{}, false
}

// open says that one of several windows is open.
func open(windows []*times, t time.Time) bool {
	return slices.ContainsFunc(windows, func(w *times) bool {
		o, found := w.next(t)
		return found && o.Holds(t)
	})
}
