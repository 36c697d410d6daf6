// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package flows

import (
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// ciliumSource reads a file of the Cilium that the module requires, so that a newer one
// with another layout is noticed here and not on a node.
func ciliumSource(t *testing.T, path ...string) string {
	t.Helper()
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/cilium/cilium").Output()
	if err != nil || len(dir) <= 1 {
		t.Fatalf("locating Cilium's source, try `go mod download`: %v", err)
	}
	text, err := os.ReadFile(filepath.Join(append([]string{strings.TrimSpace(string(dir))}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestKeysAreLaidOutAsInCiliumsSource(t *testing.T) {
	source := ciliumSource(t, "bpf", "lib", "common.h")
	for name, c := range map[string]struct {
		address    string
		want, have int
	}{
		"ipv4_ct_tuple": {"__be32", 2*4 + 2*2 + 2, binary.Size(key[ipv4]{})},
		"ipv6_ct_tuple": {"union v6addr", 2*16 + 2*2 + 2, binary.Size(key[ipv6]{})},
	} {
		body := regexp.MustCompile(`(?s)struct ` + name + ` \{\n(.*?)\} __packed;`).FindStringSubmatch(source)
		if body == nil {
			t.Errorf("there is no %s", name)
			continue
		}
		var got [][]string
		for _, field := range regexp.MustCompile(`(?m)^\t((?:union )?\w+)\s+(\w+);$`).FindAllStringSubmatch(body[1], -1) {
			got = append(got, field[1:])
		}
		want := [][]string{
			{c.address, "daddr"},
			{c.address, "saddr"},
			{"__be16", "dport"},
			{"__be16", "sport"},
			{"__u8", "nexthdr"},
			{"__u8", "flags"},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if c.want != c.have {
			t.Errorf("%s is %d bytes, the key %d", name, c.want, c.have)
		}
	}
}

func TestFlagsAndMapsAreNamedAsInCiliumsSource(t *testing.T) {
	common, maps := ciliumSource(t, "bpf", "lib", "common.h"), ciliumSource(t, "bpf", "lib", "conntrack_map.h")
	for name, flag := range map[string]int{
		"OUT": directionOut, "IN": directionIn, "RELATED": directionRelated, "SERVICE": directionService,
	} {
		if !regexp.MustCompile(`#define TUPLE_F_` + name + `\s+` + strconv.Itoa(flag) + `\s`).MatchString(common) {
			t.Errorf("TUPLE_F_%s is not %d", name, flag)
		}
	}
	for _, name := range []string{mapTCP4, mapAny4, mapTCP6, mapAny6} {
		if !regexp.MustCompile(`(?s)BPF_MAP_TYPE_LRU_HASH.{0,250}\} ` + name + ` __section_maps_btf`).MatchString(maps) {
			t.Errorf("there is no %s, or it is no LRU hash", name)
		}
	}
}
