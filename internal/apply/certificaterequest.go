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

// Sign asks for a signature, or looks how the request stands. Approving it is somebody else's.
func (m Material) Sign(ctx context.Context, r SigningRequest) (Signed, error) {
	u := r.object()
	found, err := m.Get(ctx, u, nil)
	if err != nil {
		return Signed{}, err
	}
	if !found {
		u = r.object()
		if err := m.Put(ctx, u); err != nil {
			return Signed{}, err
		}
	}
	return signedBy(u)
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

// OwnedBy makes an object go with its certificate.
func OwnedBy(w *v1alpha1.WorkloadCertificate) metav1.OwnerReference {
	return metav1.OwnerReference{
		APIVersion: v1alpha1.GroupVersion.String(), Kind: "WorkloadCertificate", Name: w.Name, UID: w.UID,
	}
}

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
	of := func(kind string) *metav1.Condition { return meta.FindStatusCondition(in.Status.Conditions, kind) }
	for _, kind := range []string{"Denied", "InvalidRequest"} {
		if c := of(kind); c != nil && c.Status == metav1.ConditionTrue {
			return Signed{Failed: true, Reason: c.Reason, Message: c.Message}, nil
		}
	}
	ready := of("Ready")
	switch {
	case ready == nil:
		return Signed{Reason: "Approval", Message: "the request waits for cert-manager's approval"}, nil
	case ready.Reason == "Failed":
		return Signed{Failed: true, Reason: ready.Reason, Message: ready.Message}, nil
	case ready.Status != metav1.ConditionTrue:
		return Signed{Reason: ready.Reason, Message: ready.Message}, nil
	}
	return Signed{Certificate: in.Status.Certificate, CA: in.Status.CA, Reason: ready.Reason, Message: ready.Message}, nil
}
