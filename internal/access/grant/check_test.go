// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package grant_test

import (
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/access/grant"
)

func role(name string, rules ...rbacv1.PolicyRule) *rbacv1.ClusterRole {
	return &rbacv1.ClusterRole{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{v1alpha1.LabelVendorSafe: "true"}},
		Rules:      rules,
	}
}

func rule(group, resource string, verbs ...string) rbacv1.PolicyRule {
	return rbacv1.PolicyRule{APIGroups: []string{group}, Resources: []string{resource}, Verbs: verbs}
}

func safeRoles() map[string]*rbacv1.ClusterRole {
	return map[string]*rbacv1.ClusterRole{"acme-look": role("acme-look",
		rule("", "pods", "get", "list", "watch"), rule("", "pods/log", "get"), rule("apps", "deployments/status", "get"),
		rule("authorization.k8s.io", "localsubjectaccessreviews", "create"))}
}

func TestUnsafeRoles(t *testing.T) {
	t.Parallel()
	if why := grant.Unsafe(safeRoles()["acme-look"]); len(why) > 0 {
		t.Fatal(why)
	}
	unlabelled := role("r", rule("", "pods", "get"))
	unlabelled.Labels[v1alpha1.LabelVendorSafe] = "yes"
	aggregates := role("r", rule("", "pods", "get"))
	aggregates.AggregationRule = &rbacv1.AggregationRule{}
	for want, r := range map[string]*rbacv1.ClusterRole{
		"not labelled":                             unlabelled,
		"aggregates":                               aggregates,
		"holds nothing":                            role("r"),
		"path /metrics":                            role("r", rbacv1.PolicyRule{NonResourceURLs: []string{"/metrics"}, Verbs: []string{"get"}}),
		"may * pods":                               role("r", rule("", "pods", "*")),
		"may get *":                                role("r", rule("", "*", "get")),
		"may get pods.*":                           role("r", rule("*", "pods", "get")),
		"may get */log":                            role("r", rule("", "*/log", "get")),
		"may get secrets":                          role("r", rule("", "pods", "get"), rule("", "secrets", "get")),
		"may list configmaps":                      role("r", rule("", "configmaps", "list")),
		"may create serviceaccounts/token":         role("r", rule("", "serviceaccounts/token", "create")),
		"may get pods/exec":                        role("r", rule("", "pods/exec", "get")),
		"may create pods/exec":                     role("r", rule("", "pods/exec", "create")),
		"may get pods/attach":                      role("r", rule("", "pods/attach", "get")),
		"may get pods/portforward":                 role("r", rule("", "pods/portforward", "get")),
		"may get services/proxy":                   role("r", rule("", "services/proxy", "get")),
		"may get pods/ephemeralcontainers":         role("r", rule("", "pods/ephemeralcontainers", "get")),
		"may get nodes":                            role("r", rule("", "nodes", "get")),
		"may get nodes/proxy":                      role("r", rule("", "nodes/proxy", "get")),
		"may impersonate users":                    role("r", rule("", "users", "impersonate")),
		"may get roles.rbac.authorization.k8s.io":  role("r", rule("rbac.authorization.k8s.io", "roles", "get")),
		"may bind clusterroles.rbac.authorization": role("r", rule("rbac.authorization.k8s.io", "clusterroles", "bind")),
		"may escalate roles":                       role("r", rule("rbac.authorization.k8s.io", "roles", "escalate")),
		"may patch deployments.apps":               role("r", rule("apps", "deployments", "patch")),
		"may update deployments/scale.apps":        role("r", rule("apps", "deployments/scale", "update")),
		"may delete pods":                          role("r", rule("", "pods", "delete")),
		"may deletecollection pods":                role("r", rule("", "pods", "deletecollection")),
		"may create tokenreviews.authentication":   role("r", rule("authentication.k8s.io", "tokenreviews", "create")),
		"may create certificatesigningrequests":    role("r", rule("certificates.k8s.io", "certificatesigningrequests", "create")),
		"may enter sites.zonewarden.io":            role("r", rule("zonewarden.io", "sites", "enter")),
	} {
		if why := strings.Join(grant.Unsafe(r), "; "); !strings.Contains(why, want) {
			t.Errorf("%q is not among the reasons: %s", want, why)
		}
	}
}

// TestCheck finds each mistake, by its field.
func TestCheck(t *testing.T) {
	t.Parallel()
	p := load(t)
	rights := func(ns, role string) *v1alpha1.VendorAccessWindow {
		w := window(v1alpha1.GrantRelay, "jumphost-1", assets(named("modbus-tcp"), "drive-01a"))
		w.Spec.Kubernetes = &v1alpha1.KubernetesRights{Roles: []v1alpha1.WindowRole{{Namespace: ns, Role: role}}}
		return w
	}
	relay, source, session := v1alpha1.GrantRelay, v1alpha1.GrantSourceAddress, v1alpha1.GrantSessionPod
	reachable := workloads("supervision", "historian", port(443, "TCP"))
	for name, c := range map[string]struct {
		window         *v1alpha1.VendorAccessWindow
		change         func(*plant)
		field, message string
	}{
		"unknown protocol":    {window: window(relay, "jumphost-1", assets(named("modbus"), "drive-01a")), field: "spec.reach[0].flows[0].protocol", message: "modbus-tcp"},
		"below IP":            {window: window(relay, "jumphost-1", assets(named("goose"), "drive-01a")), field: "spec.reach[0].flows[0].protocol", message: "below IP"},
		"dynamic":             {window: window(relay, "jumphost-1", assets(named("ftp"), "drive-01a")), field: "spec.reach[0].flows[0].protocol", message: "name the ports"},
		"wide range":          {window: window(relay, "jumphost-1", assets(ports(1024, 1280, "TCP"), "drive-01a")), field: "spec.reach[0].flows[0]", message: "256 ports"},
		"SCTP":                {window: window(relay, "jumphost-1", assets(port(2905, "SCTP"), "drive-01a")), field: "spec.reach[0].flows[0]", message: "SCTP"},
		"too many targets":    {window: window(relay, "jumphost-1", assets(ports(1000, 1099, "TCP"), "drive-01a", "drive-01b")), field: "spec.reach[0]", message: "more than 256"},
		"too many together":   {window: window(relay, "jumphost-1", assets(ports(1000, 1255, "TCP"), "drive-01a"), assets(port(1, "TCP"), "drive-01a")), field: "spec.reach[1]", message: "more than 256"},
		"a network":           {window: window(relay, "jumphost-1", assets(named("modbus-tcp"), "drive-01a", "rack-02")), field: "spec.reach[0].assets[1]", message: "10.1.2.16/28"},
		"a zone's network":    {window: window(relay, "jumphost-1", v1alpha1.Reach{Zone: "cell-pumping", WholeZone: true, Flows: []v1alpha1.Flow{port(1, "TCP")}}), field: "spec.reach[0].wholeZone", message: "10.1.2.16/28"},
		"no such zone":        {window: window(relay, "jumphost-1", workloads("attic", "hmi", port(1, "TCP"))), field: "spec.reach[0].zone", message: "attic"},
		"no such asset":       {window: window(relay, "jumphost-1", assets(named("modbus-tcp"), "drive-09")), field: "spec.reach[0].assets[0]", message: "drive-09"},
		"hidden label":        {window: window(relay, "jumphost-1", v1alpha1.Reach{Zone: "supervision", Workloads: &metav1.LabelSelector{MatchLabels: map[string]string{"pod-template-hash": "1"}}, Flows: []v1alpha1.Flow{port(1, "TCP")}}), field: "spec.reach[0].workloads", message: "pod-template-hash"},
		"nothing named":       {window: window(relay, "jumphost-1", v1alpha1.Reach{Zone: "supervision", Flows: []v1alpha1.Flow{port(1, "TCP")}}), field: "spec.reach[0]", message: "one of"},
		"no jump host":        {window: window(relay, "jumphost-9", reachable), field: "spec.through", message: "jumphost-9"},
		"jump host in access": {window: window(relay, "jumphost-2", reachable), change: func(p *plant) { p.site.Spec.Access.JumpHosts[1].Workloads.Namespace = "zonewarden-access" }, field: "spec.through", message: "zonewarden-access"},
		"no image":            {window: window(session, "", reachable), change: func(p *plant) { p.site.Spec.Access.SessionPods = nil }, field: "spec.grant", message: "sessionPods"},
		"devices only":        {window: window(source, "jumphost-1", assets(named("modbus-tcp"), "drive-01a")), field: "spec.reach[0]", message: "devices only"},
		"guarded":             {window: window(source, "jumphost-1", reachable), change: func(p *plant) { p.model.Site.Guard.Datapath = true }, field: "spec.grant", message: "guard"},
		"guarded, inside":     {window: window(source, "jumphost-2", reachable), change: func(p *plant) { p.model.Site.Guard.AdminTier = true }, field: "spec.grant", message: "guard"},
		"no role":             {window: rights("scada", "nothing"), field: "spec.kubernetes.roles[0].role", message: "nothing"},
		"unsafe role":         {window: rights("scada", "admin"), field: "spec.kubernetes.roles[0].role", message: "secrets"},
		"our own namespace":   {window: rights("zonewarden-access", "acme-look"), field: "spec.kubernetes.roles[0].namespace", message: "windows"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := load(t)
			if c.change != nil {
				c.change(&p)
			}
			roles := safeRoles()
			roles["admin"] = role("admin", rule("", "secrets", "get"))
			for _, problem := range grant.Check(c.window, p.site, p.model, p.pods, roles) {
				if problem.Field == c.field && strings.Contains(problem.Message, c.message) {
					return
				}
			}
			t.Errorf("no problem with %s about %q: %v", c.field, c.message, grant.Check(c.window, p.site, p.model, p.pods, roles))
		})
	}
	if got := grant.Check(window(relay, "jumphost-1", reachable), nil, p.model, nil, nil); len(got) == 0 {
		t.Error("without a Site nothing is wrong")
	}
}
