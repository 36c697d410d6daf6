// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package stamp_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zonewarden/zonewarden/hack/release/stamp"
)

// TestMain puts the machine into a time zone: a stamp says nothing of it.
func TestMain(m *testing.M) {
	time.Local = time.FixedZone("elsewhere", 9*60*60)
	os.Exit(m.Run())
}

// repository has one commit, at a time that is known.
func repository(t *testing.T) (folder string, git func(args ...string) string) {
	t.Helper()
	folder = t.TempDir()
	git = func(args ...string) string {
		t.Helper()
		c := exec.CommandContext(t.Context(), "git", append([]string{"-C", folder, "-c", "user.name=a", "-c", "user.email=a@b.example"}, args...)...)
		c.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_COMMITTER_DATE=1795786535 +0100", "TZ=Asia/Tokyo")
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	git("init", "-q")
	write(t, filepath.Join(folder, "file"), "one")
	git("add", "file")
	git("commit", "-q", "-m", "first")
	return folder, git
}

func write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func of(t *testing.T, folder string, given stamp.Given) stamp.Stamp {
	t.Helper()
	s, err := stamp.Of(t.Context(), folder, given)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAStampIsTheCommits(t *testing.T) {
	t.Parallel()
	folder, git := repository(t)
	commit := git("rev-parse", "HEAD")
	at := time.Unix(1795786535, 0).UTC()

	want := stamp.Stamp{Version: "v0.0.0-" + at.Format("20060102150405") + "-" + commit[:12], Revision: commit, Time: at}
	if diff := cmp.Diff(want, of(t, folder, stamp.Given{})); diff != "" {
		t.Errorf("before the first tag (-want +got):\n%s", diff)
	}
	write(t, filepath.Join(folder, "untracked"), "a build's")
	if diff := cmp.Diff(want, of(t, folder, stamp.Given{})); diff != "" {
		t.Errorf("beside a file that is no source (-want +got):\n%s", diff)
	}
	write(t, filepath.Join(folder, "file"), "two")
	want.Version, want.Revision = want.Version+"-dirty", commit+"-dirty"
	if diff := cmp.Diff(want, of(t, folder, stamp.Given{})); diff != "" {
		t.Errorf("with a change (-want +got):\n%s", diff)
	}
	git("checkout", "-q", "file")
	git("tag", "chart-9.9.9")
	git("tag", "v1.2.3")
	if got := of(t, folder, stamp.Given{}).Version; got != "v1.2.3" {
		t.Errorf("at a tag: %s", got)
	}
	git("commit", "-q", "--allow-empty", "-m", "second")
	if got, want := of(t, folder, stamp.Given{}).Version, "v1.2.3-1-g"+git("rev-parse", "HEAD")[:12]; got != want {
		t.Errorf("after a tag: %s, not %s", got, want)
	}
}

func TestSourcesWithoutGitNeedAllThree(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	all := stamp.Given{Version: "v1.2.3-rc.1", Revision: "0123456789ab", Epoch: "0"}
	want := stamp.Stamp{Version: all.Version, Revision: all.Revision, Time: time.Unix(0, 0).UTC()}
	if diff := cmp.Diff(want, of(t, folder, all)); diff != "" {
		t.Errorf("given (-want +got):\n%s", diff)
	}
	for name, given := range map[string]stamp.Given{
		"SOURCE_DATE_EPOCH gives it": {Version: all.Version, Revision: all.Revision},
		"REVISION gives it":          {Version: all.Version, Epoch: all.Epoch},
		"VERSION gives it":           {Revision: "0123", Epoch: all.Epoch},
		"number of seconds":          {Version: all.Version, Revision: all.Revision, Epoch: "yesterday"},
		"is no commit":               {Version: all.Version, Revision: "a -X main.x=y", Epoch: all.Epoch},
		`"1.2.3" is not like`:        {Version: "1.2.3", Revision: all.Revision, Epoch: all.Epoch},
		`"v1.2.3+dirty" is not like`: {Version: "v1.2.3+dirty", Revision: all.Revision, Epoch: all.Epoch}, // no tag of an image
		`"v1.2" is not like`:         {Version: "v1.2", Revision: all.Revision, Epoch: all.Epoch},
	} {
		if s, err := stamp.Of(t.Context(), folder, given); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
}
