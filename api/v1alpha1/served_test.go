// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/discovery"
	"sigs.k8s.io/yaml"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// TestDiscovery checks the names that kubectl knows our kinds by.
func TestDiscovery(t *testing.T) {
	served, err := discovery.NewDiscoveryClientForConfigOrDie(config).
		ServerResourcesForGroupVersion(v1alpha1.GroupVersion.String())
	if err != nil {
		t.Fatal(err)
	}
	var want []metav1.APIResource
	for _, k := range kinds() {
		resource := metav1.APIResource{
			Name:         k.resource,
			SingularName: strings.ToLower(k.name),
			Kind:         k.name,
			Namespaced:   k.namespace != "",
			Verbs:        metav1.Verbs{"delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"},
			Categories:   []string{"zonewarden"},
		}
		if k.shortName != "" {
			resource.ShortNames = []string{k.shortName}
		}
		want = append(want, resource)
		if k.declared() {
			want = append(want, metav1.APIResource{
				Name: k.resource + "/status", Kind: k.name, Namespaced: k.namespace != "", Verbs: metav1.Verbs{"get", "patch", "update"},
			})
		}
	}
	byName := cmpopts.SortSlices(func(a, b metav1.APIResource) bool { return a.Name < b.Name })
	hash := cmpopts.IgnoreFields(metav1.APIResource{}, "StorageVersionHash")
	if diff := cmp.Diff(want, served.APIResources, byName, hash); diff != "" {
		t.Errorf("resources (-want +got):\n%s", diff)
	}
}

// A column is one of kubectl's output, with its value for the base object.
type column struct {
	name  string
	kind  string
	wide  bool // only with -o wide
	value any  // not looked at in a date
}

// The conditions of each object whose columns are tested.
const sampleConditions = `
status.conditions:
- {type: Programmed, status: "False", reason: Pending, message: "", lastTransitionTime: "2027-06-30T12:00:00Z"}
- {type: Accepted, status: "True", reason: Accepted, message: "", lastTransitionTime: "2027-06-30T12:00:00Z"}
- {type: EnforcementVerified, status: Unknown, reason: NoNodeAgent, message: "", lastTransitionTime: "2027-06-30T12:00:00Z"}
- {type: Exposed, status: "True", reason: HostPort, message: "", lastTransitionTime: "2027-06-30T12:00:00Z"}
- {type: Ready, status: "True", reason: Waiting, message: "", lastTransitionTime: "2027-06-30T12:00:00Z"}
- {type: Served, status: Unknown, reason: NotLookedAt, message: "", lastTransitionTime: "2027-06-30T12:00:00Z"}
`

// TestColumns checks what kubectl prints of each kind.
func TestColumns(t *testing.T) {
	for _, k := range kinds() {
		t.Run(k.name, func(t *testing.T) {
			object := k.createWithStatus(t)
			table := getTable(t, k)
			if len(table.Rows) != 1 {
				t.Fatalf("%d rows, want 1", len(table.Rows))
			}
			want := append([]column{{name: "Name", kind: "string", value: object.GetName()}}, k.columns...)
			var got []column
			for i, c := range table.ColumnDefinitions {
				value := table.Rows[0].Cells[i]
				if c.Type == "date" {
					value = nil
				}
				got = append(got, column{name: c.Name, kind: c.Type, wide: c.Priority > 0, value: value})
			}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(column{})); diff != "" {
				t.Errorf("columns (-want +got):\n%s", diff)
			}
		})
	}
}

// createWithStatus creates the base object with the status that its columns show.
func (k kind) createWithStatus(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	if !k.declared() {
		return k.create(t, k.sampleStatus)
	}
	object := k.create(t, "")
	object.Object = apply(t, object.Object, join(k.sampleStatus, sampleConditions))
	if _, err := k.client().UpdateStatus(t.Context(), object, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	return object
}

// TestAddressColumn checks that no address of several is left out.
func TestAddressColumn(t *testing.T) {
	assetKind.create(t, `spec.addresses: [10.20.2.13, "fd00:17:2::13"]`)
	table := getTable(t, assetKind)
	for i, c := range table.ColumnDefinitions {
		if c.Name == "Addresses" {
			if diff := cmp.Diff(`["10.20.2.13","fd00:17:2::13"]`, table.Rows[0].Cells[i]); diff != "" {
				t.Errorf("addresses (-want +got):\n%s", diff)
			}
		}
	}
}

// getTable lists the objects of a kind the way kubectl does.
func getTable(t *testing.T, k kind) *metav1.Table {
	t.Helper()
	content, err := discovery.NewDiscoveryClientForConfigOrDie(config).RESTClient().Get().
		AbsPath("apis", v1alpha1.GroupVersion.Group, v1alpha1.GroupVersion.Version, k.resource).
		SetHeader("Accept", "application/json;as=Table;g=meta.k8s.io;v=v1").
		DoRaw(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	table := &metav1.Table{}
	if err := json.Unmarshal(content, table); err != nil {
		t.Fatal(err)
	}
	// Numbers without a fraction are float64 in JSON.
	for _, row := range table.Rows {
		for i, cell := range row.Cells {
			if number, ok := cell.(float64); ok {
				row.Cells[i] = int64(number)
			}
		}
	}
	return table
}

// TestUnknownFields checks that a slip of the keyboard is seen, with the strict
// validation that kubectl asks for.
func TestUnknownFields(t *testing.T) {
	tests := []struct {
		kind    kind
		change  string
		unknown string
	}{
		{siteKind, "spec.platform.dns.adresses: [10.43.0.10]", "spec.platform.dns.adresses"},
		{siteKind, "spec.rules.adminProtocol: Warn", "spec.rules.adminProtocol"},
		{siteKind, "status.zone: a", "status.zone"},
		{zoneKind, "spec.enforcment: Enforce", "spec.enforcment"},
		{zoneKind, "spec.slTarget: {all: 2, rdf: 3}", "spec.slTarget.rdf"},
		{zoneKind, "spec.members.workloads: [{namespaces: [a], namespace: a}]", "spec.members.workloads[0].namespace"},
		{conduitKind, "spec.initiator.asset: plc-1", "spec.initiator.asset"},
		{conduitKind, "spec.flows: [{protocol: dnp3, ports: 20000}]", "spec.flows[0].ports"},
		{conduitKind, "spec.why.riskowner: me", "spec.why.riskowner"},
		{assetKind, "spec.address: 10.20.2.13", "spec.address"},
		{assetKind, "spec.lifecycle.endOfLife: 2027-06-30", "spec.lifecycle.endOfLife"},
		{siteKind, "spec.access.breakGlas: {longest: 1h}", "spec.access.breakGlas"},
		{vendorKind, "spec.contractend: 2027-06-30", "spec.contractend"},
		{windowKind, "spec.latestend: 2026-11-23T13:00", "spec.latestend"},
		{windowKind, "spec.reach[0].asset: plc-1", "spec.reach[0].asset"},
		{windowKind, "spec.work.ticket: WO-1", "spec.work.ticket"},
		{approvalKind, "spec.untill: 2026-11-23T13:00", "spec.untill"},
		{lockKind, "spec.vendors: [acme]", "spec.vendors"},
		{siteKind, "spec.certificates: {nearExpiry: {within: 7d, action: Wait}, warnbefore: 14d}", "spec.certificates.warnbefore"},
		{zoneKind, "spec.certificates.dnsnames: [plant.example]", "spec.certificates.dnsnames"},
		{certificateKind, "spec.dnsnames: [historian]", "spec.dnsnames"},
		{certificateKind, "spec.restart: {policy: None, window: sunday-night}", "spec.restart.window"},
		{nodeReportKind, "spec.flowTable: Kernel", "spec"},
		{nodeReportKind, "status.zones: [{name: a, result: Cut, mustPas: b}]", "status.zones[0].mustPas"},
	}
	for _, test := range tests {
		t.Run(test.unknown, func(t *testing.T) {
			_, err := test.kind.client().Create(t.Context(), test.kind.object(t, test.change), strictCreate)
			want := `strict decoding error: unknown field "` + test.unknown + `"`
			if !apierrors.IsBadRequest(err) || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want %s", err, want)
			}
		})
	}
}

// read gets what the API server has of an object.
func (k kind) read(t *testing.T, name string) *unstructured.Unstructured {
	t.Helper()
	object, err := k.client().Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return object
}

// parse reads YAML the way objects come from the API server.
func parse(t *testing.T, text string) any {
	t.Helper()
	content, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := json.Unmarshal(content, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

// plain makes all numbers float64, as parse does.
func plain(t *testing.T, value any) any {
	t.Helper()
	content, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, string(content))
}

// typed sends an object through its Go type and back.
func (k kind) typed(t *testing.T, object *unstructured.Unstructured) *unstructured.Unstructured {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	into, err := scheme.New(v1alpha1.GroupVersion.WithKind(k.name))
	if err != nil {
		t.Fatal(err)
	}
	content, err := object.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, into); err != nil {
		t.Fatal(err)
	}
	if content, err = json.Marshal(into); err != nil {
		t.Fatal(err)
	}
	back := &unstructured.Unstructured{}
	if err := back.UnmarshalJSON(content); err != nil {
		t.Fatal(err)
	}
	return back
}
