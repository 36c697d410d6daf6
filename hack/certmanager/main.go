// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Certmanager runs those of cert-manager's controllers that an issuer with a certificate
// authority needs: they approve requests, make Issuers and ClusterIssuers ready, and sign.
//
//	certmanager --kubeconfig FILE [--cluster-resource-namespace NAMESPACE]
//
// The controllers are cert-manager's own, unchanged. What it does not have is the webhook,
// the controllers of Certificates, and every other kind of issuer (ACME, Vault, Venafi,
// self-signed), for whose packages alone the clients of many clouds would be compiled. There
// is no leader election, so one program may run against a cluster. Ends with its parent, see
// hack/kube.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/cert-manager/cert-manager/pkg/controller"
	"github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/approver"
	"github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/ca"
	"github.com/cert-manager/cert-manager/pkg/controller/clusterissuers"
	"github.com/cert-manager/cert-manager/pkg/controller/issuers"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/ca" // what makes an issuer with an authority ready
	"golang.org/x/sync/errgroup"
)

// wanted are the controllers that run, however many others the packages register.
var wanted = []string{approver.ControllerName, ca.CRControllerName, clusterissuers.ControllerName, issuers.ControllerName}

// workers is how many objects a controller works on at a time.
const workers = 2

func main() {
	kubeconfig := flag.String("kubeconfig", "", "the cluster")
	namespace := flag.String("cluster-resource-namespace", "cert-manager", "where Secrets of ClusterIssuers are")
	flag.Parse()
	endWithParent()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *kubeconfig, *namespace); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, kubeconfig, namespace string) error {
	// Without one, cert-manager would take whatever cluster it finds itself in.
	if kubeconfig == "" {
		return errors.New("--kubeconfig is missing")
	}
	factory, err := controller.NewContextFactory(ctx, controller.ContextOptions{
		Kubeconfig:         kubeconfig,
		KubernetesAPIQPS:   50,
		KubernetesAPIBurst: 50,
		IssuerOptions:      controller.IssuerOptions{ClusterResourceNamespace: namespace},
	})
	if err != nil {
		return err
	}
	running := map[string]controller.Interface{}
	for _, name := range wanted {
		construct, ok := controller.Known()[name]
		if !ok {
			return fmt.Errorf("cert-manager has no controller %s", name)
		}
		if running[name], err = construct(factory); err != nil {
			return fmt.Errorf("making %s: %w", name, err)
		}
	}
	// After the controllers, which have said by now what they want to be told of.
	shared, err := factory.Build()
	if err != nil {
		return err
	}
	shared.SharedInformerFactory.Start(ctx.Done())
	shared.KubeSharedInformerFactory.Start(ctx.Done())
	group, ctx := errgroup.WithContext(ctx)
	for name, c := range running {
		fmt.Println("running", name)
		group.Go(func() error { return c.Run(workers, ctx) })
	}
	return group.Wait()
}
