// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/access"
	"github.com/zonewarden/zonewarden/internal/policy"
)

// longestName fits what is named after an object: labels, host names, services.
const longestName = 63

// Name of a window's fuses, pod, service and policies: window-NAME. One that would be too
// long is cut and told apart by a hash, behind two hyphens, which no window's name begins with.
func Name(window string) string {
	if name := "window-" + window; len(name) <= longestName {
		return name
	}
	return "window--" + window[:44] + "-" + short(window)
}

// bindingName is window-NAME.ROLE. Windows have no dots in their names, so that no two
// windows and roles share one.
func bindingName(window, role string) string {
	if name := Name(window) + "." + role; len(name) <= 253 {
		return name
	}
	return Name(window) + "." + short(role)
}

func short(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:5])
}

// labelsOf are on every object of a window. Kind and name also select its pod.
func labelsOf(window string) map[string]string {
	return map[string]string{
		v1alpha1.LabelManagedBy: v1alpha1.LabelManagedByValue,
		v1alpha1.LabelKind:      access.KindWindow,
		v1alpha1.LabelName:      window,
	}
}

// podLabels select a window's pod.
func podLabels(window string) map[string]string {
	return map[string]string{v1alpha1.LabelKind: access.KindWindow, v1alpha1.LabelName: window}
}

// seal puts on a manifest what every object of a window carries, and its digest.
func (in *Input) seal(m policy.Manifest) *Object {
	m.SetLabels(labelsOf(in.Window.Name))
	annotations := map[string]string{v1alpha1.AnnotationSourceUID: string(in.Window.UID)}
	if in.Grant.Occurrence != "" {
		annotations[v1alpha1.AnnotationOccurrence] = in.Grant.Occurrence
	}
	if !in.Grant.Until.IsZero() && m.GetObjectKind().GroupVersionKind().Kind == kindJob {
		annotations[v1alpha1.AnnotationUntil] = in.Grant.Until.UTC().Format(time.RFC3339)
	}
	m.SetAnnotations(annotations)
	raw, err := json.Marshal(m)
	if err != nil {
		panic(fmt.Sprintf("encoding %T: %v", m, err)) // plain API types
	}
	sum := sha256.Sum256(raw)
	digest := hex.EncodeToString(sum[:])
	annotations[v1alpha1.AnnotationDigest] = digest
	m.SetAnnotations(annotations)
	return &Object{
		GVK: m.GetObjectKind().GroupVersionKind(), Namespace: m.GetNamespace(), Name: m.GetName(),
		Manifest: m, Digest: digest,
	}
}

// seconds rounds up: an end must not come before what was promised, and a deadline of
// nothing is refused.
func seconds(d time.Duration) *int64 {
	s := int64((d + time.Second - 1) / time.Second)
	s = max(s, 1)
	return &s
}
