// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
)

// summary is what was measured, printed when all tests are over.
var summary struct {
	mu   sync.Mutex
	rows []string
}

// record notes a figure for the summary, and logs it.
func record(t *testing.T, what, format string, args ...any) {
	t.Helper()
	figure := fmt.Sprintf(format, args...)
	t.Logf("%s: %s", what, figure)
	summary.mu.Lock()
	defer summary.mu.Unlock()
	name, _, _ := strings.Cut(t.Name(), "/")
	summary.rows = append(summary.rows, fmt.Sprintf("%s\t%s\t%s", name, what, figure))
}

// printSummary prints a table.
func printSummary() {
	if len(summary.rows) == 0 {
		return
	}
	fmt.Println("\nWhat was measured:")
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	last := ""
	for _, row := range summary.rows {
		name, rest, _ := strings.Cut(row, "\t")
		if name != last {
			fmt.Fprintln(table, name)
		}
		last = name
		fmt.Fprintln(table, "  "+rest)
	}
	_ = table.Flush()
}
