// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package process

import (
	"context"
	"os/exec"
	"syscall"
	"time"
)

// Typed is bash with lines that a page has its reader type, up to the first that fails. Nobody
// sits there: it has no terminal, so that what asks its reader something fails and does not wait,
// and what it started is gone when ctx is done.
func Typed(ctx context.Context, lines string) *exec.Cmd {
	c := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", lines)
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	c.WaitDelay = 10 * time.Second // what left the session may hold its output
	return c
}
