// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package exposure

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/policy/verdict"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// policies finds what the policies of others open and cut. The last findings stand for
// as long as nothing that they are made of has changed.
func (w *Watcher) policies(site *surroundings, out *Report) {
	if !slices.ContainsFunc(site.Foreign, isPolicy) {
		*w = Watcher{}
		return
	}
	objects := w.read(site.Foreign)
	now := site.fingerprint()
	// A Compiler returns the same object for as long as nothing changes in it.
	if w.last == nil || w.print != now || !slices.Equal(w.objects, site.Objects) {
		w.print, w.objects, w.last = now, site.Objects, newReport()
		w.judge(site, objects, w.last)
	}
	out.merge(w.last)
}

// isPolicy is false for a group of addresses, which does nothing by itself.
func isPolicy(content map[string]any) bool { return content["kind"] != policy.KindCIDRGroup }

func (r *Report) merge(other *Report) {
	for zone, found := range other.zones {
		if r.zones[zone] == nil {
			r.zones[zone] = groups{}
		}
		for kind, names := range found {
			r.zones[zone][kind] = append(r.zones[zone][kind], names...)
		}
	}
	maps.Copy(r.blocked, other.blocked)
}

// version is an object as it was at one time.
type version struct{ uid, resourceVersion string }

func versionOf(content map[string]any) version {
	metadata, _ := content["metadata"].(map[string]any)
	uid, _ := metadata["uid"].(string)
	resourceVersion, _ := metadata["resourceVersion"].(string)
	return version{uid, resourceVersion}
}

// foreignObject is a policy object of others.
type foreignObject struct {
	*verdict.Object
	// admin is set for an object of the Admin tiers' kinds, which are not evaluated.
	admin *adminSubject
}

// adminGroup is the API group of the kinds that stand above and below NetworkPolicy:
// ClusterNetworkPolicy, AdminNetworkPolicy and its baseline.
const adminGroup = "policy.networking.k8s.io"

// read reads the objects that it has not read before, and returns them by name.
func (w *Watcher) read(contents []map[string]any) []*foreignObject {
	known := make(map[version]*foreignObject, len(contents))
	out := make([]*foreignObject, 0, len(contents))
	for _, content := range contents {
		v := versionOf(content)
		o := w.foreign[v]
		if o == nil || v.uid == "" {
			o = &foreignObject{Object: verdict.Read(content)}
			if group, _ := content["apiVersion"].(string); strings.HasPrefix(group, adminGroup+"/") {
				o.admin = subjectOf(content)
			}
		}
		known[v] = o
		out = append(out, o)
	}
	w.foreign = known
	slices.SortStableFunc(out, func(a, b *foreignObject) int { return cmp.Compare(a.Name(), b.Name()) })
	return out
}

// readOurs reads those of our objects that are wanted. Those of the Admin tier only deny;
// to the evaluator they would be strangers that may do anything, so they are left out,
// and what they alone would stop is reported as open.
func (w *Watcher) readOurs(objects []*policy.Object, wanted func(topology.ObjectRef) bool) []*verdict.Object {
	var out []*verdict.Object
	if w.ours == nil {
		w.ours = map[*policy.Object]*verdict.Object{}
	}
	for _, o := range objects {
		if o.GVK.Group == adminGroup || !wanted(o.Source) {
			continue
		}
		if w.ours[o] == nil {
			w.ours[o] = verdict.Read(contentOf(o))
		}
		out = append(out, w.ours[o])
	}
	return out
}

// forgetOurs drops what is no longer among the objects.
func (w *Watcher) forgetOurs(objects []*policy.Object) {
	if len(w.ours) <= len(objects) {
		return
	}
	kept := make(map[*policy.Object]*verdict.Object, len(objects))
	for _, o := range objects {
		if read := w.ours[o]; read != nil {
			kept[o] = read
		}
	}
	w.ours = kept
}

func contentOf(o *policy.Object) map[string]any {
	var content map[string]any
	if err := json.Unmarshal(o.JSON(), &content); err != nil {
		// A backend made it of plain API types, so this is a bug here.
		panic(fmt.Sprintf("decoding %s: %v", o.Name, err))
	}
	return content
}
