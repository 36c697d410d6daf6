// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"context"
	"fmt"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/exposure"
	"github.com/zonewarden/zonewarden/internal/policy"
	"github.com/zonewarden/zonewarden/internal/policy/cilium"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// policyKinds are the kinds by which somebody else can open something, and what they
// refer to.
var policyKinds = [][2]string{
	{networking, "NetworkPolicy"},
	{ciliumV2, "CiliumNetworkPolicy"},
	{ciliumV2, "CiliumClusterwideNetworkPolicy"},
	{ciliumV2, "CiliumCIDRGroup"},
	{tiers, "ClusterNetworkPolicy"},
}

// openings is what stands around the zones and undoes them, as the evaluator of the
// operator finds it on the objects of the cluster: flows that pass and that nothing
// declares, pods that no policy holds, services that lead in. Each says in which zone, and
// begins with it.
func (c *cluster) openings(ctx context.Context) ([]string, error) {
	s, err := c.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	m := topology.Resolve(*s)
	in := exposure.Input{Snapshot: s, Model: m, Objects: policy.NewCompiler(cilium.Backend{}).Compile(m).Objects}
	for _, k := range policyKinds {
		found, err := c.objectsOf(ctx, k[0], k[1])
		if err != nil {
			return nil, err
		}
		for _, o := range found {
			if !isWritten(in.Objects, o) {
				in.Foreign = append(in.Foreign, o.Object)
			}
		}
	}
	var services corev1.ServiceList
	if err := c.callers[administrator].List(ctx, &services); err != nil {
		return nil, err
	}
	for i := range services.Items {
		spec := services.Items[i].Spec
		in.Services = append(in.Services, exposure.Service{
			Namespace: services.Items[i].Namespace, Name: services.Items[i].Name,
			Type: string(spec.Type), Selector: spec.Selector, Addresses: spec.ExternalIPs,
		})
	}
	return lines(m, (&exposure.Watcher{}).Look(in)), nil
}

// isWritten says that an object stands where one of ours belongs. What is in it is the
// business of the operator, which puts it back.
func isWritten(ours []*policy.Object, o *unstructured.Unstructured) bool {
	return slices.ContainsFunc(ours, func(p *policy.Object) bool {
		return p.GVK.Kind == o.GetKind() && p.Namespace == o.GetNamespace() && p.Name == o.GetName() &&
			o.GetLabels()[v1alpha1.LabelManagedBy] == v1alpha1.LabelManagedByValue
	})
}

func lines(m *topology.Model, r *exposure.Report) []string {
	var out []string
	for _, zone := range append(r.Zones(), "") {
		for _, g := range r.Zone(zone) {
			for _, name := range g.Names {
				out = append(out, zone+" "+g.Kind+": "+name)
			}
		}
	}
	for _, c := range m.Conduits {
		if by, blocked := r.BlockedBy(c.Name); blocked {
			out = append(out, "conduit "+c.Name+": "+by)
		}
	}
	slices.Sort(out)
	return out
}

// snapshot is the plant as the operator would see it. Pods that have no address get one:
// there is no kubelet to give it to them.
func (c *cluster) snapshot(ctx context.Context) (*topology.Snapshot, error) {
	s := &topology.Snapshot{}
	var err error
	if s.Zones, err = declared[v1alpha1.Zone](ctx, c, "Zone"); err != nil {
		return nil, err
	}
	if s.Conduits, err = declared[v1alpha1.Conduit](ctx, c, "Conduit"); err != nil {
		return nil, err
	}
	if s.Assets, err = declared[v1alpha1.Asset](ctx, c, "Asset"); err != nil {
		return nil, err
	}
	sites, err := declared[v1alpha1.Site](ctx, c, "Site")
	if err != nil || len(sites) != 1 {
		return nil, fmt.Errorf("there are %d sites: %w", len(sites), err)
	}
	s.Site = sites[0]
	var namespaces corev1.NamespaceList
	var pods corev1.PodList
	for _, list := range []client.ObjectList{&namespaces, &pods} {
		if err := c.callers[administrator].List(ctx, list); err != nil {
			return nil, err
		}
	}
	for _, ns := range namespaces.Items {
		s.Namespaces = append(s.Namespaces, topology.Namespace{Name: ns.Name, Labels: ns.Labels})
	}
	for i := range pods.Items {
		s.Pods = append(s.Pods, podOf(&pods.Items[i], i))
	}
	return s, nil
}

func podOf(p *corev1.Pod, i int) topology.Pod {
	out := topology.Pod{
		Namespace: p.Namespace, Name: p.Name, Labels: p.Labels, HostNetwork: p.Spec.HostNetwork,
		FurtherInterfaces: p.Annotations["k8s.v1.cni.cncf.io/networks"]+p.Annotations["v1.multus-cni.io/default-network"] != "",
		Addresses:         []corev1.PodIP{{IP: fmt.Sprintf("10.42.%d.%d", 1+i/250, 1+i%250)}},
	}
	for _, ct := range p.Spec.Containers {
		for _, port := range ct.Ports {
			if port.HostPort > 0 {
				out.HostPorts = append(out.HostPorts, fmt.Sprintf("%d/%s", port.HostPort, port.Protocol))
			}
		}
	}
	return out
}

// objectsOf lists all of a kind, as the cluster's administrator.
func (c *cluster) objectsOf(ctx context.Context, apiVersion, kind string, options ...client.ListOption) ([]*unstructured.Unstructured, error) {
	list := &unstructured.UnstructuredList{}
	list.SetAPIVersion(apiVersion)
	list.SetKind(kind + "List")
	if err := c.callers[administrator].List(ctx, list, options...); err != nil {
		return nil, fmt.Errorf("listing %s: %w", kind, err)
	}
	var out []*unstructured.Unstructured
	for i := range list.Items {
		out = append(out, &list.Items[i])
	}
	return out, nil
}

func declared[T any](ctx context.Context, c *cluster, kind string) ([]*T, error) {
	found, err := c.objectsOf(ctx, zonewarden, kind)
	if err != nil {
		return nil, err
	}
	var out []*T
	for _, o := range found {
		typed := new(T)
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, typed); err != nil {
			return nil, fmt.Errorf("reading %s %s: %w", kind, o.GetName(), err)
		}
		out = append(out, typed)
	}
	return out, nil
}

func mustFindOpenings(t *testing.T) []string {
	t.Helper()
	found, err := site.openings(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return found
}
