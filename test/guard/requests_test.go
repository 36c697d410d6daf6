// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// API versions that many manifests name.
const (
	zonewarden = "zonewarden.io/v1alpha1"
	ciliumV2   = "cilium.io/v2"
	networking = "networking.k8s.io/v1"
	tiers      = "policy.networking.k8s.io/v1alpha2"
	admissions = "admissionregistration.k8s.io/v1"
)

// request is one or several calls of somebody. The first that fails ends it.
type request func(context.Context, *caller) error

// create creates an object.
func create(manifest string) request {
	o := parse(manifest)[0]
	return func(ctx context.Context, c *caller) error { return c.Create(ctx, o.DeepCopy()) }
}

// applyAs applies an object by server-side apply as a field manager, and takes over what
// others own.
func applyAs(o *unstructured.Unstructured, manager string) request {
	return func(ctx context.Context, c *caller) error {
		return c.Apply(ctx, client.ApplyConfigurationFromUnstructured(o.DeepCopy()), client.FieldOwner(manager), client.ForceOwnership)
	}
}

// merge patches an object, or one of its subresources.
func merge(apiVersion, kind, path, patch string, subresource ...string) request {
	return patched(types.MergePatchType, apiVersion, kind, path, patch, subresource...)
}

func patched(as types.PatchType, apiVersion, kind, path, patch string, subresource ...string) request {
	return func(ctx context.Context, c *caller) error {
		o := object(apiVersion, kind, path)
		p := client.RawPatch(as, []byte(patch))
		if len(subresource) > 0 {
			return c.SubResource(subresource[0]).Patch(ctx, o, p)
		}
		return c.Patch(ctx, o, p)
	}
}

// remove deletes an object.
func remove(apiVersion, kind, path string, options ...client.DeleteOption) request {
	return func(ctx context.Context, c *caller) error {
		return c.Delete(ctx, object(apiVersion, kind, path), options...)
	}
}

// rewrite reads an object and writes it with an annotation more, as a whole.
func rewrite(apiVersion, kind, path string) request {
	return func(ctx context.Context, c *caller) error {
		o := object(apiVersion, kind, path)
		if err := c.Get(ctx, key(path), o); err != nil {
			return err
		}
		o.SetAnnotations(map[string]string{"written": "again"})
		return c.Update(ctx, o)
	}
}

// removeAll deletes a collection; its requests carry no names.
func removeAll(apiVersion, kind, namespace string, options ...client.DeleteAllOfOption) request {
	return func(ctx context.Context, c *caller) error {
		if namespace != "" {
			options = append(options, client.InNamespace(namespace))
		}
		return c.DeleteAllOf(ctx, object(apiVersion, kind, "any"), options...)
	}
}

// bind assigns a pod to a node, with labels and annotations that the pod then gets.
func bind(path, metadata string) request {
	return func(ctx context.Context, c *caller) error {
		b := parse("apiVersion: v1\nkind: Binding\ntarget: {kind: Node, name: node-1}\nmetadata: " + metadata)[0]
		b.SetNamespace(key(path).Namespace)
		b.SetName(key(path).Name)
		return c.SubResource("binding").Create(ctx, object("v1", "Pod", path), b)
	}
}

// connect calls a path that is no object: exec and the like.
func connect(method, path string) request { return call(method, path, "") }

// send sends an object to a path that clients have no method for.
func send(method, path string, o any) request {
	raw, err := json.Marshal(o)
	if err != nil {
		panic(err) // made of constants
	}
	return call(method, path, string(raw))
}

func call(method, path, body string) request {
	return func(ctx context.Context, c *caller) error {
		r, err := http.NewRequestWithContext(ctx, method, c.server+path, strings.NewReader(body))
		if err != nil {
			return err
		}
		r.Header.Set("Content-Type", "application/json")
		response, err := c.http.Do(r)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		raw, err := io.ReadAll(response.Body)
		if err != nil {
			return err
		}
		var status metav1.Status
		if json.Unmarshal(raw, &status) == nil && status.Kind == "Status" && status.Status == metav1.StatusFailure {
			return &apierrors.StatusError{ErrStatus: status}
		}
		return nil
	}
}

// each does one after the other.
func each(requests ...request) request {
	return func(ctx context.Context, c *caller) error {
		for i, r := range requests {
			if err := r(ctx, c); err != nil {
				return fmt.Errorf("request %d: %w", i+1, err)
			}
		}
		return nil
	}
}

// dry asks for everything but the deed.
func dry(r request) request {
	return func(ctx context.Context, c *caller) error { return r(ctx, c.dryRun()) }
}

// outcome of a request.
type outcome string

const (
	accepted       = outcome("accepted")
	refusedByGuard = outcome("refused by the guard")
	refusedByRBAC  = outcome("refused by RBAC")
	failed         = outcome("failed") // for something that has nothing to do with rights
)

// outcomeOf sorts an answer. One to a connection counts as accepted when it is about the
// node, of which there is none: the API server asks admission before it connects.
func outcomeOf(err error) outcome {
	var status apierrors.APIStatus
	switch {
	case err == nil:
		return accepted
	case !errors.As(err, &status):
		return failed
	case policyOf(err) != "":
		return refusedByGuard
	case apierrors.IsForbidden(err):
		return refusedByRBAC
	}
	for _, nowhere := range []string{"does not have a host assigned", "no preferred addresses found", "address not allowed", "no endpoints available", "nodes \"", "address for pod", "dial tcp"} {
		if strings.Contains(err.Error(), nowhere) {
			return accepted
		}
	}
	return failed
}

// policyOf is the policy that refused.
func policyOf(err error) string {
	_, after, found := strings.Cut(err.Error(), "ValidatingAdmissionPolicy '")
	if !found {
		return ""
	}
	policy, _, _ := strings.Cut(after, "'")
	return policy
}

// sentence is what the policy says, without the API server's frame around it.
func sentence(err error) string {
	_, after, found := strings.Cut(err.Error(), " denied request: ")
	if !found {
		return err.Error()
	}
	return after
}
