// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package image_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	spec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/zonewarden/zonewarden/hack/release/image"
)

// TestAListIsAsSkopeoWritesIt: an older Skopeo, which knows no types of artifacts, and a newer
// one write it anew in the same bytes. `make verify-tools` asks Skopeo itself.
func TestAListIsAsSkopeoWritesIt(t *testing.T) {
	t.Parallel()
	index := made[v1.ImageIndex](t)(image.Index(about, []image.Programs{
		programs(t, "amd64", 0o755, time.Unix(1, 0)), programs(t, "arm64", 0o755, time.Unix(1, 0)),
	}))
	raw := made[[]byte](t)(index.RawManifest())
	var read spec.Index
	must(t, json.Unmarshal(raw, &read))
	if diff := cmp.Diff(string(made[[]byte](t)(json.Marshal(read))), string(raw)); diff != "" {
		t.Errorf("written anew (-Skopeo +here):\n%s", diff)
	}
	if bytes.Contains(raw, []byte("artifactType")) {
		t.Errorf("an older Skopeo drops a field: %s", raw)
	}
	want, size, err := v1.SHA256(bytes.NewReader(raw))
	must(t, err)
	if got := made[v1.Hash](t)(index.Digest()); got != want || made[int64](t)(index.Size()) != size {
		t.Errorf("the digest is %s, and that of the bytes %s", got, want)
	}
}
