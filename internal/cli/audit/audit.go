// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/internal/audit"
	"github.com/zonewarden/zonewarden/internal/audit/store"
	"github.com/zonewarden/zonewarden/internal/cli/connect"
)

// Where the operator keeps the trail.
const (
	namespace = "zonewarden-system"
	trailName = "zonewarden-audit"
	keysName  = "zonewarden-audit-keys"
	keysField = "keys"
	// chainOf is the namespace whose UID is the name of a cluster's chain.
	chainOf = "kube-system"
)

// Command is the group.
func Command(s *connect.Session) *cobra.Command {
	group := &cobra.Command{
		Use:   "audit",
		Short: "The audit trail: verify it, export it",
		Args:  cobra.NoArgs, // so that a command that does not exist is an error
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	group.AddCommand(verifyCommand(s), exportCommand(s))
	return group
}

// objects are the ConfigMaps of the trail, to read.
type objects struct{ client.Reader }

var errReadOnly = errors.New("the plugin only reads the audit trail")

func (o objects) Get(ctx context.Context, name string) (store.Object, error) {
	m := &corev1.ConfigMap{}
	err := o.Reader.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, m)
	if apierrors.IsNotFound(err) {
		return store.Object{}, fmt.Errorf("%w: %w", store.ErrNotFound, err)
	}
	return store.Object{Name: m.Name, UID: string(m.UID), Version: m.ResourceVersion, Data: m.Data}, err
}

func (objects) List(context.Context) ([]store.Object, error) { return nil, errReadOnly }
func (objects) Create(context.Context, store.Object) error   { return errReadOnly }
func (objects) Update(context.Context, store.Object) error   { return errReadOnly }
func (objects) Delete(context.Context, store.Object) error   { return errReadOnly }

// text is the trail as it is kept in the cluster, or in a file; "-" is the standard input.
func text(ctx context.Context, s *connect.Session, file string) ([]byte, error) {
	switch file {
	case "":
		return fromCluster(ctx, s)
	case "-":
		raw, err := io.ReadAll(s.In)
		if err != nil {
			return nil, fmt.Errorf("--file: %w", err)
		}
		return raw, nil
	}
	raw, err := os.ReadFile(file) //nolint:gosec // the user names the file, and reads it as themselves
	if err != nil {
		return nil, fmt.Errorf("--file: %w", err)
	}
	return raw, nil
}

func fromCluster(ctx context.Context, s *connect.Session) ([]byte, error) {
	c, err := s.Client()
	if err != nil {
		return nil, err
	}
	// Text asks for nothing but the name: whose chain it is shows in it.
	trail, err := store.Open(store.Options{Objects: objects{c}, Site: "unjudged", Name: trailName})
	if err != nil {
		return nil, err
	}
	raw, err := trail.Text(ctx)
	if errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("there is no audit trail: no ConfigMap %s in %s", trailName, namespace)
	}
	return raw, err
}

// keysFrom reads public keys, one a line. Empty lines and those that begin with # are none.
func keysFrom(text string) ([]audit.PublicKey, error) {
	var out []audit.PublicKey
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		k, err := audit.ParsePublicKey(line)
		if err != nil {
			return nil, err
		}
		out = append(out, k)
	}
	if len(out) == 0 {
		return nil, errors.New("there is no key")
	}
	return out, nil
}

// keys are those of a file, or else those that the operator published, which is said.
func keys(ctx context.Context, s *connect.Session, file string) ([]audit.PublicKey, error) {
	if file != "" {
		raw, err := os.ReadFile(file) //nolint:gosec // the user names the file, and reads it as themselves
		if err != nil {
			return nil, fmt.Errorf("--keys: %w", err)
		}
		k, err := keysFrom(string(raw))
		if err != nil {
			return nil, fmt.Errorf("--keys: %w", err)
		}
		return k, nil
	}
	c, err := s.Client()
	if err != nil {
		return nil, err
	}
	published, err := objects{c}.Get(ctx, keysName)
	if err != nil {
		return nil, fmt.Errorf("reading the published keys, instead of which --keys may name a file: %w", err)
	}
	k, err := keysFrom(published.Data[keysField])
	if err != nil {
		return nil, fmt.Errorf("reading ConfigMap %s in %s: %w", keysName, namespace, err)
	}
	fmt.Fprintf(s.ErrOut, "note: the keys are from the same cluster, where whoever replaced the trail may have replaced them: give --keys, and a head by --head, that you have from elsewhere\n")
	return k, nil
}

// headFrom reads SEQUENCE:HASH.
func headFrom(text string) (audit.Head, error) {
	sequence, hash, both := strings.Cut(text, ":")
	n, err := strconv.ParseUint(sequence, 10, 64)
	if !both || err != nil || n == 0 {
		return audit.Head{}, fmt.Errorf("--head: %q is not SEQUENCE:HASH", text)
	}
	h, err := audit.ParseHash(hash)
	if err != nil {
		return audit.Head{}, fmt.Errorf("--head: %w", err)
	}
	return audit.Head{Sequence: n, Hash: h}, nil
}
