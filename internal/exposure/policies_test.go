// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package exposure_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/exposure"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/policy/cilium"
	"github.com/zonewarden/zonewarden/internal/policy/networkpolicy"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// TestForeignAllows is each shape of a policy of others, and what it opens.
func TestForeignAllows(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		foreign string
		want    []string
	}{
		"allow all":                {np("cell", everyPod+", policyTypes: [Ingress, Egress], ingress: [{}], egress: [{}]"), []string{"cell ForeignPolicy 192.0.2.1 -> cell/gateway-0 22/TCP"}},
		"every peer, one port":     {np("cell", everyPod+", ingress: [{ports: [{port: 22}]}]"), []string{"cell ForeignPolicy 192.0.2.1 -> cell/gateway-0 22/TCP"}},
		"a range":                  {np("cell", everyPod+", ingress: [{ports: [{port: 8000, endPort: 9000, protocol: UDP}]}]"), []string{"cell ForeignPolicy 192.0.2.1 -> cell/gateway-0 8000/UDP"}},
		"egress":                   {np("cell", everyPod+", egress: [{}]"), []string{"cell ForeignPolicy cell/gateway-0 -> 192.0.2.1 22/TCP"}},
		"a namespace":              {np("cell", everyPod+", ingress: [{from: [{namespaceSelector: {matchLabels: {team: it}}}]}]"), []string{"cell ForeignPolicy office/erp-0 -> cell/gateway-0 22/TCP"}},
		"a namespace by its name":  {np("cell", everyPod+", ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: office}}, podSelector: {matchLabels: {app: erp}}}]}]"), []string{"cell ForeignPolicy office/erp-0 -> cell/gateway-0 22/TCP"}},
		"pods that do not exist":   {np("cell", everyPod+", ingress: [{from: [{namespaceSelector: {matchLabels: {team: it}}, podSelector: {matchLabels: {app: none}}}]}]"), nil},
		"some pods":                {np("cell", "podSelector: {matchLabels: {app: opcua}}, ingress: [{}]"), []string{"cell ForeignPolicy 192.0.2.1 -> cell/opcua-0 22/TCP"}},
		"no pods":                  {np("cell", "podSelector: {matchLabels: {app: none}}, ingress: [{}]"), nil},
		"an ipBlock":               {np("cell", everyPod+", ingress: [{from: [{ipBlock: {cidr: 10.9.0.0/16}}]}]"), []string{"cell ForeignPolicy 10.9.0.1 -> cell/gateway-0 22/TCP"}},
		"an ipBlock with except":   {np("cell", everyPod+", ingress: [{from: [{ipBlock: {cidr: 10.9.0.0/16, except: [10.9.0.0/17]}}]}]"), []string{"cell ForeignPolicy 10.9.255.255 -> cell/gateway-0 22/TCP"}},
		"an ipBlock of declared":   {np("cell", "podSelector: {matchLabels: {app: gateway}}, ingress: [{from: [{ipBlock: {cidr: 10.20.9.0/24}}], ports: [{port: 9100}]}]"), nil},
		"and one address more":     {np("cell", "podSelector: {matchLabels: {app: gateway}}, ingress: [{from: [{ipBlock: {cidr: 10.20.8.0/23}}], ports: [{port: 9100}]}]"), []string{"cell ForeignPolicy 10.20.8.1 -> cell/gateway-0 9100/TCP"}},
		"and one port more":        {np("cell", "podSelector: {matchLabels: {app: gateway}}, ingress: [{from: [{ipBlock: {cidr: 10.20.9.0/24}}], ports: [{port: 9100, endPort: 9101}]}]"), []string{"cell ForeignPolicy 10.20.9.1 -> cell/gateway-0 9101/TCP"}},
		"and one pod more":         {np("cell", everyPod+", ingress: [{from: [{ipBlock: {cidr: 10.20.9.0/24}}], ports: [{port: 9100}]}]"), []string{"cell ForeignPolicy 10.20.9.1 -> cell/opcua-0 9100/TCP"}},
		"the zone itself":          {np("cell", everyPod+", ingress: [{from: [{podSelector: {}}]}]"), nil},
		"what the conduit says":    {np("cell", everyPod+", ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: scada}}, podSelector: {matchLabels: {app: hmi}}}], ports: [{port: 4840}]}]"), nil},
		"the other end is closed":  {np("cell", everyPod+", ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: scada}}}]}]"), nil},
		"DNS as the zone has it":   {np("cell", everyPod+", egress: [{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}, podSelector: {matchLabels: {k8s-app: kube-dns}}}], ports: [{port: 53, protocol: UDP}, {port: 53}]}]"), nil},
		"DNS to everybody":         {np("cell", everyPod+", egress: [{ports: [{port: 53, protocol: UDP}]}]"), []string{"cell ForeignPolicy cell/gateway-0 -> 192.0.2.1 53/UDP"}},
		"default deny":             {np("cell", everyPod+", policyTypes: [Ingress, Egress]"), nil},
		"pods in no zone":          {np("spare", everyPod+", ingress: [{}], egress: [{}]"), nil},
		"pods out of scope":        {np("office", everyPod+", ingress: [{}], egress: [{}]"), nil},
		"a zone in Observe":        {np("lab", everyPod+", ingress: [{}], egress: [{}]"), nil},
		"the pod range":            {np("cell", everyPod+", ingress: [{from: [{ipBlock: {cidr: 10.42.0.0/16}}]}]"), []string{"cell NotUnderstood kube-system/coredns-0 -> cell/gateway-0 22/TCP"}},
		"a name of a port":         {np("cell", everyPod+", ingress: [{from: [{namespaceSelector: {matchLabels: {team: it}}}], ports: [{port: http}]}]"), []string{"cell NotUnderstood office/erp-0 -> cell/gateway-0 22/TCP"}},
		"entity all":               {cnp("cell", "endpointSelector: {}, ingress: [{fromEntities: [all]}]"), []string{"cell ForeignPolicy 192.0.2.1 -> cell/gateway-0 22/TCP"}},
		"entity world":             {cnp("cell", "endpointSelector: {}, egress: [{toEntities: [world]}]"), []string{"cell ForeignPolicy cell/gateway-0 -> 192.0.2.1 22/TCP"}},
		"entity cluster":           {cnp("cell", "endpointSelector: {}, ingress: [{fromEntities: [cluster]}]"), []string{"cell ForeignPolicy kube-system/coredns-0 -> cell/gateway-0 22/TCP"}},
		"entity host":              {cnp("cell", "endpointSelector: {}, ingress: [{fromEntities: [host]}]"), nil},
		"to the node":              {cnp("cell", "endpointSelector: {}, egress: [{toEntities: [host]}]"), []string{"cell NotUnderstood cell/gateway-0 -> 192.168.7.1 22/TCP"}},
		"the Kubernetes API":       {cnp("cell", "endpointSelector: {}, egress: [{toEntities: [kube-apiserver]}]"), []string{"cell NotUnderstood cell/gateway-0 -> 192.0.2.1 22/TCP"}},
		"layer 7":                  {cnp("cell", "endpointSelector: {}, ingress: [{fromEntities: [all], toPorts: [{ports: [{port: '80', protocol: TCP}], rules: {http: [{method: GET}]}}]}]"), []string{"cell NotUnderstood 192.0.2.1 -> cell/gateway-0 80/TCP"}},
		"names in DNS":             {cnp("cell", "endpointSelector: {}, egress: [{toFQDNs: [{matchName: vendor.example}], toPorts: [{ports: [{port: '443', protocol: TCP}]}]}]"), []string{"cell NotUnderstood cell/gateway-0 -> 192.0.2.1 443/TCP"}},
		"not understood at all":    {cnp("cell", "endpointSelector: {}, tier: 1"), []string{"cell NotUnderstood 192.0.2.1 -> cell/gateway-0 22/TCP"}},
		"a CIDR of Cilium's":       {cnp("cell", "endpointSelector: {}, egress: [{toCIDRSet: [{cidr: 10.20.0.0/16, except: [10.20.1.0/24]}]}]"), []string{"cell ForeignPolicy cell/gateway-0 -> 10.20.0.1 22/TCP"}},
		"a CIDR that is declared":  {cnp("cell", "endpointSelector: {}, egress: [{toCIDR: [10.20.1.11/32]}]"), nil},
		"a group that is not ours": {cnp("cell", "endpointSelector: {}, egress: [{toCIDRSet: [{cidrGroupRef: vendor}]}]"), []string{"cell NotUnderstood cell/gateway-0 -> 192.0.2.1 22/TCP"}},
		"our own group":            {cnp("cell", "endpointSelector: {}, egress: [{toCIDRSet: [{cidrGroupRef: zone-cell}]}]"), nil},
		"clusterwide":              {ccnp("endpointSelector: {}, ingress: [{fromEntities: [world]}]"), []string{"cell ForeignPolicy 192.0.2.1 -> cell/gateway-0 22/TCP", "supervision ForeignPolicy 192.0.2.1 -> scada/historian-0 22/TCP"}},
		"clusterwide, one zone":    {ccnp(in("scada") + ", ingress: [{fromEntities: [world]}]"), []string{"supervision ForeignPolicy 192.0.2.1 -> scada/historian-0 22/TCP"}},
		"denies and allows":        {ccnp(in("cell") + ", ingress: [{fromEntities: [all]}], ingressDeny: [{fromEntities: [all]}]"), []string{"conduit drives-cell: CiliumClusterwideNetworkPolicy/p refuses 10.20.9.1 -> cell/gateway-0 9100/TCP", "conduit lab-cell: CiliumClusterwideNetworkPolicy/p refuses lab/bench-0 -> cell/gateway-0 9200/TCP", "conduit scada-cell: CiliumClusterwideNetworkPolicy/p refuses scada/hmi-0 -> cell/gateway-0 4840/TCP"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := plant(t)
			var got []string
			for _, line := range looked(input(t, &s, cilium.Backend{}, tc.foreign)) {
				got = append(got, brief(line))
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestForeignAllowsBesideNetworkPolicies: the same on the other backend.
func TestForeignAllowsBesideNetworkPolicies(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		foreign string
		want    []string
	}{
		"allow all":              {np("cell", everyPod+", ingress: [{}]"), []string{"cell ForeignPolicy 192.0.2.1 -> cell/gateway-0 22/TCP"}},
		"between two excepts":    {np("cell", everyPod+", ingress: [{from: [{ipBlock: {cidr: 10.9.0.0/16, except: [10.9.0.0/17, 10.9.192.0/18]}}]}]"), []string{"cell ForeignPolicy 10.9.128.0 -> cell/gateway-0 22/TCP"}},
		"what the conduit says":  {np("cell", everyPod+", ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: scada}}, podSelector: {matchLabels: {app: hmi}}}], ports: [{port: 4840}]}]"), nil},
		"an ipBlock of declared": {np("cell", "podSelector: {matchLabels: {app: gateway}}, ingress: [{from: [{ipBlock: {cidr: 10.20.9.0/25}}], ports: [{port: 9100}]}]"), nil},
		"default deny":           {np("cell", everyPod+", policyTypes: [Ingress, Egress]"), nil},
		// The lab observes: nothing is written there, so that another's default deny cuts it.
		"default deny where nothing of ours stands": {np("lab", everyPod+", policyTypes: [Egress]"), []string{"conduit lab-cell: NetworkPolicy/lab/p refuses lab/bench-0 -> cell/gateway-0 9200/TCP"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := plant(t)
			var got []string
			for _, line := range looked(input(t, &s, networkpolicy.Backend{}, tc.foreign)) {
				got = append(got, brief(line))
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestForeignDenies(t *testing.T) {
	t.Parallel()
	denyTo := func(rest string) string { return cnp("cell", "endpointSelector: {}, ingressDeny: [{"+rest+"}]") }
	for name, tc := range map[string]struct {
		foreign string
		want    []string
	}{
		"of everything":           {denyTo("fromEntities: [all]"), []string{"drives-cell 10.20.9.1 -> cell/gateway-0 9100/TCP", "lab-cell lab/bench-0 -> cell/gateway-0 9200/TCP", "scada-cell scada/hmi-0 -> cell/gateway-0 4840/TCP"}},
		"of one port":             {denyTo("toPorts: [{ports: [{port: '9200', protocol: TCP}]}]"), []string{"lab-cell lab/bench-0 -> cell/gateway-0 9200/TCP"}},
		"of other ports":          {denyTo("toPorts: [{ports: [{port: '9201', protocol: TCP}]}]"), nil},
		"of devices":              {denyTo("fromCIDR: [10.20.9.0/24]"), []string{"drives-cell 10.20.9.1 -> cell/gateway-0 9100/TCP"}},
		"of some devices":         {denyTo("fromCIDR: [10.20.9.128/25]"), []string{"drives-cell 10.20.9.255 -> cell/gateway-0 9100/TCP"}},
		"of other devices":        {denyTo("fromCIDR: [10.20.8.0/24]"), nil},
		"of who has no conduit":   {denyTo("fromEndpoints: [{matchLabels: {'k8s:io.kubernetes.pod.namespace': scada, app: historian}}]"), nil},
		"at the initiator":        {cnp("scada", "endpointSelector: {matchLabels: {app: hmi}}, egressDeny: [{toEntities: [all]}]"), []string{"scada-cell scada/hmi-0 -> cell/gateway-0 4840/TCP"}},
		"at others of its zone":   {cnp("scada", "endpointSelector: {matchLabels: {app: historian}}, egressDeny: [{toEntities: [all]}]"), nil},
		"at one of two pods":      {cnp("cell", "endpointSelector: {matchLabels: {app: opcua}}, ingressDeny: [{fromEntities: [cluster]}]"), []string{"lab-cell lab/bench-0 -> cell/opcua-0 9200/TCP", "scada-cell scada/hmi-0 -> cell/opcua-0 4840/TCP"}},
		"that may be":             {denyTo("toPorts: [{ports: [{port: opcua, protocol: TCP}]}]"), nil},
		"by being there":          {cnp("lab", "endpointSelector: {}, egress: [{toEntities: [world]}]"), nil}, // ours allow it all the same
		"elsewhere":               {cnp("office", "endpointSelector: {}, egressDeny: [{toEntities: [all]}]"), nil},
		"nothing of a kind apart": {"apiVersion: example.com/v1\nkind: Strange\nmetadata: {name: s}\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := plant(t)
			in := input(t, &s, cilium.Backend{}, tc.foreign)
			var w exposure.Watcher
			r := w.Look(in)
			var got []string
			for _, c := range in.Model.Conduits {
				if by, blocked := r.BlockedBy(c.Name); blocked {
					got = append(got, c.Name+" "+by[len("CiliumNetworkPolicy/xxxx/p refuses ")+len(in.Foreign[0]["metadata"].(map[string]any)["namespace"].(string))-4:])
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if r.Blocked() != len(tc.want) {
				t.Errorf("%d are blocked", r.Blocked())
			}
		})
	}
}

func TestSuspendedConduitIsNotBlocked(t *testing.T) {
	t.Parallel()
	s := plant(t)
	for _, c := range s.Conduits {
		c.Spec.Suspended = c.Name != "lab-cell"
	}
	got := looked(input(t, &s, cilium.Backend{}, cnp("cell", "endpointSelector: {}, ingressDeny: [{fromEntities: [all]}]")))
	if len(got) != 1 || got[0][:16] != "conduit lab-cell" {
		t.Error(got)
	}
}

// TestBothWaysAreLookedAt: where both ends open flows, the way back counts as well.
func TestBothWaysAreLookedAt(t *testing.T) {
	t.Parallel()
	s := plant(t)
	for _, c := range s.Conduits {
		if c.Name == "scada-cell" {
			c.Spec.Flows = []v1alpha1.Flow{{Protocol: "ethernet-ip-io"}}
		}
	}
	back := cnp("cell", "endpointSelector: {}, egressDeny: [{toEndpoints: [{matchLabels: {'k8s:io.kubernetes.pod.namespace': scada}}]}]")
	got := looked(input(t, &s, cilium.Backend{}, back))
	if want := []string{"conduit scada-cell: CiliumNetworkPolicy/cell/p refuses cell/gateway-0 -> scada/hmi-0 2222/UDP"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestTwoTogether: one opens the way out, the other the way in.
func TestTwoTogether(t *testing.T) {
	t.Parallel()
	s := plant(t)
	out := np("scada", everyPod+", egress: [{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: cell}}}], ports: [{port: 22}]}]")
	into := np("cell", everyPod+", ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: scada}}}], ports: [{port: 22}]}]")
	for _, alone := range []string{out, into} {
		if got := looked(input(t, &s, cilium.Backend{}, alone)); len(got) > 0 {
			t.Errorf("one alone: %v", got)
		}
	}
	want := []string{
		"cell ForeignPolicy: NetworkPolicy/cell/p lets scada/historian-0 -> cell/gateway-0 22/TCP pass",
		"supervision ForeignPolicy: NetworkPolicy/scada/p lets scada/historian-0 -> cell/gateway-0 22/TCP pass",
	}
	if diff := cmp.Diff(want, looked(input(t, &s, cilium.Backend{}, out, into))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestWhatIsNotUnderstoodHidesNothing: an object that may deny anything does not make
// another one's opening a guess.
func TestWhatIsNotUnderstoodHidesNothing(t *testing.T) {
	t.Parallel()
	s := plant(t)
	strange := ccnp("endpointSelector: {}, tier: 1")
	open := np("cell", everyPod+", ingress: [{}]")
	got := looked(input(t, &s, cilium.Backend{}, strange, open))
	for i := range got {
		got[i] = brief(got[i])
	}
	want := []string{
		"cell ForeignPolicy 192.0.2.1 -> cell/gateway-0 22/TCP",
		"cell NotUnderstood 192.0.2.1 -> cell/gateway-0 22/TCP",
		"supervision NotUnderstood 192.0.2.1 -> scada/historian-0 22/TCP",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestOursOfTheAdminTierHideNothing: objects of ours of a kind that is not evaluated make
// nothing a guess.
func TestOursOfTheAdminTierHideNothing(t *testing.T) {
	t.Parallel()
	s := plant(t)
	in := input(t, &s, cilium.Backend{}, np("cell", everyPod+", ingress: [{}]"))
	in.Objects = append(in.Objects, policy.FromContent(map[string]any{
		"apiVersion": "policy.networking.k8s.io/v1alpha2", "kind": "ClusterNetworkPolicy", "metadata": map[string]any{"name": "zone-cell"},
		"spec": map[string]any{"tier": "Admin", "subject": map[string]any{"namespaces": map[string]any{}}},
	}, policy.PartFloor, topology.ObjectRef{Kind: topology.KindZone, Name: "cell"}))
	got := looked(in)
	if len(got) != 1 || brief(got[0]) != "cell ForeignPolicy 192.0.2.1 -> cell/gateway-0 22/TCP" {
		t.Error(got)
	}
}

// TestADenyOfOthersCounts: what one opens and another denies is not open.
func TestADenyOfOthersCounts(t *testing.T) {
	t.Parallel()
	s := plant(t)
	got := looked(input(t, &s, cilium.Backend{},
		np("cell", everyPod+", ingress: [{ports: [{port: 22}]}]"),
		ccnp(in("cell")+", ingressDeny: [{toPorts: [{ports: [{port: '22', protocol: TCP}]}]}]")))
	if len(got) > 0 {
		t.Error(got)
	}
}

// TestAdminKinds: objects above ours are named wherever they select something, whatever
// they say.
func TestAdminKinds(t *testing.T) {
	t.Parallel()
	admin := func(kind, subject string) string {
		return "apiVersion: policy.networking.k8s.io/v1alpha2\nkind: " + kind + "\nmetadata: {name: a}\nspec: {priority: 10, tier: Admin, subject: {" + subject + "}}\n"
	}
	for name, tc := range map[string]struct {
		foreign string
		want    []string
	}{
		"every namespace":      {admin("ClusterNetworkPolicy", "namespaces: {}"), []string{"cell", "supervision"}},
		"one namespace":        {admin("ClusterNetworkPolicy", "namespaces: {matchLabels: {kubernetes.io/metadata.name: cell}}"), []string{"cell"}},
		"some pods":            {admin("AdminNetworkPolicy", "pods: {namespaceSelector: {}, podSelector: {matchLabels: {app: hmi}}}"), []string{"supervision"}},
		"pods in one":          {admin("AdminNetworkPolicy", "pods: {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: cell}}, podSelector: {matchLabels: {app: hmi}}}"), nil},
		"out of every zone":    {admin("ClusterNetworkPolicy", "namespaces: {matchLabels: {team: it}}"), nil},
		"a zone in Observe":    {admin("ClusterNetworkPolicy", "namespaces: {matchLabels: {kubernetes.io/metadata.name: lab}}"), nil},
		"a subject unknown":    {admin("ClusterNetworkPolicy", "services: {}"), []string{"cell", "supervision"}},
		"two subjects":         {admin("ClusterNetworkPolicy", "namespaces: {matchLabels: {team: it}}, services: {}"), []string{"cell", "supervision"}},
		"a selector unknown":   {admin("ClusterNetworkPolicy", "namespaces: {matchLabels: [a]}"), []string{"cell", "supervision"}},
		"an operator unknown":  {admin("ClusterNetworkPolicy", "namespaces: {matchExpressions: [{key: a, operator: Like, values: [b]}]}"), []string{"cell", "supervision"}},
		"no subject":           {"apiVersion: policy.networking.k8s.io/v1alpha1\nkind: BaselineAdminNetworkPolicy\nmetadata: {name: a}\nspec: {}\n", []string{"cell", "supervision"}},
		"a field that is new":  {admin("ClusterNetworkPolicy", "namespaces: {matchLabels: {team: it}, matchFields: []}"), []string{"cell", "supervision"}},
		"two fields for pods?": {admin("ClusterNetworkPolicy", "pods: {namespaceSelector: {matchLabels: {team: it}}, podSelector: {}, nodeSelector: {}}"), []string{"cell", "supervision"}},
	} {
		s := plant(t)
		in := input(t, &s, cilium.Backend{}, tc.foreign)
		var w exposure.Watcher
		r := w.Look(in)
		var got []string
		for _, z := range in.Model.Zones {
			for _, g := range r.Zone(z.Name) {
				if g.Kind != "NotUnderstood" || len(g.Names) != 1 {
					t.Errorf("%s: %v", name, g)
				}
				got = append(got, z.Name)
			}
		}
		if !slices.Equal(got, tc.want) {
			t.Errorf("%s: %v, want %v", name, got, tc.want)
		}
	}
}
