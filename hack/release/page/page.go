// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package page reads the commands of docs/verify.md, so that tests type what people read. A
// block is named by how it begins. One that the page does not have fails the test.
package page

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

var blocks = regexp.MustCompile("(?ms)^```(?:sh|console)\n(.*?)^```$")

// Block is one block of commands.
type Block struct {
	Lines []string // commands, without the prompt
	Shown string   // what the page says that they print
}

// Named is the block of a page that begins so.
func Named(t *testing.T, file, begins string) Block {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range blocks.FindAllStringSubmatch(string(raw), -1) {
		if b := parse(m[1]); len(b.Lines) > 0 && strings.HasPrefix(b.Lines[0], begins) {
			return b
		}
	}
	t.Fatalf("%s has no block that begins with %q", file, begins)
	return Block{}
}

// parse tells commands from what they print: where lines have a prompt, others are printed.
func parse(text string) (b Block) {
	for line := range strings.Lines(text) {
		command, prompted := strings.CutPrefix(line, "$ ")
		if prompted || !strings.HasPrefix(text, "$ ") {
			b.Lines = append(b.Lines, strings.TrimSuffix(command, "\n"))
		} else {
			b.Shown += line
		}
	}
	return b
}

// With puts words of the test's own, in pairs, in the place of the page's. A word that the
// block does not have fails the test: it would stand for a line that the page no longer has.
func (b Block) With(t *testing.T, words ...string) Block {
	t.Helper()
	whole := strings.Join(b.Lines, "\n")
	for i := 0; i < len(words); i += 2 {
		if !strings.Contains(whole+b.Shown, words[i]) {
			t.Errorf("the block does not have %q:\n%s", words[i], whole)
		}
	}
	r := strings.NewReplacer(words...)
	return Block{Lines: strings.Split(r.Replace(whole), "\n"), Shown: r.Replace(b.Shown)}
}

// Script is the block as a shell takes it.
func (b Block) Script() string { return strings.Join(b.Lines, "\n") }
