// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package clock

import (
	"context"
	"debug/elf"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// asked makes this program say what time it is, and nothing else.
const asked = "ZONEWARDEN_TEST_ASKS_THE_TIME"

// wait is how long it waits for a deadline before it asks again.
const wait = 50 * time.Millisecond

// answer is what it says.
type answer struct {
	Now     time.Time
	Elapsed time.Duration
}

func TestMain(m *testing.M) {
	if os.Getenv(asked) == "" {
		os.Exit(m.Run())
	}
	start := time.Now()
	ctx, cancel := context.WithDeadline(context.Background(), start.Add(wait))
	defer cancel()
	<-ctx.Done()
	_ = json.NewEncoder(os.Stdout).Encode(answer{Now: start, Elapsed: time.Since(start)})
}

// A copy of this very program lives in another year, and its deadlines come in time.
func TestACopyLivesInAnotherTime(t *testing.T) {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		t.Skip("copies are made of executables for Linux on amd64 and arm64")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, year := range []int{1970, 2000, 2060} {
		want := time.Date(year, time.January, 1, 0, 0, 0, 0, time.UTC)
		program := filepath.Join(t.TempDir(), "copy")
		if err := Copy(self, program, time.Until(want)); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), program)
		cmd.Env = append(os.Environ(), asked+"=1")
		raw, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		var got answer
		if err := json.Unmarshal(raw, &got); err != nil {
			t.Fatalf("%v: %s", err, raw)
		}
		// A second for the fraction of one that is not shifted, a minute for a busy machine.
		if d := got.Now.Sub(want); d < -time.Second || d > time.Minute {
			t.Errorf("the copy says it is %s, want %s", got.Now, want)
		}
		if got.Elapsed < wait || got.Elapsed > time.Minute {
			t.Errorf("in the copy a deadline came after %s, want %s", got.Elapsed, wait)
		}
	}
}

// What the compiler makes of the constant, with code before and after it that stays.
func TestTheConstantIsReplacedWhereItIsLoaded(t *testing.T) {
	for name, c := range map[string]struct {
		machine    elf.Machine
		code, want string
		places     int
	}{
		"amd64": {
			elf.EM_X86_64,
			"488b1599581100 be8077e09f 4801c6 41b88077e09f c3",
			"488b1599581100 be04030201 4801c6 41b804030201 c3", 2,
		},
		"amd64, in 64 bits":      {elf.EM_X86_64, "48be8077e09f00000000", "48be0403020100000000", 1},
		"amd64, something else":  {elf.EM_X86_64, "8077e09f 488d8077e09f", "8077e09f 488d8077e09f", 0},
		"amd64, cut off":         {elf.EM_X86_64, "be8077e0", "be8077e0", 0},
		"arm64":                  {elf.EM_AARCH64, "631743f9 04f08ed2 04fcb3f2 8400008b", "631743f9 846080d2 4420a0f2 8400008b", 1},
		"arm64, other registers": {elf.EM_AARCH64, "04f08ed2 05fcb3f2", "04f08ed2 05fcb3f2", 0},
		"arm64, half of it":      {elf.EM_AARCH64, "04f08ed2", "04f08ed2", 0},
		"arm64, between words":   {elf.EM_AARCH64, "0000 04f08ed2 04fcb3f2 0000", "0000 04f08ed2 04fcb3f2 0000", 0},
	} {
		code, err := hex.DecodeString(strings.ReplaceAll(c.code, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		places := machines[c.machine](code, 0x01020304)
		if got, want := fmt.Sprintf("%x", code), strings.ReplaceAll(c.want, " ", ""); got != want || places != c.places {
			t.Errorf("%s: %d places, %s, want %d places, %s", name, places, got, c.places, want)
		}
	}
}

// What no copy can be made of is said, and no file is left.
func TestWhatHasNoClockIsRefused(t *testing.T) {
	script := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(script, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for from, off := range map[string]time.Duration{script: 0, script + "-that-is-not": 0, self: 100 * 365 * 24 * time.Hour} {
		to := filepath.Join(t.TempDir(), "copy")
		if err := Copy(from, to, off); err == nil {
			t.Errorf("%s became a program that is off by %s", from, off)
		}
		if _, err := os.Stat(to); err == nil {
			t.Errorf("a file is left of a copy of %s", from)
		}
	}
}
