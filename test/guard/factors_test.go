// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/zonewarden/zonewarden/test/controlplane"
)

// provider is an identity provider (OpenID Connect) on this machine.
type provider struct {
	*httptest.Server
	key *ecdsa.PrivateKey
}

func startProvider(t *testing.T) *provider {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p := &provider{key: key}
	public, err := key.PublicKey.Bytes() // 4, x, y
	if err != nil {
		t.Fatal(err)
	}
	answers := http.NewServeMux()
	answer := func(path string, content func() any) {
		answers.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			if err := json.NewEncoder(w).Encode(content()); err != nil {
				t.Error(err)
			}
		})
	}
	answer("/.well-known/openid-configuration", func() any {
		return map[string]any{"issuer": p.URL, "jwks_uri": p.URL + "/keys", "id_token_signing_alg_values_supported": []string{"ES256"}}
	})
	answer("/keys", func() any {
		return map[string]any{"keys": []any{map[string]any{"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "1", "x": encoded(public[1:33]), "y": encoded(public[33:])}}}
	})
	p.Server = httptest.NewTLSServer(answers)
	t.Cleanup(p.Close)
	return p
}

func encoded(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// configuration is what an administrator gives the API server; the samples show it.
func (p *provider) configuration(t *testing.T) string {
	t.Helper()
	ca, err := json.Marshal(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.Certificate().Raw})))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "authentication.yaml")
	content := fmt.Sprintf(`
apiVersion: apiserver.config.k8s.io/v1
kind: AuthenticationConfiguration
jwt:
  - issuer: {url: %q, audiences: [kubernetes], certificateAuthority: %s}
    claimMappings:
      username: {claim: preferred_username, prefix: ""}
      extra:
        - {key: zonewarden.io/amr, valueExpression: claims.amr}
`, p.URL, ca)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// token says who somebody is and how they have authenticated.
func (p *provider) token(t *testing.T, user string, amr ...string) string {
	t.Helper()
	const year2100 = 4102444800
	claims, err := json.Marshal(map[string]any{"iss": p.URL, "aud": "kubernetes", "sub": user, "exp": year2100, "preferred_username": user, "amr": amr})
	if err != nil {
		t.Fatal(err)
	}
	signed := encoded([]byte(`{"alg":"ES256","kid":"1"}`)) + "." + encoded(claims)
	digest := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, p.key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return signed + "." + encoded(signature)
}

// TestFactorsAreTheAPIServersWord has people log in at an identity provider, by one factor
// and by two, where the Site asks for the second.
func TestFactorsAreTheAPIServersWord(t *testing.T) {
	idp := startProvider(t)
	plane, err := controlplane.Start(t.Context(), controlplane.Options{
		CRDPaths:      []string{"../../config/crd"},
		APIServerArgs: map[string][]string{"authentication-config": {idp.configuration(t)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := plane.Stop(); err != nil {
			t.Error(err)
		}
	})
	c := &cluster{plane: plane, callers: map[name]*caller{}}
	if c.callers[administrator], err = newCaller(plane.Config()); err != nil {
		t.Fatal(err)
	}
	roles, err := kustomized("../../config/rbac")
	if err != nil {
		t.Fatal(err)
	}
	objects := append(roles, manifests("testdata/vendors.yaml")...)
	objects = append(objects, parse(`
apiVersion: zonewarden.io/v1alpha1
kind: Site
metadata: {name: site}
spec: {id: ww-17, scope: {namespaceSelector: {matchLabels: {a: b}}}, access: {factors: [otp]}}`)...)
	if err := errors.Join(c.apply(t.Context(), parse("apiVersion: v1\nkind: Namespace\nmetadata: {name: zonewarden-system}")...), c.apply(t.Context(), objects...)); err != nil {
		t.Fatal(err)
	}
	for who, login := range map[name]string{
		planner: idp.token(t, "planner", "pwd"), approverByPwd: idp.token(t, "approver", "pwd"), approverByOTP: idp.token(t, "approver", "pwd", "otp"),
	} {
		config := rest.AnonymousClientConfig(plane.Config())
		config.BearerToken = login
		if c.callers[who], err = newCaller(config); err != nil {
			t.Fatal(err)
		}
	}
	// The API server asks the provider for its keys some time after it has started.
	if err := c.becomes(t.Context(), accepted, "people can log in", planner, create(window("pump-01a", "planner"))); err != nil {
		t.Fatal(err)
	}
	if err := create(window("pump-01a", "planner"))(t.Context(), c.callers[planner]); err != nil {
		t.Fatal(err)
	}
	if err := c.raiseGuard(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.tryFactors(t)
}

func (c *cluster) tryFactors(t *testing.T) {
	t.Helper()
	claim := func(name string, factors ...string) request {
		return func(ctx context.Context, approver *caller) error {
			o := object(zonewarden, "VendorAccessWindow", "pump-01a")
			if err := c.callers[administrator].Get(ctx, key("pump-01a"), o); err != nil {
				return err
			}
			words := []string{"decision:", "factors: [" + strings.Join(factors, ", ") + "]\n  decision:"}
			return approver.Create(ctx, parse(with(with(decision, words...), "NAME", name, "WINDOW", "pump-01a", "UID", string(o.GetUID())))[0])
		}
	}
	if err := c.refused(t.Context(), "the Site's factors are known", approverByPwd, claim("one", "pwd")); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		as   name
		do   request
		want outcome
		by   string
	}{
		{approverByPwd, claim("one", "pwd"), refusedByGuard, byLimits},
		{approverByPwd, claim("lie", "pwd", "otp"), refusedByGuard, byApprovals},
		{approverByOTP, claim("silent", "pwd"), refusedByGuard, byLimits},
		{approverByOTP, claim("two", "pwd", "otp"), accepted, ""},
	} {
		err := tt.do(t.Context(), c.callers[tt.as])
		if outcomeOf(err) != tt.want || tt.by != "" && policyOf(err) != tt.by {
			t.Errorf("as %s: %v, want it %s %s", tt.as, err, tt.want, tt.by)
		}
	}
}
