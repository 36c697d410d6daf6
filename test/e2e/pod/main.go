// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

// Command pod is all that the image of the end-to-end tests' real pods holds, the
// sandbox included:
//
//	pod wait                   until it is told to end, which is what a container does
//	pod cat FILE               prints a file, which is what is executed in one
//	pod tick                   prints a line each second, whatever it is told
//
// What somebody does who wants to stay in a session pod longer than he may, or to reach
// further. None lasts longer than a few minutes, whatever becomes of the pod:
//
//	pod try WHAT               tries one thing, named in tries.go, and fails if it is refused
//	pod linger [ADDRESS]       leaves a process behind, detached and deaf to signals, and
//	                           returns; with an address it holds a connection to it and
//	                           writes into it all the time
//	pod bomb N                 starts processes that stay, N at most, and prints how many
//	pod starve N               keeps N threads busy, makes the first process idle, and returns
//	pod fill FILE MIB          writes a file
//	pod beat PORT              listens, and writes all the time into what connects
//	pod occupy ADDRESS N       opens connections that say nothing, prints a line, and stays
//	pod send ADDRESS HEX       answers the number that a control port draws with a message,
//	                           and prints the verdict
//	pod forge ADDRESS WINDOW POD DURATION
//	                           tells a control port a later end, signed with a key of its own
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

// commands by their name and how many words follow.
var commands = map[string]func([]string) error{
	"wait 0":   wait,
	"cat 1":    cat,
	"tick 0":   tick,
	"try 1":    try,
	"linger 0": linger,
	"linger 1": linger,
	"stay 0":   stay,
	"stay 1":   stay,
	"bomb 1":   bomb,
	"starve 1": starve,
	"spin 1":   spin,
	"fill 2":   fill,
	"beat 1":   beat,
	"occupy 2": occupy,
	"send 2":   send,
	"forge 4":  forge,
}

func run(args []string) error {
	if len(args) > 0 {
		if command := commands[fmt.Sprintf("%s %d", args[0], len(args)-1)]; command != nil {
			return command(args[1:])
		}
	}
	return fmt.Errorf("%q is no command, see the documentation of this one", args)
}

func wait([]string) error {
	// The first process of a process namespace gets no signal that it does not ask for.
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGTERM, syscall.SIGINT)
	<-asked
	return nil
}

func cat(args []string) error {
	content, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(content)
	return err
}

func tick([]string) error {
	signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGPIPE)
	for {
		_, _ = fmt.Println(time.Now().Format(time.RFC3339Nano))
		time.Sleep(time.Second)
	}
}
