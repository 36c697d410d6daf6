// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// refusal is what a sample says of itself in its first lines.
type refusal struct {
	file                                    string
	what, by, object, reason, path, message string
}

const byAPIServer = "API server"

func readRefusal(file string) (refusal, error) {
	f, err := os.Open(file) //nolint:gosec // a file of this repository
	if err != nil {
		return refusal{}, fmt.Errorf("reading a sample: %w", err)
	}
	defer func() { _ = f.Close() }() // it was only read
	r := refusal{file: file}
	fields := map[string]*string{
		"What": &r.what, "By": &r.by, "Object": &r.object, "Reason": &r.reason, "Path": &r.path, "Says": &r.message,
	}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		comment, is := strings.CutPrefix(lines.Text(), "# ")
		if !is {
			break
		}
		if key, value, ok := strings.Cut(comment, ": "); ok && fields[key] != nil {
			*fields[key] = strings.TrimSpace(value)
		}
	}
	if r.what == "" || r.by == "" || r.object == "" || r.message == "" {
		return refusal{}, fmt.Errorf("%s does not say what is wrong with it", file)
	}
	return r, nil
}

// showRefused applies every manifest that must be refused, shows the message, and
// checks that nothing else noticed.
func (d *demo) showRefused(ctx context.Context, c *cluster) error {
	d.say("manifests that are refused: config/samples/refused")
	files, err := filepath.Glob(filepath.Join(d.samples, "refused", "*.yaml"))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("no refused manifests: %w", err)
	}
	before, err := c.versions(ctx)
	if err != nil {
		return err
	}
	for _, f := range files {
		r, err := readRefusal(f)
		if err != nil {
			return err
		}
		said, err := c.refuse(ctx, r)
		if err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(f), err)
		}
		fmt.Fprintf(d.out, "\n%s\n   %s\n   %s: %s\n", strings.TrimSuffix(filepath.Base(f), ".yaml"), r.what, r.by, said)
	}
	after, err := c.versions(ctx)
	if err != nil {
		return err
	}
	if !maps.Equal(before, after) {
		return fmt.Errorf("policies of the water works changed while others were refused:\n%v\n%v", before, after)
	}
	fmt.Fprintf(d.out, "\n%d manifests refused; none of the %d policies of the water works changed\n", len(files), len(after))
	return nil
}

// versions are the resource versions of every policy of ours.
func (c *cluster) versions(ctx context.Context) (map[string]string, error) {
	list, err := c.policies(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, p := range list {
		out[p.GetKind()+"/"+p.GetName()] = p.GetResourceVersion()
	}
	return out, nil
}

// refuse applies one sample and returns what was said about it.
func (c *cluster) refuse(ctx context.Context, r refusal) (said string, err error) {
	objects, err := readManifests(r.file)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, c.takeBack(ctx, objects)) }()
	for _, o := range objects {
		// As "kubectl create" sends it: the server then names a field of the wrong
		// type in the schema's words.
		if err := c.Create(ctx, o, client.FieldValidation(metav1.FieldValidationStrict)); err != nil {
			if r.by != byAPIServer || !strings.Contains(err.Error(), r.message) {
				return "", fmt.Errorf("applying: %w", err)
			}
			return err.Error(), nil
		}
	}
	if r.by == byAPIServer {
		return "", errors.New("the API server accepted it")
	}
	err = until(ctx, "the operator refuses "+r.object, func(ctx context.Context) (bool, string, error) {
		said, err = c.findingOf(ctx, r, objects)
		return said != "", "nothing said yet", err
	})
	return said, err
}

// findingOf returns the finding that the sample promises, once it is there.
func (c *cluster) findingOf(ctx context.Context, r refusal, objects []*unstructured.Unstructured) (string, error) {
	for _, o := range objects {
		if o.GetKind()+"/"+o.GetName() != r.object {
			continue
		}
		live := &unstructured.Unstructured{}
		live.SetGroupVersionKind(o.GroupVersionKind())
		if err := c.Get(ctx, client.ObjectKeyFromObject(o), live); err != nil {
			return "", fmt.Errorf("reading it back: %w", err)
		}
		findings, _, err := unstructured.NestedSlice(live.Object, "status", "findings")
		if err != nil {
			return "", fmt.Errorf("reading its findings: %w", err)
		}
		for _, f := range findings {
			m, _ := f.(map[string]any)
			text := fmt.Sprint(m["message"])
			if m["reason"] == r.reason && m["path"] == r.path && m["severity"] == "Error" && strings.Contains(text, r.message) {
				return fmt.Sprintf("%s at %s: %s", r.reason, r.path, text), nil
			}
		}
		return "", nil
	}
	return "", fmt.Errorf("the sample holds no %s", r.object)
}

// takeBack deletes what a sample created, last first, and waits until it is gone.
func (c *cluster) takeBack(ctx context.Context, objects []*unstructured.Unstructured) error {
	for _, o := range slices.Backward(objects) {
		if err := c.Delete(ctx, o); client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("taking %s back: %w", o.GetName(), err)
		}
	}
	for _, o := range objects {
		err := until(ctx, o.GetName()+" is gone", func(ctx context.Context) (bool, string, error) {
			live := &unstructured.Unstructured{}
			live.SetGroupVersionKind(o.GroupVersionKind())
			err := c.Get(ctx, client.ObjectKeyFromObject(o), live)
			return apierrors.IsNotFound(err), "still there", client.IgnoreNotFound(err)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
