// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// mostVanished is how many conduits may vanish at once before that is taken for
// a mistake: a namespace of manifests pruned, a restore that went wrong.
const mostVanished = 10

// Key names a policy object in the cluster.
type Key struct {
	Kind      string
	Namespace string
	Name      string
}

func (k Key) String() string {
	if k.Namespace == "" {
		return k.Kind + "/" + k.Name
	}
	return k.Kind + "/" + k.Namespace + "/" + k.Name
}

// KeyOf is the key of a desired object.
func KeyOf(o *policy.Object) Key {
	return Key{Kind: o.GVK.Kind, Namespace: o.Namespace, Name: o.Name}
}

// Observed is one object of ours as the cluster has it.
type Observed struct {
	Key             Key
	UID             types.UID
	ResourceVersion string
	Created         time.Time
	// Digest over what we declare of it, see policy.Digest.
	Digest string
	// Source is the Zone or Conduit that it says it was made of.
	Source    topology.ObjectRef
	SourceUID types.UID
	// Release is the UID of the Zone whose deletion was announced, or empty.
	Release types.UID
	// Refused is why Cilium does not take the object, "" while it does.
	Refused string
}

// Declaration is what is known of a declared Zone or Conduit.
type Declaration struct {
	UID types.UID
	// InForce is false while the object is not in the model; what stands for it is
	// then left as it is.
	InForce bool
	// Suspended says that a conduit is to carry nothing for now.
	Suspended bool
}

// CRDState is the state of the definition of one of our kinds.
type CRDState struct {
	UID types.UID
	// Established and not being deleted.
	Serving bool
	// Created tells a definition that was deleted and made again, which took every
	// object along, from one that was always there.
	Created time.Time
}

// Input is what a plan is made from.
type Input struct {
	Desired  []*policy.Object
	Observed []Observed
	// Declared Zones and Conduits.
	Declared map[topology.ObjectRef]Declaration
	// ConduitCRD is looked at only when a conduit has vanished.
	ConduitCRD CRDState
	// Made says when conduits were made, by UID, of those that were seen since the start.
	Made map[types.UID]time.Time
	// Confirmed is the digest of held objects that an administrator lets go.
	Confirmed string
	// Known are the digests last known to be in place, to tell edits by others
	// from changes of our own. Empty after a start.
	Known map[Key]string
}

// Write is one object to be written.
type Write struct {
	Object *policy.Object
	// Observed is nil when there is no object of ours by that name.
	Observed *Observed
	// Drift says that somebody else changed or removed it.
	Drift bool
	// Edited says that what stands is not what we left there, also where we want
	// something new by now. It goes at once, and is never carried along.
	Edited bool
}

// Removal is one object to be deleted.
type Removal struct {
	Observed
	Part policy.Part
	// Replaced says that its declaration stands and is to be carried out: something
	// else does its work now, or nothing has to. A conduit's object of which this is
	// not so closes.
	Replaced bool
}

// Held is an object that stays although its declaration is gone.
type Held struct {
	Observed
	Reason string
}

// Plan is which writes are owed.
type Plan struct {
	Groups   []Write
	Guards   []Write
	Conduits []Write
	Floors   []Write
	Removals []Removal
	// Covers are what an interrupted run has left that allows everything.
	Covers []Removal
	Held   []Held
	// HeldDigest names exactly the held objects, "" when there are none.
	HeldDigest string
	// Zones that are declared, by name: a failure concerns some of them.
	Zones []string
	// Clusterwide says that policies of Cilium's stand or are wanted, which deny too.
	Clusterwide bool
}

// Writes is the number of objects that the plan changes. One that takes steps is
// written more than once.
func (p *Plan) Writes() int {
	return len(p.writes()) + len(p.Removals) + len(p.Covers)
}

func (p *Plan) writes() []Write { return slices.Concat(p.Groups, p.Guards, p.Conduits, p.Floors) }

// NewPlan compares what is desired with what is there.
func NewPlan(in Input) *Plan {
	p := &Plan{Zones: zonesOf(in.Declared)}
	in.Observed = slices.DeleteFunc(slices.Clone(in.Observed), Observed.isWindows)
	observed := make(map[Key]*Observed, len(in.Observed))
	for i := range in.Observed {
		observed[in.Observed[i].Key] = &in.Observed[i]
	}
	wanted := make(map[Key]bool, len(in.Desired))
	for _, o := range in.Desired {
		key := KeyOf(o)
		wanted[key] = true
		p.addWrite(o, observed[key], in.Known[key])
		p.Clusterwide = p.Clusterwide || key.Kind == policy.KindClusterwidePolicy
	}
	var gone []Observed
	for _, o := range in.Observed {
		p.Clusterwide = p.Clusterwide || o.Key.Kind == policy.KindClusterwidePolicy
		if wanted[o.Key] {
			continue
		}
		d, declared := in.Declared[o.Source]
		switch {
		case isCover(o.Key):
			p.Covers = append(p.Covers, Removal{Observed: o, Part: policy.PartCover})
		case !declared || d.UID != o.SourceUID:
			gone = append(gone, o)
		case d.InForce:
			p.Removals = append(p.Removals, Removal{Observed: o, Part: partOf(o), Replaced: !d.Suspended})
		}
	}
	p.judgeGone(in, gone)
	slices.SortFunc(p.Removals, compareRemovals)
	return p
}

// isWindows says that whoever decides about windows wrote it.
func (o Observed) isWindows() bool { return o.Source.Kind == KindWindow }

func zonesOf(declared map[topology.ObjectRef]Declaration) []string {
	var names []string
	for ref := range declared {
		if ref.Kind == topology.KindZone {
			names = append(names, ref.Name)
		}
	}
	slices.Sort(names)
	return names
}

func (p *Plan) addWrite(o *policy.Object, seen *Observed, known string) {
	if seen != nil && seen.Digest == o.Digest {
		return
	}
	w := Write{Object: o, Observed: seen, Drift: known == o.Digest}
	w.Edited = seen != nil && known != "" && known != seen.Digest
	switch o.Part {
	case policy.PartAssets:
		p.Groups = append(p.Groups, w)
	case policy.PartGuard:
		p.Guards = append(p.Guards, w)
	case policy.PartConduit:
		p.Conduits = append(p.Conduits, w)
	case policy.PartFloor:
		p.Floors = append(p.Floors, w)
	case policy.PartCover: // never desired
	}
}

// judgeGone decides about objects whose declaration is gone.
func (p *Plan) judgeGone(in Input, gone []Observed) {
	mass := vanishedTogether(in, gone)
	for _, o := range gone {
		switch {
		case mayGo(in, o, mass):
			p.Removals = append(p.Removals, Removal{Observed: o, Part: partOf(o)})
		case mass && o.Source.Kind == topology.KindConduit:
			p.Held = append(p.Held, Held{Observed: o, Reason: v1alpha1.ReasonMassDisappearance})
		default:
			p.Held = append(p.Held, Held{Observed: o, Reason: v1alpha1.ReasonOrphaned})
		}
	}
	slices.SortFunc(p.Held, func(a, b Held) int { return cmp.Compare(a.Key.String(), b.Key.String()) })
	p.HeldDigest = heldDigest(p.Held)
	if p.HeldDigest != "" && p.HeldDigest == in.Confirmed {
		for _, h := range p.Held {
			p.Removals = append(p.Removals, Removal{Observed: h.Observed, Part: partOf(h.Observed)})
		}
		p.Held, p.HeldDigest = nil, ""
	}
}

// mayGo: a floor only when its release was stamped while its zone still stood; a
// conduit's allows only when its deletion cannot be a mistake, that is when the
// definition of the kind serves, not many went at once, and the conduit was one of this
// definition. It was when it was seen to be, or when what stands for it is no older.
func mayGo(in Input, o Observed, mass bool) bool {
	if o.Source.Kind != topology.KindConduit {
		return o.Release != "" && o.Release == o.SourceUID
	}
	from, seen := in.Made[o.SourceUID]
	if !seen {
		from = o.Created
	}
	return in.ConduitCRD.Serving && !mass && !from.Before(in.ConduitCRD.Created)
}

// vanishedTogether says that so many conduits went at once, or all of several,
// that it is taken for a mistake.
func vanishedTogether(in Input, gone []Observed) bool {
	vanished := map[topology.ObjectRef]bool{}
	for _, o := range gone {
		if o.Source.Kind == topology.KindConduit {
			vanished[o.Source] = true
		}
	}
	left := 0
	for ref := range in.Declared {
		if ref.Kind == topology.KindConduit {
			left++
		}
	}
	return len(vanished) > mostVanished || (len(vanished) > 1 && left == 0)
}

// partOf tells what an observed object is for. Only the Cilium backend has
// groups, by a kind of their own.
func partOf(o Observed) policy.Part {
	switch {
	case strings.HasPrefix(o.Key.Name, policy.GuardPrefix):
		return policy.PartGuard
	case o.Source.Kind == topology.KindConduit:
		return policy.PartConduit
	case o.Key.Kind == policy.KindCIDRGroup:
		return policy.PartAssets
	default:
		return policy.PartFloor
	}
}

// compareRemovals sorts them by turn.
func compareRemovals(a, b Removal) int {
	return cmp.Or(cmp.Compare(a.turn(), b.turn()), cmp.Compare(a.Key.String(), b.Key.String()))
}

// The turns in which objects go.
const (
	floorsGo = iota
	conduitsGo
	isolatingFloorsGo
	adminGuardsGo
	guardsGo
	groupsGo
)

// turn is when it goes. Cilium's floors go before conduits: what a conduit allows
// must not go while a floor that goes as well still denies. Where an allow isolates
// by itself the floor stays until the last of them has gone. What denies in spite of
// everything goes when nothing else does, Cilium's last, and a group when nothing refers
// to it.
func (r Removal) turn() int {
	switch {
	case r.Part == policy.PartFloor && r.Key.Kind == policy.KindClusterwidePolicy:
		return floorsGo
	case r.Part == policy.PartConduit:
		return conduitsGo
	case r.Part == policy.PartFloor:
		return isolatingFloorsGo
	case r.Part == policy.PartGuard && r.Key.Kind == policy.KindAdminTierPolicy:
		return adminGuardsGo
	case r.Part == policy.PartGuard:
		return guardsGo
	default:
		return groupsGo
	}
}

func heldDigest(held []Held) string {
	if len(held) == 0 {
		return ""
	}
	h := sha256.New()
	for _, o := range held {
		fmt.Fprintf(h, "%s %s\n", o.Key, o.UID)
	}
	return hex.EncodeToString(h.Sum(nil)[:6])
}

// AssetsVanished says that assets went in a way that is taken for a mistake:
// their definition is gone, going, or not the one that they were counted under,
// which took every one of them along; many at once; or all of several.
func AssetsVanished(before, now int, countedUnder types.UID, crd CRDState) bool {
	switch {
	case now >= before:
		return false
	case !crd.Serving, countedUnder != "" && crd.UID != countedUnder:
		return true
	default:
		return before-now > mostVanished || (now == 0 && before > 1)
	}
}
