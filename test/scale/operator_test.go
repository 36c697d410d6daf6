// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package scale

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
)

// operator is the executable as the image holds it, a process of its own.
type operator struct {
	process *os.Process
	metrics string
	stop    func()
	// what idle saw last
	seen  float64
	since time.Time
}

func startOperator(b *testing.B, kubeconfig string) *operator {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(b, err)
	address := l.Addr().String()
	check(b, l.Close())
	cmd := exec.Command(root("bin", "zonewarden"), "--kubeconfig", kubeconfig,
		"--metrics-bind-address", address, "--health-probe-bind-address=0", "--zap-log-level=error")
	cmd.Stderr = os.Stderr
	check(b, cmd.Start())
	o := &operator{process: cmd.Process, metrics: "http://" + address + "/metrics", since: time.Now()}
	o.stop = sync.OnceFunc(func() {
		check(b, cmd.Process.Signal(syscall.SIGTERM))
		check(b, cmd.Wait())
	})
	await(b, "the operator serves metrics", func() bool {
		_, err := o.metric("go_goroutines")
		return err == nil
	})
	return o
}

// change changes one conduit many times by kubectl and returns the times from
// the start of kubectl to the event of the policy's change.
func (o *operator) change(b *testing.B, c client.WithWatch, kubeconfig string, zones int) []time.Duration {
	b.Helper()
	file := filepath.Join(b.TempDir(), "conduit.yaml")
	d := newConduit(0, 1%zones, 1)
	d.APIVersion, d.Kind = v1alpha1.GroupVersion.String(), "Conduit"
	writes, cpu := o.policyWrites(b), o.cpu(b)
	var took []time.Duration
	for i := range changes {
		d.Spec.Flows = []v1alpha1.Flow{{Protocol: "opcua-tcp", Port: new(int32(9000 + i)), DeclaredMode: v1alpha1.ModeSignAndEncrypt}}
		raw, err := yaml.Marshal(map[string]any{
			"apiVersion": d.APIVersion, "kind": d.Kind, "metadata": map[string]any{"name": d.Name}, "spec": d.Spec,
		})
		check(b, err)
		check(b, os.WriteFile(file, raw, 0o600))
		took = append(took, untilPolicyChanges(b, c, "conduit-"+d.Name, func() {
			kubectl(b, kubeconfig, "apply", "--server-side", "--force-conflicts", "-f", file)
		}))
		await(b, "the status is written", func() bool {
			live := &v1alpha1.Conduit{}
			check(b, c.Get(context.Background(), client.ObjectKeyFromObject(d), live))
			return live.Status.ObservedGeneration == live.Generation
		})
	}
	b.ReportMetric(float64(o.policyWrites(b)-writes)/changes, "change-writes")
	b.ReportMetric(ms(o.cpu(b)-cpu)/changes, "change-cpu-ms")
	return took
}

func kubectl(b *testing.B, kubeconfig string, args ...string) {
	b.Helper()
	cmd := exec.Command(root("bin", "kube", "kubectl"), append([]string{"--kubeconfig", kubeconfig}, args...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Errorf("kubectl %v: %v: %s", args, err, out)
	}
}

// root is a path below the repository's root.
func root(parts ...string) string {
	return filepath.Join(append([]string{"..", ".."}, parts...)...)
}

// policyWrites sums the counter of writes over kinds and verbs.
func (o *operator) policyWrites(b *testing.B) int {
	b.Helper()
	n, err := o.metric("zonewarden_policy_writes_total")
	check(b, err)
	return int(n)
}

// idle says that the operator has made a pass and then done nothing for two
// seconds, statuses included.
func (o *operator) idle(b *testing.B) bool {
	b.Helper()
	passes, err := o.metric("zonewarden_pass_seconds_count")
	check(b, err)
	working, err := o.metric("controller_runtime_active_workers")
	check(b, err)
	if working > 0 || passes != o.seen {
		o.seen, o.since = passes, time.Now()
	}
	return passes > 0 && time.Since(o.since) > 2*time.Second
}

// metric sums every sample whose line starts with a prefix.
func (o *operator) metric(prefix string) (float64, error) {
	resp, err := http.Get(o.metrics)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	var sum float64
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		if line := lines.Text(); strings.HasPrefix(line, prefix) {
			v, err := strconv.ParseFloat(line[strings.LastIndex(line, " ")+1:], 64)
			if err != nil {
				return 0, fmt.Errorf("reading %q: %w", line, err)
			}
			sum += v
		}
	}
	return sum, nil
}

// residentMiB is the operator's resident memory.
func (o *operator) residentMiB(b *testing.B) float64 {
	b.Helper()
	v, err := o.metric("process_resident_memory_bytes")
	check(b, err)
	return v / (1 << 20)
}

// cpu is the processor time that the operator has used.
func (o *operator) cpu(b *testing.B) time.Duration {
	b.Helper()
	v, err := o.metric("process_cpu_seconds_total")
	check(b, err)
	return time.Duration(v * float64(time.Second))
}
