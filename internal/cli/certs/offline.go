// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package certs

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/cli/connect"
	"github.com/zonewarden/zonewarden/internal/cli/exit"
)

// What goes to an authority whose key is not in the cluster, and what comes back. Both are
// files for openssl, which any machine has that is kept offline.

func requestCommand(s *connect.Session) *cobra.Command {
	var opcua bool
	cmd := &cobra.Command{
		Use:   "request NAMESPACE/NAME | ZONE",
		Short: "Print what people have to sign: a certificate's request, or what a zone's authority is to be",
		Long: `Print what people have to sign whose key is not in the cluster.

NAMESPACE/NAME prints the certificate's request (PKCS#10, PEM):

  openssl x509 -req -in it.csr -CA zone.crt -CAkey zone.key -copy_extensions copyall -days 400 -out it.crt

ZONE prints what the zone's authority has to be, as a file for openssl:

  openssl req -x509 -new -config zone.cnf -newkey rsa:3072 -days 1825 -keyout zone.key -out zone.crt

Bring back the .crt by certs install, and nothing else: keys stay where they are.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !strings.Contains(args[0], "/") {
				return requestAuthority(cmd.Context(), s, args[0], opcua)
			}
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
	cmd.Flags().BoolVar(&opcua, "opcua", false, "the zone's authority for OPC UA, which is one of its own")
	return cmd
}

func installCommand(s *connect.Session) *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "install NAMESPACE/NAME | ZONE -f FILE",
		Short: "Hand in what people signed (PEM): a certificate, or a zone's authority with its revocation list",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			handed, err := handedIn(s, file)
			if err != nil {
				return fmt.Errorf("--file: %w", err)
			}
			if !strings.Contains(args[0], "/") {
				return installAuthority(cmd.Context(), s, args[0], handed)
			}
			w, err := read(cmd.Context(), s, args[0])
			if err != nil {
				return err
			}
			if err := s.Change(cmd.Context(), w, func() { w.Spec.Issued = string(handed) }); err != nil {
				return fmt.Errorf("handing in the certificate: %w", err)
			}
			fmt.Fprintf(s.Out, "handed in: whether it is what was asked for shows in certs list\n")
			return nil
		},
	}
	cmd.Flags().StringVarP(&file, "file", "f", "", "what was signed, - for standard input")
	_ = cmd.MarkFlagRequired("file")
	return cmd
}

// handedIn reads certificates and revocation lists and nothing else: what is handed in is read
// by everybody.
func handedIn(s *connect.Session, file string) ([]byte, error) {
	var raw []byte
	var err error
	if file == "-" {
		raw, err = io.ReadAll(s.In)
	} else {
		raw, err = os.ReadFile(file) //nolint:gosec // the user names the file, and reads it as themselves
	}
	if err != nil {
		return nil, err
	}
	var out []byte
	for block, rest := pem.Decode(raw); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" && block.Type != "X509 CRL" {
			return nil, fmt.Errorf("it holds a %s: only certificates and revocation lists may be handed in", block.Type)
		}
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: block.Bytes})...)
	}
	if !bytes.Contains(out, []byte("BEGIN CERTIFICATE")) {
		return nil, errors.New("there is no certificate in it")
	}
	return out, nil
}

func installAuthority(ctx context.Context, s *connect.Session, name string, handed []byte) error {
	z, err := readZone(ctx, s, name)
	if err != nil {
		return err
	}
	if z.Spec.Certificates != nil && slices.Contains(z.Spec.Certificates.Authorities, string(handed)) {
		fmt.Fprintf(s.Out, "it is there already\n")
		return nil
	}
	err = s.Change(ctx, z, func() {
		if z.Spec.Certificates == nil {
			z.Spec.Certificates = &v1alpha1.ZoneCertificates{}
		}
		z.Spec.Certificates.Authorities = append(z.Spec.Certificates.Authorities, string(handed))
	})
	if err != nil {
		return fmt.Errorf("handing in the authority: %w", err)
	}
	fmt.Fprintf(s.Out, "handed in: it signs when every peer has it, see certs list\n")
	return nil
}

func readZone(ctx context.Context, s *connect.Session, name string) (*v1alpha1.Zone, error) {
	c, err := s.Client()
	if err != nil {
		return nil, err
	}
	z := &v1alpha1.Zone{}
	if err := c.Get(ctx, client.ObjectKey{Name: name}, z); err != nil {
		return nil, fmt.Errorf("reading zone %s: %w", name, err)
	}
	return z, nil
}
