// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Command zonewarden-session runs inside the pod of a window: as the relay between the
// jump host and the window's targets, or as the first process of a session pod. Either
// way it ends itself, and with it everything that it holds, at the last end that the
// operator told it, whatever else is dead.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"

	"github.com/go-logr/logr"
	"golang.org/x/sys/unix"

	"github.com/zonewarden/zonewarden/internal/buildinfo"
	"github.com/zonewarden/zonewarden/internal/session"
	"github.com/zonewarden/zonewarden/internal/session/boot"
	"github.com/zonewarden/zonewarden/internal/session/hold"
	"github.com/zonewarden/zonewarden/internal/session/relay"
	"github.com/zonewarden/zonewarden/internal/session/until"
)

// Exit codes. A pod that ended as it should has succeeded.
const (
	exitEnded  = 0
	exitFailed = 1
	exitUsage  = 2
)

const usage = `zonewarden-session runs inside the pod of a vendor access window and ends itself.

Usage:
  zonewarden-session relay [flags]   forward ports from the jump host to the window's targets
  zonewarden-session hold [flags]    be the first process of a session pod
  zonewarden-session copy DIR        put this program into a folder, for a pod with another image
  zonewarden-session version

Each flag may instead be in the variable ZONEWARDEN_SESSION, a JSON object by the flags'
names, with a string, or a list of strings where a flag may be repeated:
  ZONEWARDEN_SESSION='{"window":"6f0f...","target":["tcp/5020=10.1.2.3:502"]}'
One that is given in both places is refused.

Exit codes: 0 the end was reached, or SIGTERM; 1 it failed, and everything ended with it;
2 the flags or the variable are wrong, and nothing was started.
`

func main() {
	// The clock and the shield come before anything else: the first bound counts from
	// here, and until it is shielded a process of the same user can reach into this one.
	start := boot.Now()
	if err := hold.Shield(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(exitFailed)
	}
	os.Exit(command(start, os.Args[1:], os.Getenv("ZONEWARDEN_SESSION"), os.Stderr))
}

func command(start boot.Instant, args []string, env string, stderr io.Writer) int {
	if len(args) == 0 {
		fmt.Fprint(stderr, usage)
		return exitUsage
	}
	name, args := args[0], args[1:]
	switch name {
	case "relay", "hold":
	case "copy":
		return copyTo(args, stderr)
	case "version", "-version", "--version":
		fmt.Println(buildinfo.Line())
		return exitEnded
	case "help", "-h", "-help", "--help":
		fmt.Fprint(stderr, usage)
		return exitEnded
	default:
		fmt.Fprintf(stderr, "unknown command %q\n\n%s", name, usage)
		return exitUsage
	}
	o, err := parse(name, args, env, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitEnded
	case err != nil:
		fmt.Fprintf(stderr, "zonewarden-session %s: %v\n", name, err)
		return exitUsage
	}
	handler := slog.NewJSONHandler(stderr, nil)
	log := logr.FromSlogHandler(handler).WithValues("window", o.window, "pod", o.pod)
	if err := run(logr.NewContext(context.Background(), log), start, name, o); err != nil {
		log.Error(err, "the session ends early")
		return exitFailed
	}
	log.Info("the session has ended")
	return exitEnded
}

// run works until the end that it is told. An error means that it ended before.
func run(ctx context.Context, start boot.Instant, name string, o *options) error {
	hold.Ignore()
	ctx, stop := signal.NotifyContext(ctx, unix.SIGTERM)
	defer stop()
	var lc net.ListenConfig
	control, err := lc.Listen(ctx, "tcp", o.control)
	if err != nil {
		return fmt.Errorf("listening on the control port: %w", err)
	}
	c := session.Config{
		Operator: o.operator.key,
		Window:   o.window,
		Pod:      o.pod,
		Start:    start,
		First:    o.first,
		Control:  control,
		Status:   func() until.Status { return until.Status{Processes: hold.Processes()} },
	}
	work := hold.Run
	if name == "relay" {
		r, err := relay.Listen(ctx, o.relay)
		if err != nil {
			return err
		}
		c.Status = r.Status
		work = func(ctx context.Context) error {
			r.Run(ctx)
			return nil
		}
	}
	logr.FromContextOrDiscard(ctx).Info("starting", "command", name, "version", buildinfo.Version(),
		"control", control.Addr().String(), "first", o.first.String())
	return session.Run(ctx, c, work)
}
