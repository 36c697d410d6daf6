// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// Blocks of docs/certificates.md.
var (
	firstCertificate = typed{"docs/certificates.md", "kubectl apply -k config/certificates"}
	sampleReadme     = typed{"config/samples/certificates/README.md", "kubectl apply -k"}
	peopleMake       = typed{"docs/certificates.md", "kubectl patch zone site-historian"}
	peopleSign       = typed{"docs/certificates.md", "kubectl -n ww-historian wait"}
	peopleForOPCUA   = typed{"docs/certificates.md", "kubectl patch zone cell-filtration"}
	byHand           = typed{"docs/certificates.md", "kubectl zonewarden certs rotate"}
	acknowledge      = typed{"docs/certificates.md", "kubectl zonewarden certs acknowledge"}
)

// ofCertificates are those that TestThePageOfCertificates types.
var ofCertificates = []typed{firstCertificate, sampleReadme, peopleMake, peopleSign, peopleForOPCUA, byHand, acknowledge}

// vouch is what docs/runbook.md has a person do whose clock nothing else vouches for.
const vouch = `kubectl wait site/site --for=jsonpath='{.status.clock.bootID}' --timeout=60s
me=$(kubectl auth whoami -o jsonpath='{.status.userInfo.username}')
kubectl get site/site -o json |
  jq --arg me "$me" '{spec: {access: {clock: {acknowledged: {bootID: .status.clock.bootID, by: $me, saw: .status.clock.run}}}}}' > clock
kubectl patch site/site --type=merge --patch-file clock
kubectl wait site/site --for=condition=ClockTrusted --timeout=60s`

// certified is who reads the page. openssl is given a passphrase that it asks people for.
type certified struct{ *plant }

var passphrase = []string{
	"-newkey rsa:3072", "-newkey rsa:3072 -passout pass:sluice", "-CAkey zone.key", "-CAkey zone.key -passin pass:sluice",
	"-keyfile opcua.key", "-keyfile opcua.key -passin pass:sluice",
}

// TestThePageOfCertificates types every command of docs/certificates.md.
func TestThePageOfCertificates(t *testing.T) {
	t.Parallel()
	p := certified{startWaterWorks(t)}
	p.does(t, vouch)
	p.types(t, firstCertificate)
	p.types(t, sampleReadme)
	// Windows and freezes of the sample are days of the year, and the test has to pass on each.
	later := time.Now().Add(12 * time.Hour)
	p.does(t, fmt.Sprintf(`kubectl patch site/site --type=merge -p '{"spec":{"certificates":{"freezes":null,"trustDelay":"1s",
		"maintenanceWindows":[{"name":"sunday-night","schedule":%q,"duration":"5m"},{"name":"yearly-shutdown","schedule":%q,"duration":"5m"}]}}}'`,
		later.UTC().Format("4 15 * * *"), later.UTC().Format("4 15 * * *")))
	p.becomes(t, opcuaServer, "it is there", idle)
	p.awaitsPeople(t)
	p.acknowledges(t)
	p.rotates(t, later)
	p.acknowledges(t)
	p.peopleSign(t)
	p.peopleSignForOPCUA(t)
	if out := p.does(t, p.last(t)); strings.Contains(out, "alarm") {
		t.Errorf("in the end: %s", out)
	}
}

// alarmed has an alarm for the cron job.
var alarmed = strings.NewReplacer("alarm ", "echo alarm ")

// last is the line of byHand that is for a cron job.
func (p certified) last(t *testing.T) string {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(byHand.script(t)), "\n")
	return alarmed.Replace(lines[len(lines)-1])
}

// awaitsPeople declares what the page does in YAML, in a zone whose authority people keep.
func (p certified) awaitsPeople(t *testing.T) {
	t.Helper()
	offline, _, _ := strings.Cut(peopleMake.script(t), "\n")
	p.does(t, offline)
	text, err := os.ReadFile(root("docs", "certificates.md"))
	must(t, err)
	p.does(t, "kubectl apply -f - <<'E'\n"+blocks(t, string(text), "yaml")[0]+"E")
	p.becomes(t, historian, "it has no authority", func(c *v1alpha1.WorkloadCertificate) bool {
		return says(c, v1alpha1.ConditionReady, "NoAuthority")
	})
}

// rotates a certificate and its authority: the one waits for a window, the other for a device.
func (p certified) rotates(t *testing.T, window time.Time) {
	t.Helper()
	before := p.becomes(t, opcuaServer, "nothing waits", idle).Status.Certificate.Authority
	out := p.does(t, alarmed.Replace(byHand.script(t)))
	if !strings.Contains(out, "BAD   ww-historian/historian: there is no certificate") || !strings.Contains(out, "alarm\n") {
		t.Errorf("without a certificate:\n%s", out)
	}
	c := p.becomes(t, opcuaServer, "both wait", func(c *v1alpha1.WorkloadCertificate) bool {
		return c.Status.Step == v1alpha1.StepAwaitingWindow && says(c, v1alpha1.ConditionDeferred, "OutsideWindow") &&
			says(c, v1alpha1.ConditionPeersTrust, "OutsidePeers") && len(c.Status.Trust) == 2
	}).Status
	if next := c.NextRotation; next == nil || next.After(window.Add(24*time.Hour)) {
		t.Errorf("it waits for a window of each day, and says %s", next)
	}
	if peer := c.OutsidePeers[0]; peer.Fingerprint == before || peer.Trusted || c.Certificate.Authority != before {
		t.Errorf("before the window it is %+v", c)
	}
}

// acknowledges what a device shows of the file that was installed there.
func (p certified) acknowledges(t *testing.T) {
	t.Helper()
	c, err := p.certificate(t.Context(), opcuaServer)
	must(t, err)
	p.mustNot(t, "another fingerprint is acknowledged", strings.ReplaceAll(acknowledge.script(t), "AB:CD:…", "AB:CD"))
	shown := p.does(t, `kubectl -n ww-filtration get configmap opcua-server-tls-install -o json | jq -r '.binaryData["authority.der"]' |
		base64 -d | openssl x509 -inform DER -noout -fingerprint -sha256`)
	_, shown, _ = strings.Cut(strings.TrimSpace(shown), "=")
	if peer := c.Status.OutsidePeers[0]; withoutColons(shown) != peer.Fingerprint || peer.Trusted {
		t.Errorf("the device shows %s, and it is to have %+v", shown, peer)
	}
	p.types(t, acknowledge, "AB:CD:…", shown)
	p.becomes(t, opcuaServer, "the device trusts it", func(c *v1alpha1.WorkloadCertificate) bool {
		return says(c, v1alpha1.ConditionPeersTrust, "AllTrust") && c.Status.OutsidePeers[0].Trusted
	})
}

// peopleSign makes the zone's authority and the first certificate of it.
func (p certified) peopleSign(t *testing.T) {
	t.Helper()
	p.types(t, peopleMake, passphrase...)
	p.types(t, peopleSign, passphrase...)
	c := p.becomes(t, historian, "it is signed", idle).Status
	if made := p.fingerprint(t, "zone.crt"); c.Certificate.Authority != made || c.Certificate.Fingerprint != p.fingerprint(t, "it.crt") {
		t.Errorf("people made %s, and it is signed by %s", made, c.Certificate.Authority)
	}
	p.does(t, `kubectl -n ww-historian get secret historian-tls -o json > secret
		jq -r '.data["tls.crt"]' secret | base64 -d > served && jq -r '.data["tls.key"]' secret | base64 -d > served.key
		openssl verify -CAfile zone.crt -purpose sslserver -verify_hostname historian.ww-historian.svc served
		openssl x509 -in served -noout -pubkey > public && openssl pkey -in served.key -pubout | cmp - public`)
	p.mustNot(t, "the key of people's authority is in the cluster",
		"kubectl -n zonewarden-system get secret authority-site-historian -o json | jq -r '.data[] | @base64d' | grep 'PRIVATE KEY'")
}

// peopleSignForOPCUA makes an authority that devices can be given, with its revocation list.
func (p certified) peopleSignForOPCUA(t *testing.T) {
	t.Helper()
	p.types(t, peopleForOPCUA, passphrase...)
	made := p.fingerprint(t, "opcua.crt")
	p.becomes(t, opcuaServer, "the authority is to come", func(c *v1alpha1.WorkloadCertificate) bool {
		return c.Status.OutsidePeers[0].Fingerprint == made && trusts(c, made) && says(c, v1alpha1.ConditionAccepted, v1alpha1.ReasonAccepted)
	})
	p.does(t, `openssl crl -in opcua.crl -outform DER -out opcua.der
		kubectl -n ww-filtration get configmap opcua-server-tls-install -o json | jq -r '.binaryData["authority.crl"]' | base64 -d | cmp - opcua.der`)
}

func (p certified) fingerprint(t *testing.T, file string) string {
	t.Helper()
	_, shown, _ := strings.Cut(p.does(t, "openssl x509 -in "+file+" -noout -fingerprint -sha256"), "=")
	return withoutColons(shown)
}

// withoutColons is a fingerprint as the status has it.
func withoutColons(shown string) string {
	return strings.ToLower(strings.ReplaceAll(strings.TrimSpace(shown), ":", ""))
}
