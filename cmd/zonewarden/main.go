// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Command zonewarden is the operator: it keeps the network policies of an OT site
// equal to its Zones and Conduits.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"time"
	_ "time/tzdata" // the Site's time zone, in an image without a zone database

	"github.com/go-logr/logr"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	crconfig "sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/controllers"
	"github.com/zonewarden/zonewarden/internal/buildinfo"
)

// gcPercent is how much the heap may grow between collections; GOGC is the
// runtime's own name and default (100) for it.
const gcPercent = 50

// answersWithin is less than the second that a kubelet waits for a probe.
const answersWithin = 500 * time.Millisecond

// options are the command line.
type options struct {
	metricsAddress string
	probeAddress   string
	leaderElect    bool
	leaseNamespace string
	nodeName       string
	sessionImage   string
	trail          controllers.TrailOptions
	version        bool
	log            zap.Options
}

func main() {
	o, err := parse(os.Args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case err != nil:
		os.Exit(2)
	case o.version:
		fmt.Println(buildinfo.Line())
		return
	}
	// An edge node has little memory: collect at half the usual growth.
	debug.SetGCPercent(gcPercent)
	logger := zap.New(zap.UseFlagOptions(&o.log))
	ctrl.SetLogger(logger)
	if err := run(o, logger); err != nil {
		logger.Error(err, "the operator stops")
		os.Exit(1)
	}
}

func parse(args []string) (*options, error) {
	o := &options{}
	f := flag.NewFlagSet("zonewarden", flag.ContinueOnError)
	f.StringVar(&o.metricsAddress, "metrics-bind-address", ":8080", "address that Prometheus metrics are served at; 0 serves none")
	f.StringVar(&o.probeAddress, "health-probe-bind-address", ":8081", "address that /healthz and /readyz are served at; 0 serves none")
	f.BoolVar(&o.leaderElect, "leader-elect", false, "let one of several replicas work at a time")
	f.StringVar(&o.leaseNamespace, "leader-election-namespace", "", "namespace of the lease and of what is known of the clock; empty means the pod's own")
	f.StringVar(&o.nodeName, "node-name", "", "node whose clock the site's time is taken from; empty means the host's name, which is a pod's own in a pod")
	f.StringVar(&o.sessionImage, "session-image", "", "image that holds /zonewarden-session, for the pods of access windows; empty means the image of the pod that this runs in")
	f.StringVar(&o.trail.SyslogAddress, "syslog-address", "", "host:port of the syslog receiver that the audit trail is sent to, over TLS (RFC 5425); empty sends none")
	f.StringVar(&o.trail.SyslogTLSDir, "syslog-tls-dir", "", "folder with ca.crt, tls.crt and tls.key for the syslog receiver, as a Secret is mounted; read again when they change")
	f.BoolVar(&o.version, "version", false, "print the version and exit")
	o.log.BindFlags(f)
	ctrl.RegisterFlags(f)
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if f.NArg() > 0 {
		fmt.Fprintf(f.Output(), "unexpected argument %q\n", f.Arg(0))
		return nil, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	if err := o.checkSyslog(); err != nil {
		fmt.Fprintln(f.Output(), err)
		return nil, err
	}
	return o, nil
}

// checkSyslog refuses what would send nothing, or in the clear.
func (o *options) checkSyslog() error {
	if (o.trail.SyslogAddress == "") != (o.trail.SyslogTLSDir == "") {
		return errors.New("--syslog-address and --syslog-tls-dir belong together: there is no syslog without TLS")
	}
	if o.trail.SyslogAddress == "" {
		return nil
	}
	if host, port, err := net.SplitHostPort(o.trail.SyslogAddress); err != nil || host == "" || port == "" {
		return fmt.Errorf("--syslog-address: %q is not host:port", o.trail.SyslogAddress)
	}
	return nil
}

// +kubebuilder:rbac:groups=coordination.k8s.io,namespace=zonewarden-system,resources=leases,verbs=get;create;update
// +kubebuilder:rbac:groups="",namespace=zonewarden-system,resources=events,verbs=create;patch

// run works until it is told to stop.
func run(o *options, logger logr.Logger) error {
	config, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("finding the cluster: %w", err)
	}
	// The API server's own priority and fairness holds us back, not a second
	// limit here: a revocation must not wait behind statuses.
	config.QPS = -1
	mgr, err := ctrl.NewManager(config, ctrl.Options{
		Scheme:                        scheme(),
		Logger:                        logger,
		Cache:                         controllers.CacheOptions(),
		Metrics:                       server.Options{BindAddress: o.metricsAddress},
		HealthProbeBindAddress:        o.probeAddress,
		LeaderElection:                o.leaderElect,
		LeaderElectionID:              "zonewarden.zonewarden.io",
		LeaderElectionNamespace:       o.leaseNamespace,
		LeaderElectionReleaseOnCancel: true,
		// Who waits for the lease has read everything: it takes over at once, and one that may
		// not read is never ready.
		Controller: crconfig.Controller{EnableWarmup: new(true)},
	})
	if err != nil {
		return fmt.Errorf("making the manager: %w", err)
	}
	at, err := o.place(namespaceFile)
	if err != nil {
		return fmt.Errorf("finding out where this runs: %w", err)
	}
	if err := controllers.Setup(mgr, at, controllers.Options{
		Trail: o.trail, Pods: controllers.PodSource{Image: o.sessionImage, Labels: podLabels},
	}); err != nil {
		return fmt.Errorf("setting up the operator: %w", err)
	}
	if err := mgr.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return fmt.Errorf("adding the health check: %w", err)
	}
	if err := mgr.AddReadyzCheck("caches", cachesSynced(mgr)); err != nil {
		return fmt.Errorf("adding the readiness check: %w", err)
	}
	logger.Info("starting", "version", buildinfo.Version())
	if err := mgr.Start(ctrl.SetupSignalHandler()); err != nil {
		return fmt.Errorf("running the manager: %w", err)
	}
	return nil
}

// namespaceFile tells a pod its namespace.
const namespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"

// podLabels are on the operator's own pods, as config/manager has them.
var podLabels = map[string]string{"app.kubernetes.io/name": "zonewarden"}

// place is where this runs. The namespace is that of the lease, found as leader election
// finds it; outside a cluster there is none.
func (o *options) place(namespaceFile string) (controllers.Place, error) {
	at := controllers.Place{Namespace: o.leaseNamespace, Node: o.nodeName}
	if at.Namespace == "" {
		raw, err := os.ReadFile(namespaceFile) //nolint:gosec // the constant above, but for the test
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return at, fmt.Errorf("reading the pod's namespace: %w", err)
		}
		at.Namespace = strings.TrimSpace(string(raw))
	}
	if at.Node == "" {
		host, err := os.Hostname()
		if err != nil {
			return at, fmt.Errorf("reading the host's name: %w", err)
		}
		at.Node = host
	}
	return at, nil
}

// cachesSynced is ready when the operator has seen the site, the lease or not.
func cachesSynced(mgr ctrl.Manager) healthz.Checker {
	return func(r *http.Request) error {
		ctx, cancel := context.WithTimeout(r.Context(), answersWithin)
		defer cancel()
		if !mgr.GetCache().WaitForCacheSync(ctx) {
			return errors.New("the caches are not filled yet")
		}
		return nil
	}
}

// scheme holds the kinds that are read or written as types.
func scheme() *runtime.Scheme {
	s := runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(s))
	utilruntime.Must(apiextensionsv1.AddToScheme(s))
	utilruntime.Must(metav1.AddMetaToScheme(s))
	utilruntime.Must(v1alpha1.AddToScheme(s))
	return s
}
