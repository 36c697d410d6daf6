// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package page_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zonewarden/zonewarden/hack/release/page"
)

func TestABlockIsCommandsAndWhatTheyPrint(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "page.md")
	text := "# Page\n\n```console\n$ check it with A\nOK A\n$ cost $ 1\n```\n\n```sh\nsign A\nsend A\n```\n\n```yaml\nsign: B\n```\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for begins, want := range map[string]page.Block{
		"check": {Lines: []string{"check it with B", "cost $ 1"}, Shown: "OK B\n"},
		"sign":  {Lines: []string{"sign B", "send B"}},
	} {
		if diff := cmp.Diff(want, page.Named(t, file, begins).With(t, "A", "B")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", begins, diff)
		}
	}
	if got := page.Named(t, file, "sign").Script(); got != "sign A\nsend A" {
		t.Errorf("a shell gets %q", got)
	}
}
