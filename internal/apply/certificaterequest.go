// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// SigningRequest is what an issuer of cert-manager is asked to sign.
type SigningRequest struct {
	// Of is the certificate that it is for.
	Of *v1alpha1.WorkloadCertificate
	// PEM of the request (PKCS#10). It decides the object's name: the same request is asked
	// for once.
	PEM      []byte
	Issuer   v1alpha1.IssuerReference
	Lifetime time.Duration
	// Usages in cert-manager's words: "digital signature", "server auth".
	Usages []string
}

// Signed is what came of it.
type Signed struct {
	// Certificate and CA are PEM; Certificate is empty until it was signed.
	Certificate, CA []byte
	// Asked is when, zero for it was not.
	Asked time.Time
	// Failed says that nothing will come of it, by the issuer's or an approver's word.
	Failed bool
	// Reason and Message are the issuer's, or the approver's.
	Reason, Message string
}

// certificateRequest is the kind of cert-manager. It is not imported: its module brings
// more than all of ours.
const (
	certificateRequestVersion = "cert-manager.io/v1"
	certificateRequestKind    = "CertificateRequest"
)

// Sign asks for a signature, unless that was done. Approving it is somebody else's.
func (m Material) Sign(ctx context.Context, r SigningRequest) error {
	u := r.object()
	if found, err := m.Get(ctx, u, nil); found || err != nil {
		return err
	}
	return m.Put(ctx, r.object())
}

// Signed looks how a request stands. What was not asked for has the zero answer.
func (m Material) Signed(ctx context.Context, r SigningRequest) (Signed, error) {
	u := r.object()
	if found, err := m.Get(ctx, u, u.GetLabels()); !found {
		return Signed{}, err
	}
	return signedBy(u)
}

// Forget removes a request that was answered.
func (m Material) Forget(ctx context.Context, r SigningRequest) error {
	u := r.object()
	if found, err := m.Get(ctx, u, u.GetLabels()); !found {
		return err
	}
	return m.Remove(ctx, u)
}

func (r SigningRequest) object() *unstructured.Unstructured {
	sum := sha256.Sum256(r.PEM)
	u := &unstructured.Unstructured{Object: map[string]any{
		"spec": map[string]any{
			"request":  base64.StdEncoding.EncodeToString(r.PEM),
			"duration": r.Lifetime.String(),
			"usages":   anyOf(r.Usages),
			"issuerRef": map[string]any{
				"name": r.Issuer.Name, "kind": r.Issuer.Kind, "group": r.Issuer.Group,
			},
		},
	}}
	u.SetAPIVersion(certificateRequestVersion)
	u.SetKind(certificateRequestKind)
	u.SetNamespace(r.Of.Namespace)
	name := r.Of.Name
	if len(name) > longestStem {
		name = name[:longestStem]
	}
	u.SetName(name + "-" + hex.EncodeToString(sum[:])[:16])
	u.SetLabels(Labelled("WorkloadCertificate", r.Of.Name))
	u.SetOwnerReferences([]metav1.OwnerReference{OwnedBy(r.Of)})
	return u
}

// longestStem leaves room for a dash and 16 digits in a name.
const longestStem = 253 - 17

func anyOf(words []string) []any {
	out := make([]any, len(words))
	for i, w := range words {
		out[i] = w
	}
	return out
}

// requestStatus is what is read of a request's status.
type requestStatus struct {
	Status struct {
		Certificate []byte             `json:"certificate"`
		CA          []byte             `json:"ca"`
		Conditions  []metav1.Condition `json:"conditions"`
	} `json:"status"`
}

// signedBy reads how a request stands.
func signedBy(u *unstructured.Unstructured) (Signed, error) {
	var in requestStatus
	raw, err := u.MarshalJSON()
	if err == nil {
		err = json.Unmarshal(raw, &in)
	}
	if err != nil {
		return Signed{}, fmt.Errorf("reading the status of %s: %w", nameOf(u), err)
	}
	out := Signed{Asked: u.GetCreationTimestamp().Time}
	say := func(c *metav1.Condition) Signed {
		out.Reason, out.Message = c.Type+"/"+c.Reason, c.Message
		return out
	}
	for _, kind := range []string{"Denied", "InvalidRequest"} {
		if c := meta.FindStatusCondition(in.Status.Conditions, kind); c != nil && c.Status == metav1.ConditionTrue {
			out.Failed = true
			return say(c), nil
		}
	}
	ready := meta.FindStatusCondition(in.Status.Conditions, "Ready")
	switch {
	case ready == nil:
		out.Reason, out.Message = "Approval", "it waits for an approval"
		return out, nil
	case ready.Reason == "Failed":
		out.Failed = true
	case ready.Status == metav1.ConditionTrue:
		out.Certificate, out.CA = in.Status.Certificate, in.Status.CA
	}
	return say(ready), nil
}
