// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package policytest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"os"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/topology"
)

// LoadSnapshot reads a file of YAML documents (Site, Zone, Conduit, Asset,
// Namespace, Pod) as the API server would hand them on: strictly, with the
// defaults of the CRDs. Objects without a UID get one made of kind and name.
func LoadSnapshot(path string) (topology.Snapshot, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return topology.Snapshot{}, err
	}
	s, err := ReadSnapshot(raw)
	if err != nil {
		return topology.Snapshot{}, fmt.Errorf("%s, %w", path, err)
	}
	return s, nil
}

// ReadSnapshot is LoadSnapshot of documents that are at hand.
func ReadSnapshot(raw []byte) (topology.Snapshot, error) {
	var s topology.Snapshot
	for i, doc := range bytes.Split(raw, []byte("\n---\n")) {
		if err := loadDocument(&s, doc); err != nil {
			return topology.Snapshot{}, fmt.Errorf("document %d: %w", i+1, err)
		}
	}
	return s, nil
}

func loadDocument(s *topology.Snapshot, doc []byte) error {
	asJSON, err := yaml.YAMLToJSONStrict(doc)
	if err != nil {
		return err
	}
	var head metav1.TypeMeta
	if err := json.Unmarshal(asJSON, &head); err != nil {
		return err
	}
	switch head.APIVersion + " " + head.Kind {
	case "v1 Namespace":
		ns, err := load[corev1.Namespace](asJSON, head.Kind)
		if err != nil {
			return err
		}
		s.Namespaces = append(s.Namespaces, topology.Namespace{Name: ns.Name, Labels: withName(ns.Labels, ns.Name)})
	case "v1 Pod":
		pod, err := load[corev1.Pod](asJSON, head.Kind)
		if err != nil {
			return err
		}
		s.Pods = append(s.Pods, topology.Pod{Namespace: pod.Namespace, Name: pod.Name, Labels: pod.Labels})
	default:
		return loadOurs(s, asJSON, head)
	}
	return nil
}

func loadOurs(s *topology.Snapshot, asJSON []byte, head metav1.TypeMeta) (err error) {
	if head.APIVersion != v1alpha1.GroupVersion.String() {
		return fmt.Errorf("unexpected %s %s", head.APIVersion, head.Kind)
	}
	if asJSON, err = withDefaults(asJSON, head.Kind); err != nil {
		return err
	}
	switch head.Kind {
	case topology.KindSite:
		s.Site, err = load[v1alpha1.Site](asJSON, head.Kind)
	case topology.KindZone:
		s.Zones, err = appendLoaded(s.Zones, asJSON, head.Kind)
	case topology.KindConduit:
		s.Conduits, err = appendLoaded(s.Conduits, asJSON, head.Kind)
	case topology.KindAsset:
		s.Assets, err = appendLoaded(s.Assets, asJSON, head.Kind)
	default:
		err = fmt.Errorf("unexpected kind %q", head.Kind)
	}
	return err
}

func appendLoaded[T any](list []*T, asJSON []byte, kind string) ([]*T, error) {
	o, err := load[T](asJSON, kind)
	return append(list, o), err
}

// load decodes strictly: a typo in a test case must fail it.
func load[T any](asJSON []byte, kind string) (*T, error) {
	out := new(T)
	d := json.NewDecoder(bytes.NewReader(asJSON))
	d.DisallowUnknownFields()
	if err := d.Decode(out); err != nil {
		return nil, err
	}
	meta := any(out).(metav1.Object)
	if meta.GetName() == "" {
		return nil, fmt.Errorf("a %s without a name", kind)
	}
	if meta.GetUID() == "" {
		meta.SetUID(types.UID("uid-of-" + kind + "-" + meta.GetName()))
	}
	return out, nil
}

// withName adds the label that the API server gives every namespace.
func withName(labels map[string]string, name string) map[string]string {
	out := map[string]string{"kubernetes.io/metadata.name": name}
	maps.Copy(out, labels)
	return out
}

// WorldOf is the cluster of a snapshot. Addresses that the Site gives for the
// Kubernetes API are the entity kube-apiserver; link-local ones that it gives for
// DNS are on the node itself.
func WorldOf(s topology.Snapshot) World {
	w := World{Namespaces: map[string]map[string]string{}, Entities: map[netip.Addr]string{}}
	for _, ns := range s.Namespaces {
		w.Namespaces[ns.Name] = ns.Labels
	}
	for _, p := range s.Pods {
		w.Pods = append(w.Pods, Pod{Namespace: p.Namespace, Name: p.Name, Labels: p.Labels})
	}
	if s.Site == nil {
		return w
	}
	for _, a := range s.Site.Spec.Platform.APIServer.Addresses {
		w.Entities[netip.MustParseAddr(a)] = "kube-apiserver"
	}
	for _, a := range s.Site.Spec.Platform.DNS.Addresses {
		if addr := netip.MustParseAddr(a); addr.IsLinkLocalUnicast() {
			w.Entities[addr] = string(Host)
		}
	}
	return w
}
