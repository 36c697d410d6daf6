// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package connect

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/spf13/pflag"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/apply"
	"github.com/zonewarden/zonewarden/internal/buildinfo"
)

// manager is who writes, in metadata.managedFields.
const manager = "kubectl-zonewarden"

// Session is what a command works with.
type Session struct {
	genericiooptions.IOStreams

	// Now is the present. The plugin has the clock of the machine that it runs on.
	Now func() time.Time

	flags  *genericclioptions.ConfigFlags
	client client.Client
}

// New gives a session that is not connected yet.
func New(streams genericiooptions.IOStreams, now func() time.Time) *Session {
	flags := genericclioptions.NewConfigFlags(true)
	// Our kinds are of the whole cluster, and what the operator keeps has one namespace.
	flags.Namespace = nil
	flags.WrapConfigFn = func(c *rest.Config) *rest.Config {
		c.UserAgent = manager + "/" + buildinfo.Version()
		c.WarningHandler = rest.NewWarningWriter(streams.ErrOut, rest.WarningWriterOptions{Deduplicate: true})
		return c
	}
	return &Session{IOStreams: streams, Now: now, flags: flags}
}

// AddFlags adds those of kubectl: --kubeconfig, --context, --as and so on.
func (s *Session) AddFlags(to *pflag.FlagSet) { s.flags.AddFlags(to) }

// At is a session with another context of the same kubeconfig, as the same --as. What names
// one server or one user's credentials is left to that context.
func (s *Session) At(context string) *Session {
	out := New(s.IOStreams, s.Now)
	from, to := s.flags, out.flags
	to.KubeConfig, to.CacheDir, to.Timeout, to.DisableCompression = from.KubeConfig, from.CacheDir, from.Timeout, from.DisableCompression
	to.Impersonate, to.ImpersonateUID, to.ImpersonateGroup, to.ImpersonateUserExtra = from.Impersonate, from.ImpersonateUID, from.ImpersonateGroup, from.ImpersonateUserExtra
	to.Context = &context
	return out
}

// Context is the name of the context that is meant, for people.
func (s *Session) Context() string {
	if *s.flags.Context != "" {
		return *s.flags.Context
	}
	raw, err := s.flags.ToRawKubeConfigLoader().RawConfig()
	if err != nil {
		return ""
	}
	return raw.CurrentContext
}

// Contexts are all contexts of the kubeconfig, sorted.
func (s *Session) Contexts() ([]string, error) {
	raw, err := s.flags.ToRawKubeConfigLoader().RawConfig()
	if err != nil {
		return nil, fmt.Errorf("reading the kubeconfig: %w", err)
	}
	return slices.Sorted(maps.Keys(raw.Contexts)), nil
}

// Client reads as the user. What is written goes through Create and Delete.
func (s *Session) Client() (client.Client, error) {
	if s.client != nil {
		return s.client, nil
	}
	config, err := s.flags.ToRESTConfig()
	if err != nil {
		return nil, fmt.Errorf("reading the kubeconfig: %w", err)
	}
	scheme, mapper, err := kinds()
	if err != nil {
		return nil, err
	}
	s.client, err = client.New(config, client.Options{Scheme: scheme, Mapper: mapper})
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	return s.client, nil
}

// namespacedPolicies are those of the policy kinds that are in a namespace.
var namespacedPolicies = []schema.GroupVersionKind{
	apply.GVKNetworkPolicy, {Group: "cilium.io", Version: "v2", Kind: "CiliumNetworkPolicy"},
}

// PolicyKinds are the kinds of policies that pods may be held by: those that we write, and
// the other ones that add to them.
func PolicyKinds() []schema.GroupVersionKind {
	return append([]schema.GroupVersionKind{apply.GVKClusterwidePolicy, apply.GVKCIDRGroup, apply.GVKAdminTierPolicy}, namespacedPolicies...)
}

// kinds are those that commands read and write.
func kinds() (*runtime.Scheme, meta.RESTMapper, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{v1alpha1.AddToScheme, corev1.AddToScheme, authenticationv1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, nil, fmt.Errorf("registering kinds: %w", err)
		}
	}
	mapper := meta.NewDefaultRESTMapper(nil)
	for _, kind := range []string{"Site", "Zone", "Conduit", "Asset", "Vendor", "VendorAccessWindow", "Approval", "AccessLock"} {
		mapper.Add(v1alpha1.GroupVersion.WithKind(kind), meta.RESTScopeRoot)
	}
	for _, gvk := range PolicyKinds() {
		scope := meta.RESTScopeRoot
		if slices.Contains(namespacedPolicies, gvk) {
			scope = meta.RESTScopeNamespace
		}
		mapper.Add(gvk, scope)
	}
	for kind, scope := range map[schema.GroupVersionKind]meta.RESTScope{
		corev1.SchemeGroupVersion.WithKind("ConfigMap"):                   meta.RESTScopeNamespace,
		corev1.SchemeGroupVersion.WithKind("Namespace"):                   meta.RESTScopeRoot,
		corev1.SchemeGroupVersion.WithKind("Node"):                        meta.RESTScopeRoot,
		corev1.SchemeGroupVersion.WithKind("Pod"):                         meta.RESTScopeNamespace,
		corev1.SchemeGroupVersion.WithKind("Service"):                     meta.RESTScopeNamespace,
		authenticationv1.SchemeGroupVersion.WithKind("SelfSubjectReview"): meta.RESTScopeRoot,
		v1alpha1.GroupVersion.WithKind("WorkloadCertificate"):             meta.RESTScopeNamespace,
	} {
		mapper.Add(kind, scope)
	}
	return scheme, mapper, nil
}
