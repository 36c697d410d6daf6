// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Command kubeall is etcd and the Kubernetes components in one executable.
//
// The component to run is named by the base name the program is started under,
// which is what symbolic links are for, or else by its first argument:
//
//	kube-apiserver --flags...
//	kubeall kube-apiserver --flags...
//
// From there on it behaves as the named component does, flags, exit status and
// signals included. Without a known name it prints the names it knows on standard
// error and exits with status 2. A component whose environment has KUBEALL_PARENT set
// to the process id of its parent exits soon after that parent does, however it ended.
//
// One executable instead of seven, because they share most of their packages: it is
// a third of their size together and is linked once.
package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	_ "time/tzdata" // CronJob time zones, on machines without a zone database

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"          // --logging-format=json
	_ "k8s.io/component-base/metrics/prometheus/clientgo" // client metrics in /metrics
	_ "k8s.io/component-base/metrics/prometheus/version"  // kubernetes_build_info in /metrics
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

// A component runs with args as its complete command line, args[0] being its own
// name, and returns the status to exit with.
type component func(args []string) int

// components holds every component by the name it is called by.
var components = map[string]component{
	"etcd":                    runEtcd,
	"kube-apiserver":          viaCobra(apiserver.NewAPIServerCommand),
	"kube-controller-manager": viaCobra(controllermanager.NewControllerManagerCommand),
	"kube-proxy":              viaCobra(proxy.NewProxyCommand),
	"kube-scheduler":          viaCobra(func() *cobra.Command { return scheduler.NewSchedulerCommand() }),
	"kubelet":                 viaCobra(func() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) }),
	"kubectl":                 viaCobra(func() *cobra.Command { return kubectl.NewDefaultKubectlCommand() }),
}

func main() {
	args, run := choose(os.Args)
	if run == nil {
		usage(os.Stderr)
		os.Exit(2)
	}
	endWithParent()
	os.Exit(run(args))
}

// choose finds the component that the command line argv asks for and returns the
// command line that component is to see. The component is nil if argv names none.
func choose(argv []string) ([]string, component) {
	for i, arg := range argv[:min(2, len(argv))] {
		name := arg
		if i == 0 {
			name = filepath.Base(arg)
		}
		if run, ok := components[name]; ok {
			return argv[i:], run
		}
	}
	return nil, nil
}

// viaCobra makes a component of a command constructor. The constructor is called
// only when its component runs, because constructors register global flags and
// metrics which would collide.
func viaCobra(newCommand func() *cobra.Command) component {
	return func(args []string) int {
		// Not SetArgs on the command: parts of the components read os.Args themselves.
		os.Args = args
		return cli.Run(newCommand())
	}
}

// runEtcd runs etcd, which exits by itself when it fails.
func runEtcd(args []string) int {
	os.Args = args
	etcdmain.Main(args)
	return 0
}

func usage(w io.Writer) {
	names := slices.Sorted(maps.Keys(components))
	fmt.Fprintf(w, "usage: kubeall %s [flags]\n", strings.Join(names, "|"))
}
