// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/util/yaml"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// settles is how long the operator gets to carry out what was applied.
const settles = time.Minute

// cluster is the demo's own connection, as a user's kubectl would have it.
type cluster struct {
	client.Client
	config *rest.Config
}

func connect(config *rest.Config) (*cluster, error) {
	s := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(s), v1alpha1.AddToScheme(s)); err != nil {
		return nil, fmt.Errorf("registering kinds: %w", err)
	}
	c, err := client.New(config, client.Options{Scheme: s})
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	return &cluster{Client: c, config: config}, nil
}

// applyFolder applies every manifest of a folder, in the order of file names.
func (c *cluster) applyFolder(ctx context.Context, dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("no manifests in %s: %w", dir, err)
	}
	slices.Sort(files)
	for _, f := range files {
		if filepath.Base(f) == "kustomization.yaml" {
			continue
		}
		objects, err := readManifests(f)
		if err != nil {
			return err
		}
		for _, o := range objects {
			if err := c.apply(ctx, o); err != nil {
				return fmt.Errorf("applying %s from %s: %w", o.GetName(), f, err)
			}
		}
	}
	return nil
}

func (c *cluster) apply(ctx context.Context, o *unstructured.Unstructured) error {
	return c.Apply(ctx, client.ApplyConfigurationFromUnstructured(o), client.FieldOwner("demo"))
}

func readManifests(file string) ([]*unstructured.Unstructured, error) {
	raw, err := os.ReadFile(file) //nolint:gosec // a file of this repository
	if err != nil {
		return nil, fmt.Errorf("reading manifests: %w", err)
	}
	var out []*unstructured.Unstructured
	for d := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(raw), 4096); ; {
		var content map[string]any
		if err := d.Decode(&content); errors.Is(err, io.EOF) {
			return out, nil
		} else if err != nil {
			return nil, fmt.Errorf("decoding %s: %w", file, err)
		}
		if len(content) > 0 {
			out = append(out, &unstructured.Unstructured{Object: content})
		}
	}
}

// until polls a condition with a deadline, and says what it waited for in vain.
func until(ctx context.Context, what string, is func(context.Context) (bool, string, error)) error {
	var last string
	err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, settles, true, func(ctx context.Context) (bool, error) {
		done, why, err := is(ctx)
		last = why
		return done, err
	})
	if err != nil {
		return fmt.Errorf("waiting until %s (%s): %w", what, last, err)
	}
	return nil
}

// awaitSettled waits until the operator has spoken of every object as it is now,
// and the site is written.
func (c *cluster) awaitSettled(ctx context.Context) error {
	return until(ctx, "everything applied is carried out", func(ctx context.Context) (bool, string, error) {
		var site v1alpha1.Site
		if err := c.Get(ctx, client.ObjectKey{Name: "site"}, &site); err != nil {
			return false, "", err
		}
		if !meta.IsStatusConditionTrue(site.Status.Conditions, v1alpha1.ConditionProgrammed) {
			return false, "the site is not programmed", nil
		}
		zones, conduits, err := c.declared(ctx)
		if err != nil {
			return false, "", err
		}
		for _, z := range zones {
			if z.Status.ObservedGeneration != z.Generation {
				return false, "zone " + z.Name, nil
			}
		}
		for _, d := range conduits {
			if d.Status.ObservedGeneration != d.Generation {
				return false, "conduit " + d.Name, nil
			}
		}
		return true, "", nil
	})
}

func (c *cluster) declared(ctx context.Context) ([]v1alpha1.Zone, []v1alpha1.Conduit, error) {
	var zones v1alpha1.ZoneList
	var conduits v1alpha1.ConduitList
	if err := errors.Join(c.List(ctx, &zones), c.List(ctx, &conduits)); err != nil {
		return nil, nil, fmt.Errorf("listing zones and conduits: %w", err)
	}
	return zones.Items, conduits.Items, nil
}

// table prints what "kubectl get" would: the API server's own columns.
func (c *cluster) table(ctx context.Context, w io.Writer, path string) error {
	config := rest.CopyConfig(c.config)
	config.GroupVersion = &corev1.SchemeGroupVersion
	config.NegotiatedSerializer = clientgoscheme.Codecs.WithoutConversion()
	rc, err := rest.UnversionedRESTClientFor(config)
	if err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	raw, err := rc.Get().AbsPath(path).SetHeader("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io").DoRaw(ctx)
	if err != nil {
		return fmt.Errorf("getting %s: %w", path, err)
	}
	var t metav1.Table
	if err := json.Unmarshal(raw, &t); err != nil {
		return fmt.Errorf("decoding the table of %s: %w", path, err)
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	var head []string
	for _, col := range t.ColumnDefinitions {
		if col.Priority == 0 {
			head = append(head, strings.ToUpper(col.Name))
		}
	}
	fmt.Fprintln(tw, strings.Join(head, "\t"))
	for _, row := range t.Rows {
		var cells []string
		for i, cell := range row.Cells {
			if t.ColumnDefinitions[i].Priority == 0 {
				cells = append(cells, format(cell))
			}
		}
		fmt.Fprintln(tw, strings.Join(cells, "\t"))
	}
	return tw.Flush()
}

func format(cell any) string {
	if cell == nil {
		return ""
	}
	return fmt.Sprint(cell)
}
