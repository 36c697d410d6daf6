// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/zonewarden/zonewarden/controllers"
)

// TestWhereThisRuns: the namespace is the one that leader election takes, so that what is
// known of the clock lies beside the lease. Not beside another test: the flags of
// controller-runtime are variables of its package.
func TestWhereThisRuns(t *testing.T) {
	file := filepath.Join(t.TempDir(), "namespace")
	if err := os.WriteFile(file, []byte("zonewarden-system\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, file string
		args       []string
		want       controllers.Place
	}{
		{"as told", file, []string{"--leader-election-namespace=ot", "--node-name=edge-1"}, controllers.Place{Namespace: "ot", Node: "edge-1"}},
		{"in a pod", file, []string{"--node-name=edge-1"}, controllers.Place{Namespace: "zonewarden-system", Node: "edge-1"}},
		{"outside a cluster", file + "-of-no-pod", nil, controllers.Place{Node: host}},
	} {
		o, err := parse(test.args)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := o.place(test.file); err != nil || got != test.want {
			t.Errorf("%s: %+v, %v, want %+v", test.name, got, err, test.want)
		}
	}
	o := &options{}
	if _, err := o.place(t.TempDir()); err == nil {
		t.Error("a namespace that cannot be read is none")
	}
}

// TestSyslogNeedsBothOptions: with one of them nothing would be sent, and nobody would know.
func TestSyslogNeedsBothOptions(t *testing.T) {
	for _, test := range []struct {
		args []string
		good bool
	}{
		{nil, true},
		{[]string{"--syslog-address=siem.example:6514", "--syslog-tls-dir=/etc/zonewarden/syslog"}, true},
		{[]string{"--syslog-address=[2001:db8::1]:6514", "--syslog-tls-dir=/etc/zonewarden/syslog"}, true},
		{[]string{"--syslog-address=siem.example:6514"}, false},
		{[]string{"--syslog-tls-dir=/etc/zonewarden/syslog"}, false},
		{[]string{"--syslog-address=siem.example", "--syslog-tls-dir=/etc/zonewarden/syslog"}, false},
		{[]string{"--syslog-address=:6514", "--syslog-tls-dir=/etc/zonewarden/syslog"}, false},
	} {
		if _, err := parse(test.args); (err == nil) != test.good {
			t.Errorf("%v: %v", test.args, err)
		}
	}
}
