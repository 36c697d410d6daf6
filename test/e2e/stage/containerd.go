// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package stage

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const (
	containerdSocket = "/run/containerd/containerd.sock"
	containerdState  = "/run/containerd"
	// cniPrograms is where Debian's containernetworking-plugins are.
	cniPrograms = "/usr/lib/cni"
	// runtimeStarts is how long containerd, and then the kubelet, get to start.
	runtimeStarts = time.Minute
)

// containerdConfig fits containerd 1.6 and later. Images are copied rather than stacked,
// because the stage's folder may itself be on an overlay. What would load a profile into
// the machine's kernel or needs rights that a machine may lack is off.
const containerdConfig = `version = 2
root = "%[1]s/containerd"
state = "` + containerdState + `"
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]
[grpc]
  address = "` + containerdSocket + `"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "` + Image + `"
  disable_apparmor = true
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "` + cniPrograms + `"
    conf_dir = "%[1]s/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
`

// plainNetwork is a network plugin that wires pods and knows nothing of policies.
const plainNetwork = `{
  "cniVersion": "0.4.0", "name": "plain",
  "plugins": [{
    "type": "ptp",
    "ipam": {
      "type": "host-local", "dataDir": "%s/addresses",
      "ranges": [[{"subnet": "` + kubeletPodRange + `"}]], "routes": [{"dst": "0.0.0.0/0"}]
    }
  }]
}
`

// startContainerd starts containerd and gives it the image that pods run.
func (s *Stage) startContainerd() error {
	if s.containerd != nil {
		return nil
	}
	config := filepath.Join(s.folder, "containerd.toml")
	image := filepath.Join(s.folder, "image.tar")
	err := errors.Join(
		os.MkdirAll(filepath.Join(s.folder, "cni"), 0o755),
		os.WriteFile(filepath.Join(s.folder, "cni", "10-plain.conflist"), fmt.Appendf(nil, plainNetwork, s.folder), 0o600),
		os.WriteFile(config, fmt.Appendf(nil, containerdConfig, s.folder), 0o600),
		writeImage(image, Image, map[string]string{"pod": built("e2e-pod"), "zonewarden-session": s.program("zonewarden-session")}),
	)
	if err != nil {
		return fmt.Errorf("configuring containerd: %w", err)
	}
	path, err := exec.LookPath("containerd")
	if err != nil {
		return err
	}
	if err := s.run(&s.containerd, "containerd", path, []string{"--config", config}, nil); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), runtimeStarts)
	defer cancel()
	if !until(ctx, answers(containerdSocket)) {
		return errors.New("containerd does not answer")
	}
	load := exec.CommandContext(ctx, "ctr", "--address", containerdSocket, "--namespace", "k8s.io",
		"images", "import", "--snapshotter", "native", "--digests", "--base-name", imageName, image)
	if out, err := load.CombinedOutput(); err != nil {
		return fmt.Errorf("importing an image: %w: %s", err, out)
	}
	return nil
}

// PinnedImage is Image by its digest, as a node knows it that was given the archive.
func (s *Stage) PinnedImage(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "ctr", "--address", containerdSocket, "--namespace", "k8s.io",
		"images", "ls", "-q", "name~="+imageName+"@").Output()
	if err != nil {
		return "", fmt.Errorf("listing images: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

// answers asks whether somebody listens at a socket.
func answers(socket string) func() bool {
	return func() bool {
		c, err := net.Dial("unix", socket)
		return err == nil && c.Close() == nil
	}
}

// stopContainerd ends containers that nobody removed, and then containerd. Its shims end
// when their containers do; one that does not is ended, as it would hold on to what
// containerd prints to.
func (s *Stage) stopContainerd() error {
	if s.containerd == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopsWithin)
	defer cancel()
	err := s.endContainers()
	if err == nil && !until(ctx, func() bool { left, err := shims(); return err != nil || len(left) == 0 }) {
		err = errors.New("containerd's shims outlive their containers")
	}
	left, shimErr := shims()
	return errors.Join(err, shimErr, killAll(left), stop(&s.containerd))
}

// endContainers kills the processes of all containers.
func (s *Stage) endContainers() error {
	pids, err := processesIn(s.podGroups())
	return errors.Join(err, killAll(pids))
}

// shims are containerd's processes that look after containers. They belong to nobody:
// their parent is the first process of the process namespace.
func shims() ([]int, error) {
	return processes(func(command, _ string) bool {
		return strings.Contains(command, "containerd-shim") && strings.Contains(command, containerdSocket)
	})
}

// kernelSettings are what a kubelet wants of the kernel. They are the whole machine's,
// and not a test's to set, so that the kubelet is shown files that say so.
var kernelSettings = map[string]string{
	"vm/overcommit_memory": "1", "vm/panic_on_oom": "0", "kernel/panic": "10", "kernel/panic_on_oops": "1",
	"kernel/keys/root_maxkeys": "1000000", "kernel/keys/root_maxbytes": "25000000",
}

// shelter keeps the kubelet and the container runtime from the machine's own: some of
// their paths and settings cannot be configured. It does so in this process's mount
// namespace, once.
func (s *Stage) shelter() error {
	if s.sheltered {
		return nil
	}
	settings := filepath.Join(s.folder, "settings")
	for name, value := range kernelSettings {
		file := filepath.Join(settings, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(value+"\n"), 0o600)); err != nil {
			return err
		}
		if err := unix.Mount(file, filepath.Join("/proc/sys", name), "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("covering the kernel setting %s: %w", name, err)
		}
	}
	for _, target := range []string{"/var/lib", "/var/log"} {
		upper, work := filepath.Join("/run/shelter", target, "upper"), filepath.Join("/run/shelter", target, "work")
		if err := errors.Join(os.MkdirAll(upper, 0o755), os.MkdirAll(work, 0o755)); err != nil {
			return err
		}
		options := fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", target, upper, work)
		if err := unix.Mount("overlay", target, "overlay", 0, options); err != nil {
			return fmt.Errorf("covering %s: %w", target, err)
		}
	}
	s.sheltered = true
	return nil
}
