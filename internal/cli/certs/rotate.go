// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package certs

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/cli/connect"
	"github.com/zonewarden/zonewarden/internal/cli/exit"
)

// interval between two looks.
const interval = 500 * time.Millisecond

func rotateCommand(s *connect.Session) *cobra.Command {
	var patience time.Duration
	cmd := &cobra.Command{
		Use:   "rotate NAMESPACE/NAME",
		Short: "Have a new certificate made now; it is swapped when windows and peers allow",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			w, err := read(cmd.Context(), s, args[0])
			if err != nil {
				return err
			}
			if w.Status.Certificate == nil {
				return fmt.Errorf("%s has no certificate yet", args[0])
			}
			before := serialOf(w)
			if err := s.Annotate(cmd.Context(), w, v1alpha1.AnnotationRotate, w.Status.Certificate.Fingerprint); err != nil {
				return fmt.Errorf("asking for a rotation: %w", err)
			}
			if patience <= 0 {
				fmt.Fprintf(s.Out, "asked for: see certs list\n")
				return nil
			}
			return await(cmd.Context(), s, args[0], before, patience)
		},
	}
	cmd.Flags().DurationVar(&patience, "wait", 0, "wait this long for the new certificate to be in its Secret")
	return cmd
}

func serialOf(w *v1alpha1.WorkloadCertificate) string {
	if w.Status.Certificate == nil {
		return ""
	}
	return w.Status.Certificate.Serial
}

func await(ctx context.Context, s *connect.Session, path, before string, patience time.Duration) error {
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var step v1alpha1.RotationStep
	err := wait.PollUntilContextCancel(bounded, interval, true, func(context.Context) (bool, error) {
		// Not bounded: a client that sees no time for its next request says so by an error.
		w, err := read(ctx, s, path)
		if err != nil {
			return false, err
		}
		step = w.Status.Step
		return serialOf(w) != before, nil
	})
	if wait.Interrupted(err) {
		return exit.With(exit.Unknown, "asked for, and not swapped within %s: the step is %s. See: certs list", patience, step)
	}
	if err != nil {
		return exit.With(exit.Unknown, "asked for; what came of it could not be read: %w", err)
	}
	fmt.Fprintf(s.Out, "rotated: %s\n", path)
	return nil
}

func acknowledgeCommand(s *connect.Session) *cobra.Command {
	var peer, fingerprint string
	cmd := &cobra.Command{
		Use:   "acknowledge NAMESPACE/NAME --peer NAME",
		Short: "Say that a device trusts what comes, after it was installed there",
		Long: `Say that a device outside the cluster trusts what comes. Install it first: status.outsidePeers
names the file. Compare its SHA-256 fingerprint on the device with the one that is printed here, or
give it by --fingerprint, so that nothing else is acknowledged.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			w, err := read(cmd.Context(), s, args[0])
			if err != nil {
				return err
			}
			return acknowledge(cmd.Context(), s, w, peer, fingerprint)
		},
	}
	cmd.Flags().StringVar(&peer, "peer", "", "the device, as spec.outsidePeers names it")
	cmd.Flags().StringVar(&fingerprint, "fingerprint", "", "what it trusts, as the device shows it; colons and case do not matter")
	_ = cmd.MarkFlagRequired("peer")
	return cmd
}

func acknowledge(ctx context.Context, s *connect.Session, w *v1alpha1.WorkloadCertificate, peer, fingerprint string) error {
	i := slices.IndexFunc(w.Status.OutsidePeers, func(p v1alpha1.OutsidePeerStatus) bool { return p.Name == peer })
	if i < 0 {
		return fmt.Errorf("--peer: %s/%s waits for no %q: see its status.outsidePeers", w.Namespace, w.Name, peer)
	}
	want := w.Status.OutsidePeers[i].Fingerprint
	if plain := strings.ToLower(strings.ReplaceAll(fingerprint, ":", "")); plain != "" && plain != want {
		return exit.With(exit.Bad, "--fingerprint: the device shows another one than %s: it has something else", want)
	}
	key := v1alpha1.AnnotationTrustedBy + peer
	trusted := slices.DeleteFunc(strings.Split(w.Annotations[key], ","), func(f string) bool { return f == "" })
	if !slices.Contains(trusted, want) {
		// The one before may still be in use; older ones say nothing any more.
		trusted = append(trusted[max(0, len(trusted)-1):], want)
	}
	if err := s.Annotate(ctx, w, key, strings.Join(trusted, ",")); err != nil {
		return fmt.Errorf("acknowledging: %w", err)
	}
	fmt.Fprintf(s.Out, "acknowledged: %s trusts %s\n", peer, want)
	return nil
}
