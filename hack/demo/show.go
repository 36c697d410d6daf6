// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/topology"
)

const apiPath = "/apis/zonewarden.io/v1alpha1/"

func (d *demo) showDeclared(ctx context.Context, c *cluster) error {
	for _, kind := range []string{"sites", "zones", "conduits", "assets"} {
		d.say("kubectl get %s", kind)
		if err := c.table(ctx, d.out, apiPath+kind); err != nil {
			return err
		}
	}
	zones, conduits, err := c.declared(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, z := range zones {
		errs = append(errs, accepted("zone "+z.Name, &z.Status.Status))
	}
	for _, x := range conduits {
		errs = append(errs, accepted("conduit "+x.Name, &x.Status.Status))
	}
	return errors.Join(errs...)
}

func accepted(what string, s *v1alpha1.Status) error {
	if meta.IsStatusConditionTrue(s.Conditions, v1alpha1.ConditionAccepted) {
		return nil
	}
	return fmt.Errorf("%s is not accepted: %v", what, s.Findings)
}

// showPolicies lists the policies and checks that there is one for each declared
// object that has something to enforce, and none beside.
func (d *demo) showPolicies(ctx context.Context, c *cluster) error {
	d.say("kubectl get ccnp,ccg  (policies and address groups made of them)")
	have, err := c.policies(ctx)
	if err != nil {
		return err
	}
	tw := tabwriter.NewWriter(d.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "KIND\tNAME\tMADE OF\tRULES")
	for _, p := range have {
		specs, _, _ := unstructured.NestedSlice(p.Object, "specs")
		cidrs, _, _ := unstructured.NestedSlice(p.Object, "spec", "externalCIDRs")
		fmt.Fprintf(tw, "%s\t%s\t%s/%s\t%d\n", p.GetKind(), p.GetName(),
			p.GetLabels()[v1alpha1.LabelKind], p.GetLabels()[v1alpha1.LabelName], len(specs)+len(cidrs))
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	return d.checkPolicies(ctx, c, have)
}

func (d *demo) checkPolicies(ctx context.Context, c *cluster, have []unstructured.Unstructured) error {
	model, err := c.model(ctx)
	if err != nil {
		return err
	}
	want := map[string]bool{}
	for _, z := range model.Zones {
		if len(z.Workloads) > 0 {
			want[apply.GVKClusterwidePolicy.Kind+"/zone-"+z.Name] = true
		}
		if z.HasAssets {
			want[apply.GVKCIDRGroup.Kind+"/zone-"+z.Name] = true
		}
	}
	for _, x := range model.Conduits {
		if x.HasEnforcementPoint() && !x.Suspended {
			want[apply.GVKClusterwidePolicy.Kind+"/conduit-"+x.Name] = true
		}
	}
	for _, p := range have {
		key := p.GetKind() + "/" + p.GetName()
		if !want[key] {
			return fmt.Errorf("%s exists and nothing declared needs it", key)
		}
		delete(want, key)
	}
	if len(want) > 0 {
		return fmt.Errorf("policies that should exist and do not: %v", want)
	}
	return nil
}

// policies lists our policy objects, sorted.
func (c *cluster) policies(ctx context.Context) ([]unstructured.Unstructured, error) {
	var out []unstructured.Unstructured
	for _, gvk := range []struct{ kind, group, version string }{
		{apply.GVKClusterwidePolicy.Kind, apply.GVKClusterwidePolicy.Group, apply.GVKClusterwidePolicy.Version},
		{apply.GVKCIDRGroup.Kind, apply.GVKCIDRGroup.Group, apply.GVKCIDRGroup.Version},
	} {
		list := &unstructured.UnstructuredList{}
		list.SetAPIVersion(gvk.group + "/" + gvk.version)
		list.SetKind(gvk.kind + "List")
		if err := c.List(ctx, list, client.MatchingLabels{v1alpha1.LabelManagedBy: v1alpha1.LabelManagedByValue}); err != nil {
			return nil, fmt.Errorf("listing %s: %w", gvk.kind, err)
		}
		out = append(out, list.Items...)
	}
	slices.SortFunc(out, func(a, b unstructured.Unstructured) int {
		return strings.Compare(a.GetKind()+a.GetName(), b.GetKind()+b.GetName())
	})
	return out, nil
}

// model resolves what is declared in the cluster, by the operator's own code.
func (c *cluster) model(ctx context.Context) (*topology.Model, error) {
	var sites v1alpha1.SiteList
	var assets v1alpha1.AssetList
	var namespaces corev1.NamespaceList
	if err := errors.Join(c.List(ctx, &sites), c.List(ctx, &assets), c.List(ctx, &namespaces)); err != nil {
		return nil, fmt.Errorf("listing the site: %w", err)
	}
	zones, conduits, err := c.declared(ctx)
	if err != nil {
		return nil, err
	}
	s := topology.Snapshot{Now: time.Now()}
	for i := range sites.Items {
		s.Site = &sites.Items[i]
	}
	for i := range zones {
		s.Zones = append(s.Zones, &zones[i])
	}
	for i := range conduits {
		s.Conduits = append(s.Conduits, &conduits[i])
	}
	for i := range assets.Items {
		s.Assets = append(s.Assets, &assets.Items[i])
	}
	for _, ns := range namespaces.Items {
		s.Namespaces = append(s.Namespaces, topology.Namespace{Name: ns.Name, Labels: ns.Labels})
	}
	return topology.Resolve(s), nil
}

// showMatrix prints who may open connections to whom, and who holds them to it.
func (d *demo) showMatrix(ctx context.Context, c *cluster) error {
	model, err := c.model(ctx)
	if err != nil {
		return err
	}
	d.say("who may open connections to whom (row opens to column)\n   # this cluster enforces it   F a firewall outside does   ! nobody does   . nothing passes")
	printGrid(d.out, model)
	counts := model.Counts()
	fmt.Fprintf(d.out, "\ndeclared flows: %d enforced by this cluster, %d by others, %d by nobody\n",
		counts.Cluster, counts.External, counts.Nobody)
	d.say("the same, by conduit")
	tw := tabwriter.NewWriter(d.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "FROM\tTO\tWHAT\tBETWEEN\tBY\tENFORCED BY")
	for _, p := range model.Matrix() {
		by := string(p.EnforcedBy)
		if p.Device != "" {
			by += " (" + p.Device + ")"
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\n", p.From, p.To, p.What, p.Pairs, p.By, by)
	}
	return tw.Flush()
}

func printGrid(w io.Writer, model *topology.Model) {
	var names []string
	for _, z := range model.Zones {
		names = append(names, z.Name)
	}
	marks := map[[2]string]string{}
	for _, p := range model.Matrix() {
		mark := map[v1alpha1.EnforcedBy]string{
			v1alpha1.EnforcedByCluster: "#", v1alpha1.EnforcedByExternal: "F", v1alpha1.EnforcedByNobody: "!",
		}[p.EnforcedBy]
		key := [2]string{p.From, p.To}
		if !strings.Contains(marks[key], mark) {
			marks[key] += mark
		}
	}
	tw := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	fmt.Fprint(tw, "from \\ to")
	for i := range names {
		fmt.Fprintf(tw, "\t%c", 'a'+i)
	}
	fmt.Fprintln(tw)
	for i, from := range names {
		fmt.Fprintf(tw, "%c %s", 'a'+i, from)
		for _, to := range names {
			mark := marks[[2]string{from, to}]
			if mark == "" {
				mark = "."
			}
			fmt.Fprintf(tw, "\t%s", mark)
		}
		fmt.Fprintln(tw)
	}
	_ = tw.Flush() // to standard output
}
