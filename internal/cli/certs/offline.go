// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package certs

import (
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/zonewarden/zonewarden/internal/cli/connect"
	"github.com/zonewarden/zonewarden/internal/cli/exit"
)

func requestCommand(s *connect.Session) *cobra.Command {
	return &cobra.Command{
		Use:   "request NAMESPACE/NAME",
		Short: "Print the request that an offline authority has to sign (PKCS#10, PEM)",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			w, err := read(cmd.Context(), s, args[0])
			if err != nil {
				return err
			}
			if w.Status.Request == "" {
				return exit.With(exit.Bad, "%s asks for nothing now", args[0])
			}
			_, err = io.WriteString(s.Out, w.Status.Request)
			return err
		},
	}
}

func installCommand(s *connect.Session) *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "install NAMESPACE/NAME -f FILE",
		Short: "Hand in the certificate that an offline authority signed (PEM)",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			issued, err := certificate(s, file)
			if err != nil {
				return fmt.Errorf("--file: %w", err)
			}
			w, err := read(cmd.Context(), s, args[0])
			if err != nil {
				return err
			}
			if err := s.Change(cmd.Context(), w, func() { w.Spec.Issued = string(issued) }); err != nil {
				return fmt.Errorf("handing in the certificate: %w", err)
			}
			fmt.Fprintf(s.Out, "handed in: whether it is what was asked for shows in certs list\n")
			return nil
		},
	}
	cmd.Flags().StringVarP(&file, "file", "f", "", "the certificate, - for standard input")
	_ = cmd.MarkFlagRequired("file")
	return cmd
}

// certificate reads certificates and nothing else: what is handed in is read by everybody.
func certificate(s *connect.Session, file string) ([]byte, error) {
	raw, err := io.ReadAll(s.In)
	if file != "-" {
		raw, err = os.ReadFile(file) //nolint:gosec // the user names the file, and reads it as themselves
	}
	if err != nil {
		return nil, err
	}
	var out []byte
	for block, rest := pem.Decode(raw); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("it holds a %s: only certificates may be handed in", block.Type)
		}
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: block.Bytes})...)
	}
	if len(out) == 0 {
		return nil, errors.New("there is no certificate in it")
	}
	return out, nil
}
