// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package plant

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/policy/policytest"
	"github.com/zonewarden/zonewarden/internal/protocol"
	"github.com/zonewarden/zonewarden/internal/topology"
	"github.com/zonewarden/zonewarden/test/oracle"
)

const separator = "\n---\n"

// Expectation is a line of flows.yaml: what must and must not pass.
type Expectation struct {
	From oracle.Endpoint `json:"from"`
	To   oracle.Endpoint `json:"to"`
	// Port as in 502/TCP.
	Port string `json:"port"`
	// Verdict is Allow or Deny.
	Verdict string `json:"verdict"`
	Why     string `json:"why"`
}

// Flow is the flow that is meant.
func (e Expectation) Flow() (oracle.Flow, error) {
	number, transport, ok := strings.Cut(e.Port, "/")
	port, err := strconv.ParseUint(number, 10, 16)
	if !ok || err != nil {
		return oracle.Flow{}, fmt.Errorf("reading port %q of %s to %s", e.Port, e.From, e.To)
	}
	return oracle.Flow{From: e.From, To: e.To, Transport: protocol.Transport(transport), Port: uint16(port)}, nil
}

// Allowed says what the line expects.
func (e Expectation) Allowed() (bool, error) {
	if e.Verdict != "Allow" && e.Verdict != "Deny" {
		return false, fmt.Errorf("reading verdict %q of %s to %s", e.Verdict, e.From, e.To)
	}
	return e.Verdict == "Allow", nil
}

// Load reads a folder with in.yaml, the declared objects as the API server would hand
// them on with the cluster's namespaces, pods and nodes, and flows.yaml.
func Load(folder string) (Plant, []Expectation, error) {
	raw, err := os.ReadFile(filepath.Join(folder, "in.yaml"))
	if err != nil {
		return Plant{}, nil, err
	}
	p, err := read(raw)
	if err != nil {
		return Plant{}, nil, fmt.Errorf("reading %s: %w", folder, err)
	}
	raw, err = os.ReadFile(filepath.Join(folder, "flows.yaml"))
	if err != nil {
		return Plant{}, nil, err
	}
	var flows []Expectation
	if err := yaml.UnmarshalStrict(raw, &flows); err != nil {
		return Plant{}, nil, fmt.Errorf("reading flows of %s: %w", folder, err)
	}
	return p, flows, nil
}

func read(raw []byte) (Plant, error) {
	p := Plant{Ports: map[oracle.Endpoint][]oracle.NamedPort{}}
	var rest []string
	for doc := range strings.SplitSeq(string(raw), separator) {
		var head metav1.TypeMeta
		if err := yaml.Unmarshal([]byte(doc), &head); err != nil {
			return Plant{}, err
		}
		switch head.Kind {
		case "Node":
			n, err := readNode(doc)
			if err != nil {
				return Plant{}, err
			}
			p.Nodes = append(p.Nodes, n)
			continue
		case "Pod":
			if err := p.readPorts(doc); err != nil {
				return Plant{}, err
			}
		}
		rest = append(rest, doc)
	}
	snapshot, err := policytest.ReadSnapshot([]byte(strings.Join(rest, separator)))
	if err != nil {
		return Plant{}, err
	}
	snapshot.Nodes = p.Nodes
	p.Snapshot = snapshot
	return p, nil
}

func readNode(doc string) (topology.Node, error) {
	var n corev1.Node
	if err := yaml.UnmarshalStrict([]byte(doc), &n); err != nil {
		return topology.Node{}, err
	}
	out := topology.Node{Name: n.Name, Networks: slices.Clone(n.Spec.PodCIDRs)}
	for _, a := range n.Status.Addresses {
		out.Networks = append(out.Networks, a.Address)
	}
	return out, nil
}

func (p Plant) readPorts(doc string) error {
	var pod corev1.Pod
	if err := yaml.UnmarshalStrict([]byte(doc), &pod); err != nil {
		return err
	}
	at := oracle.Endpoint(pod.Namespace + "/" + pod.Name)
	for _, c := range pod.Spec.Containers {
		for _, port := range c.Ports {
			p.Ports[at] = append(p.Ports[at], oracle.NamedPort{
				Name: port.Name, Transport: protocol.Transport(port.Protocol), Port: uint16(port.ContainerPort),
			})
		}
	}
	return nil
}

// Write makes the folder that Load reads.
func Write(folder string, p Plant, flows []Expectation) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	objects, err := p.manifest()
	if err != nil {
		return err
	}
	lines, err := yaml.Marshal(flows)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, "flows.yaml"), lines, 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "in.yaml"), objects, 0o644)
}

// manifest is the plant as documents.
func (p Plant) manifest() ([]byte, error) {
	var objects []any
	kind := func(k string) metav1.TypeMeta {
		return metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: k}
	}
	if p.Site != nil {
		o := p.Site.DeepCopy()
		o.TypeMeta = kind(topology.KindSite)
		objects = append(objects, o)
	}
	for _, ns := range p.Namespaces {
		objects = append(objects, &corev1.Namespace{TypeMeta: core("Namespace"), ObjectMeta: metav1.ObjectMeta{Name: ns.Name, Labels: ns.Labels}})
	}
	for _, pod := range p.Pods {
		objects = append(objects, p.pod(pod))
	}
	for _, n := range p.Nodes {
		objects = append(objects, node(n))
	}
	for _, z := range p.Zones {
		o := z.DeepCopy()
		o.TypeMeta = kind(topology.KindZone)
		objects = append(objects, o)
	}
	for _, a := range p.Assets {
		o := a.DeepCopy()
		o.TypeMeta = kind(topology.KindAsset)
		objects = append(objects, o)
	}
	for _, c := range p.Conduits {
		o := c.DeepCopy()
		o.TypeMeta = kind(topology.KindConduit)
		objects = append(objects, o)
	}
	return join(objects)
}

func join(objects []any) ([]byte, error) {
	docs := make([][]byte, 0, len(objects))
	for _, o := range objects {
		doc, err := marshal(o)
		if err != nil {
			return nil, err
		}
		docs = append(docs, bytes.TrimSpace(doc))
	}
	return append(bytes.Join(docs, []byte(separator)), '\n'), nil
}

// marshal leaves out what is empty: a person reads it. An empty label stays.
func marshal(o any) ([]byte, error) {
	raw, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	var content map[string]any
	if err := json.Unmarshal(raw, &content); err != nil {
		return nil, err
	}
	if status, ok := content["status"].(map[string]any); ok && status["lastGood"] == nil && status["addresses"] == nil {
		delete(content, "status")
	}
	dropEmpty(content)
	return yaml.Marshal(content)
}

func dropEmpty(content map[string]any) {
	for key, value := range content {
		inner, ok := value.(map[string]any)
		if ok {
			dropEmpty(inner)
		}
		if value == nil || ok && len(inner) == 0 {
			delete(content, key)
		}
	}
}

func core(kind string) metav1.TypeMeta { return metav1.TypeMeta{APIVersion: "v1", Kind: kind} }

func (p Plant) pod(pod topology.Pod) *corev1.Pod {
	out := &corev1.Pod{TypeMeta: core("Pod"), ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name, Labels: pod.Labels}}
	for _, port := range p.Ports[oracle.Endpoint(pod.Namespace+"/"+pod.Name)] {
		out.Spec.Containers = append(out.Spec.Containers, corev1.Container{Ports: []corev1.ContainerPort{{
			Name: port.Name, Protocol: corev1.Protocol(port.Transport), ContainerPort: int32(port.Port),
		}}})
	}
	return out
}

func node(n topology.Node) *corev1.Node {
	out := &corev1.Node{TypeMeta: core("Node"), ObjectMeta: metav1.ObjectMeta{Name: n.Name}}
	for _, network := range n.Networks {
		if strings.Contains(network, "/") {
			out.Spec.PodCIDRs = append(out.Spec.PodCIDRs, network)
		} else {
			out.Status.Addresses = append(out.Status.Addresses, corev1.NodeAddress{Type: corev1.NodeInternalIP, Address: network})
		}
	}
	return out
}
