// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"

	"github.com/zonewarden/zonewarden/hack/release/bundle"
)

// chartName is the folder of the chart below charts, and the one in its archive.
const chartName = "zonewarden"

var (
	chartVersion = regexp.MustCompile(`(?m)^version: *"?([0-9A-Za-z.-]+)"? *$`)
	appVersion   = regexp.MustCompile(`(?m)^appVersion: *"?([0-9A-Za-z.-]+)"? *$`)
)

// chart packs it, where there is one, as `helm package` would, which writes the time of day
// into what it packs.
func (r *release) chart() error {
	if err := r.clear(chartName + "-*.tgz"); err != nil {
		return err
	}
	folder := filepath.Join(r.sources, "charts", chartName)
	about, err := os.ReadFile(filepath.Join(folder, "Chart.yaml"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the chart: %w", err)
	}
	version := chartVersion.FindSubmatch(about)
	if version == nil {
		return errors.New("the chart has no version")
	}
	if app := appVersion.FindSubmatch(about); app == nil || string(app[1]) != r.Version {
		say("the chart installs another version than %s, unless image.tag or image.digest is given", r.Version)
	}
	files, err := filesOf(folder)
	if err != nil {
		return fmt.Errorf("listing the chart: %w", err)
	}
	return bundle.Write(r.file(fmt.Sprintf("%s-%s.tgz", chartName, version[1])), r.Time, files...)
}

// filesOf are a chart's, without what pages are made from, and what tells Helm to leave that
// out.
func filesOf(folder string) ([]bundle.File, error) {
	var files []bundle.File
	err := fs.WalkDir(os.DirFS(folder), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && path.Ext(name) != ".gotmpl" && d.Name() != ".helmignore" {
			files = append(files, bundle.File{Path: filepath.Join(folder, name), Name: path.Join(chartName, name)})
		}
		return err
	})
	return files, err
}
