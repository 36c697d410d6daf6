// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"

	cdx "github.com/CycloneDX/cyclonedx-go"

	"github.com/zonewarden/zonewarden/hack/release/build"
	"github.com/zonewarden/zonewarden/hack/release/bundle"
	"github.com/zonewarden/zonewarden/hack/release/image"
	"github.com/zonewarden/zonewarden/hack/release/krew"
	"github.com/zonewarden/zonewarden/hack/release/sbom"
)

// workstations are what people have who use the plugin.
var workstations = []build.Platform{
	{OS: "darwin", Arch: "amd64"},
	{OS: "darwin", Arch: "arm64"},
	{OS: "linux", Arch: "amd64"},
	{OS: "linux", Arch: "arm64"},
	{OS: "windows", Arch: "amd64"},
	{OS: "windows", Arch: "arm64"},
}

// pluginName is its executable's, by which kubectl finds it.
const pluginName = "kubectl-zonewarden"

// image writes the archive, the name by digest of what is in it, and its bill.
func (r *release) image(ctx context.Context) error {
	if err := r.clear("zonewarden-*.oci.tar", "zonewarden-*.digest", "zonewarden-*.cdx.json"); err != nil {
		return err
	}
	var packed []image.Programs
	var listed []sbom.Program
	for _, p := range r.platforms {
		files, err := r.compiled(ctx, p, "zonewarden", "zonewarden-node", "zonewarden-session")
		if err != nil {
			return err
		}
		packed = append(packed, image.Programs{OS: p.OS, Arch: p.Arch, Files: files})
		for _, file := range files {
			listed = append(listed, sbom.Program{OS: p.OS, Arch: p.Arch, File: file})
		}
	}
	index, err := image.Index(image.Description{
		Title: "Zonewarden", Description: "IEC 62443 zones and conduits on Kubernetes: the operator, the agent of each node, the relay of vendor access",
		Version: r.Version, Revision: r.Revision, Source: source, Licenses: "Apache-2.0", Created: r.Time, Entrypoint: "zonewarden",
	}, packed)
	if err != nil {
		return err
	}
	prefix := "zonewarden-" + r.Version
	if err := image.Write(r.file(prefix+".oci.tar"), index, r.name, r.Version, r.Time); err != nil {
		return err
	}
	digest, err := index.Digest()
	if err != nil {
		return fmt.Errorf("finding the image's digest: %w", err)
	}
	pinned := r.name + "@" + digest.String()
	if err := os.WriteFile(r.file(prefix+".digest"), []byte(pinned+"\n"), 0o644); err != nil {
		return fmt.Errorf("writing the digest: %w", err)
	}
	say("%s.oci.tar: %s:%s, %s", prefix, r.name, r.Version, digest)
	// As package URLs have it: the last part of the name, and the whole of it as a qualifier.
	purl := fmt.Sprintf("pkg:oci/%s@%s?repository_url=%s&tag=%s", path.Base(r.name), url.QueryEscape(digest.String()), r.name, r.Version)
	subject := cdx.Component{BOMRef: purl, Type: cdx.ComponentTypeContainer, Name: r.name, Version: r.Version, PackageURL: purl}
	return r.bill(ctx, prefix+".cdx.json", subject, listed)
}

// plugin writes an archive for each kind of workstation, the manifest that leads to them, and
// the bill of all.
func (r *release) plugin(ctx context.Context) error {
	if err := r.clear(pluginName+"-*", "zonewarden.yaml"); err != nil {
		return err
	}
	manifest := krew.Manifest{Version: r.Version, Source: source}
	var listed []sbom.Program
	for _, p := range workstations {
		files, err := r.compiled(ctx, p, pluginName)
		if err != nil {
			return err
		}
		listed = append(listed, sbom.Program{OS: p.OS, Arch: p.Arch, File: files[0]})
		name := fmt.Sprintf("%s-%s-%s-%s.tar.gz", pluginName, r.Version, p.OS, p.Arch)
		content := []bundle.File{{Path: files[0], Program: true}, {Path: filepath.Join(r.sources, "LICENSE")}}
		if p.OS == "windows" {
			name = fmt.Sprintf("%s-%s-%s-%s.zip", pluginName, r.Version, p.OS, p.Arch)
		} else { // there the script cannot be run
			content = append(content, bundle.File{Path: filepath.Join(r.sources, "cmd", pluginName, "kubectl_complete-zonewarden"), Program: true})
		}
		if err := bundle.Write(r.file(name), r.Time, content...); err != nil {
			return err
		}
		sum, err := sumOf(r.file(name))
		if err != nil {
			return err
		}
		manifest.Archives = append(manifest.Archives, krew.Archive{
			OS: p.OS, Arch: p.Arch, SHA256: sum, Program: filepath.Base(files[0]),
			URI: fmt.Sprintf("%s/releases/download/%s/%s", source, r.Version, name),
		})
	}
	if err := krew.Write(r.file("zonewarden.yaml"), manifest); err != nil {
		return err
	}
	subject := cdx.Component{BOMRef: pluginName, Type: cdx.ComponentTypeApplication, Name: pluginName, Version: r.Version}
	return r.bill(ctx, fmt.Sprintf("%s-%s.cdx.json", pluginName, r.Version), subject, listed)
}

// bill writes one bill of materials of several programs.
func (r *release) bill(ctx context.Context, name string, subject cdx.Component, programs []sbom.Program) error {
	say("listing what is in %s", name)
	var bills []*cdx.BOM
	for _, program := range programs {
		one, err := sbom.Bill(ctx, r.gomod, r.Version, program)
		if err != nil {
			return err
		}
		bills = append(bills, one)
	}
	all, err := sbom.Merge(subject, bills...)
	if err != nil {
		return err
	}
	return sbom.Write(r.file(name), all)
}
