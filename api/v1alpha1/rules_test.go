// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// A rule is a sentence about a kind, with a neighbour on either side of the line
// that it draws.
//
// Both are changes to the base manifest: YAML that maps the path of a field to its
// value, as in "spec.responders[0].zone: dosing"; null removes the field. What lies
// on the way to it is made. No change is the base manifest itself.
type rule struct {
	name     string
	accepted string
	refused  string   // empty: the rule only says what is accepted
	because  []string // of the refusal, "field: part of the message" for each cause
}

// whole is what the API server calls the object in a message that names no field.
const whole = "<nil>"

// notAllChecked is a cause that comes along with others, which are all that matters.
const notAllChecked = "some validation rules were not checked"

// strict makes requests that change nothing, and fail over fields that do not exist.
var (
	strictCreate = metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}, FieldValidation: metav1.FieldValidationStrict}
	strictUpdate = metav1.UpdateOptions{DryRun: []string{metav1.DryRunAll}, FieldValidation: metav1.FieldValidationStrict}
)

// TestSpecRules puts both neighbours of each rule to the API server. A kind that
// nobody declares has its status here, which is written like a spec.
func TestSpecRules(t *testing.T) {
	for _, k := range kinds() {
		t.Run(k.name, func(t *testing.T) {
			testRules(t, k.rules(), func(t *testing.T, change string) error {
				t.Helper()
				_, err := k.client().Create(t.Context(), k.object(t, change), strictCreate)
				return err
			})
		})
	}
}

// TestStatusRules does it with what only the operator writes.
func TestStatusRules(t *testing.T) {
	for _, k := range declaredKinds() {
		t.Run(k.name, func(t *testing.T) {
			stored := k.create(t, "")
			testRules(t, k.status(), func(t *testing.T, change string) error {
				t.Helper()
				object := &unstructured.Unstructured{Object: apply(t, stored.DeepCopy().Object, change)}
				_, err := k.client().UpdateStatus(t.Context(), object, strictUpdate)
				return err
			})
		})
	}
}

// TestUpdateRules does it with changes of what is stored.
func TestUpdateRules(t *testing.T) {
	for _, k := range declaredKinds() {
		if k.updates == nil {
			continue
		}
		t.Run(k.name, func(t *testing.T) {
			stored := k.create(t, "")
			testRules(t, k.updates(), func(t *testing.T, change string) error {
				t.Helper()
				object := &unstructured.Unstructured{Object: apply(t, stored.DeepCopy().Object, change)}
				_, err := k.client().Update(t.Context(), object, strictUpdate)
				return err
			})
		})
	}
}

func testRules(t *testing.T, rules []rule, try func(t *testing.T, change string) error) {
	t.Helper()
	names := map[string]bool{}
	for _, r := range rules {
		if names[r.name] {
			t.Errorf("two rules say %q", r.name)
		}
		names[r.name] = true
		t.Run(r.name, func(t *testing.T) {
			if err := try(t, r.accepted); err != nil {
				t.Errorf("this should be accepted:\n%s\n%v", abridged(r.accepted), err)
			}
			if r.refused != "" {
				checkRefusal(t, r, try(t, r.refused))
			}
		})
	}
}

// checkRefusal wants a refusal for exactly the reasons that the rule gives.
func checkRefusal(t *testing.T, r rule, err error) {
	t.Helper()
	if err == nil {
		t.Errorf("this should be refused:\n%s", abridged(r.refused))
		return
	}
	var status apierrors.APIStatus
	if !errors.As(err, &status) || !apierrors.IsInvalid(err) {
		t.Errorf("this is refused for something else than a rule:\n%s\n%v", abridged(r.refused), err)
		return
	}
	wanted := slices.Clone(r.because)
	for _, cause := range status.Status().Details.Causes {
		if strings.Contains(cause.Message, notAllChecked) {
			continue
		}
		found := slices.IndexFunc(wanted, func(want string) bool {
			field, message, _ := strings.Cut(want, ": ")
			return field == cause.Field && strings.Contains(cause.Message, message)
		})
		if found < 0 {
			t.Errorf("refused also because\n%s: %s", cause.Field, cause.Message)
			continue
		}
		wanted = slices.Delete(wanted, found, found+1)
	}
	for _, want := range wanted {
		t.Errorf("not refused because\n%s", want)
	}
}

// apply changes an object; see rule.
func apply(t *testing.T, object map[string]any, change string) map[string]any {
	t.Helper()
	fields := map[string]any{}
	if err := yaml.Unmarshal([]byte(change), &fields); err != nil {
		t.Fatalf("%v in\n%s", err, abridged(change))
	}
	for _, path := range slices.Sorted(maps.Keys(fields)) {
		steps := strings.FieldsFunc(path, func(r rune) bool { return strings.ContainsRune(".[]", r) })
		setField(t, object, steps, fields[path])
	}
	return object
}

// setField sets a field of a map or an element of a list, and returns the result.
func setField(t *testing.T, in any, steps []string, value any) any {
	t.Helper()
	if len(steps) == 0 {
		return value
	}
	if index, err := strconv.Atoi(steps[0]); err == nil {
		list, _ := in.([]any)
		if index == len(list) {
			list = append(list, nil)
		}
		if index > len(list) {
			t.Fatalf("no element %d in %v", index, list)
		}
		list[index] = setField(t, list[index], steps[1:], value)
		return list
	}
	object, _ := in.(map[string]any)
	if object == nil {
		object = map[string]any{}
	}
	if value == nil && len(steps) == 1 {
		delete(object, steps[0])
		return object
	}
	object[steps[0]] = setField(t, object[steps[0]], steps[1:], value)
	return object
}

// abridged shortens a change for a message.
func abridged(change string) string {
	const most = 500
	if len(change) <= most {
		return change
	}
	return change[:most] + "..."
}
