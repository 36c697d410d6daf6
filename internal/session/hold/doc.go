// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package hold is the first process of a session pod. It does nothing for the vendor: it
// is there so that the pod has an end. When the first process of a PID namespace exits,
// the kernel kills all others in it: every shell, whatever it detached or ignored.
//
// The contract:
//
//   - Shield comes first in main. After it, no process without CAP_SYS_PTRACE traces this
//     one, reads or writes its memory or takes its files, also not one of the same user.
//     The kernel lets nobody inside the namespace stop or kill its first process.
//   - Signals that have a handler still arrive, from the same user. All are ignored but
//     SIGTERM, which is how a node ends a pod: it ends. The Go runtime's own (SIGURG) are
//     harmless, and those of faults end the process, and everything with it.
//   - Orphans are reaped, so that they do not use up the pod's process IDs.
//   - What the same user can still do to a process by its ID is to make it slow or small:
//     scheduling policy, priority, resource limits. Each is compared with how it was at
//     the start, once a second, and a difference ends the session.
//
// The last point is a net and not a wall: who makes the process idle among 60 busy ones
// starves it before it looks, and it was then found to be a minute late. In a session pod
// on a real kubelet, with half a processor, it was 0.5 and 2 s among 20 threads, 34 and 80 s
// among 60 (docs/access-attacks.md), although the node had been told to take the pod down:
// a process carries out its own death. A seccomp profile without the scheduling calls is
// the wall. Behind it 60 busy threads alone make the end 1 to 2.5 s late.
//
// Shells of another user cannot do any of it. But "kubectl exec" enters as the user of the
// container, which the first process is as well. What tells them apart is the setuid bit: a
// program file owned by a user of its own, mode 4711, in a container with
// allowPrivilegeEscalation (which is what lets the bit count) and without any capability (so
// that nothing else with that bit is worth anything). A shell can start the program too, and
// gets one more of it.
//
// Linux only.
package hold
