// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Command pod is all that the image of the end-to-end tests' real pods holds, the
// sandbox included:
//
//	pod wait      until it is told to end, which is what a container does
//	pod cat FILE  prints a file, which is what is executed in one
//	pod tick      prints a line each second, whatever it is told
package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 1 && args[0] == "wait":
		// The first process of a process namespace gets no signal that it does not ask for.
		asked := make(chan os.Signal, 1)
		signal.Notify(asked, syscall.SIGTERM, syscall.SIGINT)
		<-asked
		return nil
	case len(args) == 1 && args[0] == "tick":
		signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGPIPE)
		for {
			_, _ = fmt.Println(time.Now().Format(time.RFC3339Nano))
			time.Sleep(time.Second)
		}
	case len(args) == 2 && args[0] == "cat":
		content, err := os.ReadFile(args[1])
		if err != nil {
			return err
		}
		_, err = os.Stdout.Write(content)
		return err
	}
	return fmt.Errorf("usage: pod wait | pod tick | pod cat FILE, not %q", args)
}
