// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"slices"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// ladder is the Purdue model from the process up; the DMZ stands between
// operations and the office.
var ladder = []v1alpha1.Level{
	v1alpha1.LevelL0, v1alpha1.LevelL1, v1alpha1.LevelL2, v1alpha1.LevelL3,
	v1alpha1.LevelDMZ, v1alpha1.LevelL4, v1alpha1.LevelL5,
}

// Ladder returns the levels from the process up.
func Ladder() []v1alpha1.Level { return slices.Clone(ladder) }

// rung is the position on the ladder, -1 for a level that does not exist.
func rung(l v1alpha1.Level) int { return slices.Index(ladder, l) }

// Levels is a resolved SL-T vector (IEC 62443-3-2 ZCR 5.6), one target for each
// foundational requirement.
type Levels struct {
	IAC, UC, SI, DC, RDF, TRE, RA int32
}

func resolveLevels(d v1alpha1.SecurityLevels) Levels {
	pick := func(l *v1alpha1.SecurityLevel) int32 {
		switch {
		case l != nil:
			return int32(*l)
		case d.All != nil:
			return int32(*d.All)
		default:
			return 0
		}
	}
	return Levels{
		IAC: pick(d.IAC), UC: pick(d.UC), SI: pick(d.SI), DC: pick(d.DC),
		RDF: pick(d.RDF), TRE: pick(d.TRE), RA: pick(d.RA),
	}
}

// max returns the higher target of each requirement.
func (l Levels) max(o Levels) Levels {
	return Levels{
		IAC: max(l.IAC, o.IAC), UC: max(l.UC, o.UC), SI: max(l.SI, o.SI), DC: max(l.DC, o.DC),
		RDF: max(l.RDF, o.RDF), TRE: max(l.TRE, o.TRE), RA: max(l.RA, o.RA),
	}
}

// communication is the target that the protection of data in transit answers
// to: SR 3.1 (communication integrity) and SR 4.1 (confidentiality).
func (l Levels) communication() int32 { return max(l.SI, l.DC) }

// Highest returns the highest target of all.
func (l Levels) Highest() int32 { return max(l.IAC, l.UC, l.SI, l.DC, l.RDF, l.TRE, l.RA) }

// isOffice says that a zone is on the office's side of the DMZ, or beyond.
func isOffice(level v1alpha1.Level, t v1alpha1.ZoneType) bool {
	return t == v1alpha1.ZoneTypeBusiness || t == v1alpha1.ZoneTypeExternal ||
		level == v1alpha1.LevelL4 || level == v1alpha1.LevelL5
}

// isOperations says that a zone is on the plant's side of the DMZ.
func isOperations(level v1alpha1.Level, t v1alpha1.ZoneType) bool {
	return !isOffice(level, t) && level != v1alpha1.LevelDMZ
}
