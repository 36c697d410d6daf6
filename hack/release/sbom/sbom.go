// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package sbom writes the bill of materials of something that is made of several Go programs,
// in CycloneDX. cyclonedx-gomod reads each program; here the bills of all become one, which
// names each module once and says which programs have it. It has no serial number and no
// time: equal programs have an equal bill.
package sbom

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// Program is a file that is delivered.
type Program struct{ OS, Arch, File string }

func (p Program) ref() string { return p.OS + "/" + p.Arch + "/" + filepath.Base(p.File) }

// Bill reads a program with cyclonedx-gomod. Licences are looked for in the cache of modules,
// which has all that the program was built from, and nowhere else: also not in the database of
// checksums, which the build has compared with go.sum. Of a module whose licence is not found
// there is no bill, because another machine would find it and write another one.
func Bill(ctx context.Context, tool, version string, p Program) (*cdx.BOM, error) {
	cmd := exec.CommandContext(ctx, tool, "bin", "-json", "-noserial", "-notimestamp", "-std", "-licenses", "-short-purls",
		"-version", version, p.File)
	cmd.Env = append(os.Environ(), "GOPROXY=off", "GOSUMDB=off", "GOFLAGS=", "GOWORK=off")
	var log bytes.Buffer
	cmd.Stderr = &log
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("reading the modules of %s: %w: %s", p.ref(), err, log.Bytes())
	}
	bill := new(cdx.BOM)
	if err := cdx.NewBOMDecoder(bytes.NewReader(out), cdx.BOMFileFormatJSON).Decode(bill); err != nil {
		return nil, fmt.Errorf("reading the bill of %s: %w", p.ref(), err)
	}
	if bill.Metadata == nil || bill.Metadata.Component == nil || bill.Components == nil {
		return nil, fmt.Errorf("the bill of %s is empty", p.ref())
	}
	for _, module := range *bill.Components {
		if known(module).Licenses == nil && module.Evidence == nil {
			return nil, fmt.Errorf("finding the licence of %s %s in %s: there is none, or the module is not in the cache: %s", module.Name, module.Version, p.ref(), log.Bytes())
		}
	}
	return bill, application(bill, version, p)
}

// application makes a bill's subject the file that it is, rather than the module that the
// file is from, which others are from as well.
func application(bill *cdx.BOM, version string, p Program) error {
	content, err := os.ReadFile(p.File)
	if err != nil {
		return fmt.Errorf("reading a program: %w", err)
	}
	sum := sha256.Sum256(content)
	subject := bill.Metadata.Component
	subject.BOMRef = p.ref()
	subject.Name = filepath.Base(p.File)
	subject.Version = version
	subject.Hashes = &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: hex.EncodeToString(sum[:])}}
	subject.Licenses = license("Apache-2.0")
	subject.Evidence = nil
	var built []cdx.Property
	if bill.Metadata.Properties != nil {
		for _, property := range *bill.Metadata.Properties {
			if strings.HasPrefix(property.Name, "cdx:gomod:build:") {
				built = append(built, property)
			}
		}
	}
	subject.Properties = &built
	return nil
}

func license(id string) *cdx.Licenses {
	return &cdx.Licenses{{License: &cdx.License{ID: id}}}
}

// Write writes a bill as JSON.
func Write(to string, bill *cdx.BOM) error {
	var out bytes.Buffer
	encoder := cdx.NewBOMEncoder(&out, cdx.BOMFileFormatJSON).SetPretty(true).SetEscapeHTML(false)
	if err := encoder.EncodeVersion(bill, cdx.SpecVersion1_6); err != nil {
		return fmt.Errorf("writing a bill: %w", err)
	}
	if err := os.WriteFile(to, out.Bytes(), 0o644); err != nil {
		return fmt.Errorf("writing a bill: %w", err)
	}
	return nil
}
