// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/test/e2e/stage"
)

// The windows of these tests, beside one for each attack that needs a pod of its own.
const (
	common    = "tried"
	neighbour = "neighbour" // somebody else's
	passage   = "passage"   // a relay
	asked     = "more"      // what a technician asks for himself
	insider   = "tech-2@acme.example"
)

const (
	// starved is the window whose first process is, by so many busy threads.
	starved  = "starved"
	spinning = 20
	// starvedAtMost is how late that may make its end: package hold says what it rests on.
	starvedAtMost = 90 * time.Second
)

// vendorAttacks are tried in this order: what makes the machine busy comes last.
// docs/access-attacks.md has the same.
var vendorAttacks = []vendorAttack{
	// At the first process, by which the pod has an end.
	{"kill the first process (SIGKILL)", nothing, "", calls("kill")},
	{"stop it (SIGSTOP, SIGTSTP)", nothing, "", calls("stop")},
	{"pin it to one processor", nothing, "", calls("pin")},
	{"trace it", refused, "", calls("trace")},
	{"write its memory, /proc/1/mem", refused, "", calls("memory")},
	{"write its memory, process_vm_writev", refused, "", calls("writev")},
	{"take its sockets", refused, "", calls("take-files")},
	{"list its files", refused, "", calls("list-files")},
	{"read its environment", refused, "", calls("environment")},
	{"enter its root", refused, "", calls("root")},
	{"spare it from the OOM killer", refused, "", calls("spare-from-oom")},
	{"make its timers slow", refused, "", calls("slow-timers")},
	{"overwrite its program", refused, "", calls("overwrite-program")},
	{"put another program in its place", refused, "", calls("replace-program")},
	{"remove its program", refused, "", calls("remove-program")},
	{"write its program by /proc/1/exe", refused, "", calls("program-by-proc")},
	{"mount its program's volume writable", refused, "", calls("writable-program")},

	// At the container's walls.
	{"write to the image", refused, "", calls("write-image")},
	{"mount a file system", refused, "", calls("mount")},
	{"mount another /proc", refused, "", calls("mount-proc")},
	{"unshare a user namespace", refused, "", calls("user-namespace")},
	{"unshare a PID namespace", refused, "", calls("pid-namespace")},
	{"unshare a time namespace", refused, "", calls("time-namespace")},
	{"enter the first process's namespaces", refused, "", calls("enter-namespace")},
	{"become root", refused, "", calls("become-root")},
	{"set the clock", refused, "", calls("set-clock")},
	{"write a kernel parameter (core_pattern)", refused, "", calls("sysctl")},
	{"write a kernel parameter (ip_forward)", refused, "", calls("sysctl-net")},
	{"write to /proc/sysrq-trigger", refused, "", calls("sysrq")},
	{"lift the limit of processes", refused, "", calls("cgroup")},
	{"make a device file", refused, "", calls("device")},
	{"open a raw socket", refused, "", calls("raw-socket")},
	{"open a packet socket", refused, "", calls("packets")},
	{"take a higher priority", refused, "", calls("privileged")},
	{"take real-time scheduling", refused, "", calls("realtime")},
	{"read a token of Kubernetes", refused, "", calls("token")},
	{"open the container runtime's socket", refused, "", calls("host-socket")},

	// At the channel by which the end is told.
	{"forge a later end", refused, "", forges(common)},
	{"forge a later end for a relay, from a session pod", refused, "", forges(passage)},
	{"replay a recorded end", refused, "", replays(common)},
	{"replay the end of another pod", refused, "", replays(neighbour)},
	{"send what is no message", refused, "", within("send", "127.0.0.1:7702", strings.Repeat("00", 78))},
	{"occupy the control port", nothing, "", stays("occupy", "127.0.0.1:7702", "300")},

	// By the API server, with all that a vendor has.
	{"exec into another window's pod", refused, "", asks("exec", "-n", v1alpha1.NamespaceAccess, "window-"+neighbour, "--", "/pod", "cat", "/proc/1/status")},
	{"exec into the relay", refused, "", asks("exec", "-n", v1alpha1.NamespaceAccess, "window-"+passage, "--", "/pod", "cat", "/proc/1/status")},
	{"kubectl debug: an ephemeral container", refused, "", asks("debug", "-n", v1alpha1.NamespaceAccess, "window-"+common, "--image="+stage.Image, "--target=session", "--profile=general", "--", "/pod", "tick")},
	{"attach", refused, "", asks("attach", "-n", v1alpha1.NamespaceAccess, "window-"+common)},
	{"port-forward", refused, "", asks("port-forward", "-n", v1alpha1.NamespaceAccess, "window-"+common, "17702:7702")},
	{"proxy to a pod", refused, "", asks("get", "--raw", inAccess("pods/window-"+passage+":20000/proxy/"))},
	{"proxy to a service", refused, "", asks("get", "--raw", inAccess("services/window-"+passage+":20000/proxy/"))},
	{"proxy to the node", refused, "", asks("get", "--raw", "/api/v1/nodes/"+stage.KubeletNode+"/proxy/pods")},
	{"change the pod's image", refused, "", patches("pod/window-"+common, `{"spec":{"containers":[{"name":"session","image":"other"}]}}`)},
	{"change the pod's labels", refused, "", patches("pod/window-"+common, `{"metadata":{"labels":{"zonewarden.io/name":"`+neighbour+`"}}}`)},
	{"change the pod's deadline", refused, "", patches("pod/window-"+common, `{"spec":{"activeDeadlineSeconds":null}}`)},
	{"put a finalizer on the pod", refused, "", patches("pod/window-"+common, `{"metadata":{"finalizers":["acme.example/stay"]}}`)},
	{"change the Job's deadline", refused, "", patches("job/window-"+common, `{"spec":{"activeDeadlineSeconds":99999}}`)},
	{"change the Job's owner", refused, "", patches("job/window-"+common, `{"metadata":{"ownerReferences":[]}}`)},
	{"suspend the Job", refused, "", patches("job/window-"+common, `{"spec":{"suspend":true}}`)},
	{"take the RoleBinding from its Job", refused, "", patches("rolebinding/window-"+common, `{"metadata":{"ownerReferences":null}}`)},
	{"add verbs to the Role", refused, "", patches("role/window-"+common, `{"rules":[{"apiGroups":["*"],"resources":["*"],"verbs":["*"]}]}`)},
	{"widen the window's policy", refused, "", patches("ciliumnetworkpolicy/window-"+common, `{"specs":null,"spec":{"endpointSelector":{},"egress":[{"toEntities":["all"]}]}}`)},
	{"delete the default deny", refused, "", asks("delete", "-n", v1alpha1.NamespaceAccess, "networkpolicy/default-deny")},
	{"change the window's end", refused, "", patches("vendoraccesswindow/"+common, `{"spec":{"end":"2099-01-01T00:00:00Z"}}`)},
	{"change the window's status", refused, "", asks("patch", "vendoraccesswindow/"+common, "--subresource=status", "--type=merge", "--patch", `{"status":{"end":"2099-01-01T00:00:00Z"}}`)},
	{"put a finalizer on the window", refused, "", patches("vendoraccesswindow/"+common, `{"metadata":{"finalizers":["acme.example/stay"]}}`)},
	{"make a pod in zonewarden-access", refused, "", creates(ownPod)},
	{"copy the Job", refused, "", creates(ownJob)},
	{"read the Secrets there", refused, "", asks("get", "-n", v1alpha1.NamespaceAccess, "secrets")},
	{"read the operator's key", refused, "", asks("get", "-n", "zonewarden-system", "secret/zonewarden-session-key")},
	{"ask for a token of a service account", refused, "", asks("create", "token", "default", "-n", v1alpha1.NamespaceAccess)},
	{"be somebody else", refused, "", asks("--as="+owner, "get", "vendoraccesswindow/"+common)},
	{"approve, forging the approver", refused, "", approves(technician, owner, common)},
	{"approve for oneself", refused, "", approves(technician, technician, common)},
	{"approve in another's name, with the right to approve", refused, "", approves(insider, owner, common)},
	{"delete a lock", refused, "", asks("delete", "accesslock/elsewhere")},
	{"patch a lock away", refused, "", patches("accesslock/elsewhere", `{"spec":{"vendor":"nobody"}}`)},
	{"open without an approval (breakGlass)", refused, "", requests("mine", technician, "breakGlass: true", time.Hour)},
	{"ask in the planner's name", refused, "", requests("mine", planner, "", time.Hour)},
	{"delete another's window", refused, "", asks("delete", "vendoraccesswindow/"+neighbour)},
	{"see who else comes", refused, "", asks("get", "vendoraccesswindows")},
	{"ask for more time, and approve it as one of those let in", nothing, "", asksForMore},
	{"delete an approved window, make it again with a later end, replay its approval", refused, "", asksAgain},

	// At the relay.
	{"reach the relay from elsewhere than the jump host", refused, "", dials("stranger", firstRelayPort)},
	{"reach a port of the relay that leads nowhere", refused, "", dials("jumphost-1", firstRelayPort+7)},

	// To stay.
	{"detach by a double fork, deaf to every signal", onTime, "", within("linger")},
	{"keep an inherited connection", onTime, "line", keepsALine},
	{"fork until the limit of processes", onTime, "bomb", forks},
	{"fill /tmp", onTime, "fill", within("fill", "/tmp/full", "80")},
	{"terminate the first process (SIGTERM)", sooner, "terminate", calls("terminate")},
	{"lower its limits", sooner, "limit", calls("limit")},
	{"lower its priority", sooner, "nice", calls("nice")},
	{"make it idle", sooner, "idle", calls("idle")},
	{"make it idle among busy threads", behind, starved, within("starve", fmt.Sprint(spinning))},
}

// asLong as four attacks one after the other the pods of eleven windows may take to end at
// one time: an attack is a command, in a pod or to the API server. Where those are slow it
// is more than the promise.
const asLong = 4

// Nobody stays in a session longer than its window, or reaches further, by what can be done
// inside a session pod or with a vendor's rights in Kubernetes.
//
// What a session pod reaches by the network is not seen here: the network plugin of this
// node knows no policies.
func TestNothingThatAVendorTriesHolds(t *testing.T) {
	s := besieged(t)
	const lasts = 100 * time.Second
	due, later := s.open(lasts, lasts+20*time.Second)
	before := s.stood()
	begun := time.Now()
	last := len(vendorAttacks) - 1
	for i := range vendorAttacks[:last] {
		s.carryOut(t, &vendorAttacks[i])
	}
	each := time.Since(begun) / time.Duration(last)
	record(t, "attacks", "%d in %s", last, since(begun))
	if left := time.Until(due); left < time.Second {
		t.Fatalf("%s before the end: the attacks take too long", left)
	}
	s.unchanged(before)
	for _, name := range []string{asked, again} {
		if phase := s.phase(name); phase != v1alpha1.WindowRequested {
			t.Errorf("window %s is %s, want it to be asked for and no more", name, phase)
		}
	}
	s.endsAt(due, max(lateAtMost, asLong*each))
	if err := asks("exec", "-n", v1alpha1.NamespaceAccess, "window-"+common, "--", "/pod", "tick")(s, nil); err == nil {
		t.Error("after its end a session pod still lets in")
	}
	s.starves(&vendorAttacks[last], later)
	s.expired(due, later)
}
