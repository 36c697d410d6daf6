// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"os"
	"testing"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/zonewarden/zonewarden/test/e2e/stage"
)

func TestMain(m *testing.M) {
	log.SetLogger(logr.Discard())
	os.Exit(stage.Main(m, printSummary))
}
