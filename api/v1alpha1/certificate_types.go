// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// WorkloadCertificate is a certificate for a workload, and the trust that its conduits
// ask for: issued by the authority of the zone that the workload is in, rotated in
// maintenance windows, after every peer trusts what comes.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,path=workloadcertificates,shortName=wcert,categories=zonewarden
// +kubebuilder:printcolumn:name="Profile",type=string,JSONPath=`.spec.profile`
// +kubebuilder:printcolumn:name="Zone",type=string,JSONPath=`.status.zone`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Not-After",type=string,JSONPath=`.status.certificate.notAfter`
// +kubebuilder:printcolumn:name="Next-Rotation",type=string,JSONPath=`.status.nextRotation`
// +kubebuilder:printcolumn:name="Served",type=string,JSONPath=`.status.conditions[?(@.type=="Served")].status`
// +kubebuilder:printcolumn:name="Step",type=string,JSONPath=`.status.step`
// +kubebuilder:printcolumn:name="Reason",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$')",message="the name of a WorkloadCertificate is at most 63 characters long and has no dots, because labels and the common name are made of it"
type WorkloadCertificate struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// +required
	Spec WorkloadCertificateSpec `json:"spec"`
	// +optional
	Status WorkloadCertificateStatus `json:"status,omitempty"`
}

// WorkloadCertificateSpec is what is asked for.
//
// +kubebuilder:validation:XValidation:rule="self.profile != 'OPCUA' || (has(self.uris) && size(self.uris) == 1)",message="uris: an OPC UA certificate has exactly one, its ApplicationUri"
// +kubebuilder:validation:XValidation:rule="self.profile != 'OPCUA' || !has(self.key.algorithm) || self.key.algorithm == 'RSA'",message="key.algorithm: the security policies of OPC UA that are in use ask for RSA"
// +kubebuilder:validation:XValidation:rule="self.profile == 'TLSClient' || (has(self.dnsNames) && size(self.dnsNames) > 0) || (has(self.ipAddresses) && size(self.ipAddresses) > 0)",message="dnsNames or ipAddresses: whoever connects checks one of them"
// +kubebuilder:validation:XValidation:rule="self.key.from != 'Application' || has(self.request)",message="request: with key.from: Application the application's request (PKCS#10, PEM) is needed"
// +kubebuilder:validation:XValidation:rule="self.key.from == 'Application' || !has(self.request)",message="request: only with key.from: Application"
// +kubebuilder:validation:XValidation:rule="self.key.from != 'Application' || !has(self.formats) || !('PKCS12' in self.formats)",message="formats: PKCS12 holds the key, which is the application's"
// +kubebuilder:validation:XValidation:rule="!has(self.restart) || self.restart.policy != 'Restart' || has(self.workloadRef)",message="workloadRef: needed for restart.policy: Restart"
// +kubebuilder:validation:XValidation:rule="self.profile != 'TLSClient' || !has(self.serves)",message="serves: who only connects shows its certificate nowhere, so leave it out with profile: TLSClient"
// +kubebuilder:validation:XValidation:rule="!has(self.lifetime) || !has(self.renewBefore) || !self.lifetime.matches('^([0-9]{1,5}d|([0-9]{1,5}[hms]){1,3})$') || !self.renewBefore.matches('^([0-9]{1,5}d|([0-9]{1,5}[hms]){1,3})$') || (self.lifetime.matches('^[0-9]+d$') ? int(self.lifetime.split('d')[0]) * 86400 : duration(self.lifetime).getSeconds()) > (self.renewBefore.matches('^[0-9]+d$') ? int(self.renewBefore.split('d')[0]) * 86400 : duration(self.renewBefore).getSeconds())",message="renewBefore: must be shorter than lifetime, or it would be renewed for ever"
type WorkloadCertificateSpec struct {
	// profile says what the certificate is for, which decides its usages and files.
	// +required
	Profile CertificateProfile `json:"profile"`
	// commonName, for what still looks at it. Not given: the object's name.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	CommonName string `json:"commonName,omitempty"`
	// dnsNames that it is for: those of Services of its namespace, and what the zone allows.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	// +kubebuilder:validation:items:Pattern=`^(\*\.)?[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$`
	// +kubebuilder:validation:XValidation:rule="self.all(name, !name.matches('^[0-9.]+$'))",message="dnsNames: an address is no name; put it into ipAddresses, where it is looked for"
	DNSNames []string `json:"dnsNames,omitempty"`
	// ipAddresses that it is for, within the networks that the zone allows.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=2
	// +kubebuilder:validation:items:MaxLength=45
	// +kubebuilder:validation:items:Pattern=`^([0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9a-fA-F:]*:[0-9a-fA-F]*:[0-9a-fA-F:.]*)$`
	IPAddresses []string `json:"ipAddresses,omitempty"`
	// uris that it is for; of profile OPCUA the ApplicationUri.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=4
	// +kubebuilder:validation:items:MinLength=3
	// +kubebuilder:validation:items:MaxLength=512
	// +kubebuilder:validation:items:Pattern=`^[a-z][-+.a-z0-9]*:[!-~]+$`
	URIs []string `json:"uris,omitempty"`
	// key: who makes it, and what it is.
	// +optional
	// +kubebuilder:default={}
	Key CertificateKey `json:"key,omitempty"`
	// request of an application that made its own key (PKCS#10, PEM). Its names count for
	// nothing: those above do. A new request is a new key, and rotates.
	// +optional
	// +kubebuilder:validation:MinLength=64
	// +kubebuilder:validation:MaxLength=16384
	// +kubebuilder:validation:XValidation:rule="self.contains('CERTIFICATE REQUEST-----') && !self.contains('PRIVATE KEY')",message="request: a certificate request as PEM, and never the private key, which stays where it is"
	Request string `json:"request,omitempty"`
	// issued is the certificate that an offline authority signed for status.request (PEM).
	// +optional
	// +kubebuilder:validation:MinLength=64
	// +kubebuilder:validation:MaxLength=32768
	// +kubebuilder:validation:XValidation:rule="self.contains('-----BEGIN CERTIFICATE-----') && !self.contains('PRIVATE KEY')",message="issued: a certificate as PEM, and never a private key"
	Issued string `json:"issued,omitempty"`
	// lifetime of the certificate.
	// +optional
	// +kubebuilder:default="400d"
	Lifetime Lifetime `json:"lifetime,omitempty"`
	// renewBefore is how long before its end the next one is made. It should hold several
	// maintenance windows.
	// +optional
	// +kubebuilder:default="60d"
	RenewBefore Lifetime `json:"renewBefore,omitempty"`
	// secretName of the Secret that is made: tls.crt, tls.key and ca.crt, and what formats
	// and profile add.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=240
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	SecretName string `json:"secretName"`
	// formats beside PEM: DER, PKCS12. Profile OPCUA has DER in any case.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=2
	Formats []CertificateFormat `json:"formats,omitempty"`
	// outsidePeers are devices outside the cluster that have to trust what comes before it
	// is used: by hand, and somebody says so.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=32
	OutsidePeers []OutsidePeer `json:"outsidePeers,omitempty"`
	// workloadRef is the workload that uses it, in the same namespace: it decides the zone,
	// and is what restarts. Not given: the namespace must be of one zone as a whole.
	// +optional
	WorkloadRef *WorkloadReference `json:"workloadRef,omitempty"`
	// restart says how the workload comes to use a new certificate.
	// +optional
	Restart *CertificateRestart `json:"restart,omitempty"`
	// serves is where the workload shows its certificate: it is looked at after a rotation.
	// +optional
	Serves *ServedAt `json:"serves,omitempty"`
	// frozen holds everything back, for this reason.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Frozen string `json:"frozen,omitempty"`
}

// CertificateProfile says what a certificate is for.
//
// +kubebuilder:validation:Enum=TLSServer;TLSClient;TLSPeer;OPCUA
type CertificateProfile string

// The profiles. TLSPeer is server and client; OPCUA is both too, as OPC 10000-6, 6.2.2 asks.
const (
	ProfileTLSServer CertificateProfile = "TLSServer"
	ProfileTLSClient CertificateProfile = "TLSClient"
	ProfileTLSPeer   CertificateProfile = "TLSPeer"
	ProfileOPCUA     CertificateProfile = "OPCUA"
)

// CertificateKey says what the private key is, and who makes it.
//
// +kubebuilder:validation:XValidation:rule="has(self.algorithm) == has(self.size)",message="algorithm and size go together"
// +kubebuilder:validation:XValidation:rule="!has(self.algorithm) || !has(self.size) || (self.algorithm == 'RSA' ? self.size in [2048, 3072] : self.size in [256, 384])",message="size: RSA keys have 2048 or 3072 bits, ECDSA keys 256 or 384"
// +kubebuilder:validation:XValidation:rule="self.from != 'Application' || !has(self.algorithm)",message="algorithm: the application chose it"
type CertificateKey struct {
	// from: Operator makes a new key for each certificate; Application has its own, and a
	// request is given.
	// +optional
	// +kubebuilder:default=Operator
	// +kubebuilder:validation:Enum=Operator;Application
	From KeySource `json:"from,omitempty"`
	// algorithm: RSA or ECDSA. Not given: ECDSA 256, of profile OPCUA RSA 2048.
	// +optional
	Algorithm KeyAlgorithm `json:"algorithm,omitempty"`
	// size in bits: 2048 or 3072 for RSA, 256 or 384 for ECDSA.
	// +optional
	Size int32 `json:"size,omitempty"`
}

// KeySource says who makes a key.
type KeySource string

// Who makes a key.
const (
	KeyFromOperator    KeySource = "Operator"
	KeyFromApplication KeySource = "Application"
)

// CertificateFormat is an encoding beside PEM.
//
// +kubebuilder:validation:Enum=DER;PKCS12
type CertificateFormat string

// The formats.
const (
	FormatDER    CertificateFormat = "DER"
	FormatPKCS12 CertificateFormat = "PKCS12"
)

// OutsidePeer is a device outside the cluster with a trust list of its own.
type OutsidePeer struct {
	// name: an asset's name or plant tag.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$`
	Name string `json:"name"`
	// trust: how its trust list is changed. Manual: at the device. GDSPush: by a global
	// discovery server's push (OPC 10000-12). Either way by somebody, who says so with
	// `kubectl zonewarden certs acknowledge`.
	// +optional
	// +kubebuilder:default=Manual
	// +kubebuilder:validation:Enum=Manual;GDSPush
	Trust string `json:"trust,omitempty"`
	// lists: whether its trust list holds the Authority, or each Certificate by itself.
	// +optional
	// +kubebuilder:default=Authority
	// +kubebuilder:validation:Enum=Authority;Certificate
	Lists PeerLists `json:"lists,omitempty"`
}

// PeerLists says what is in the trust list of a device.
type PeerLists string

// What a trust list holds.
const (
	PeerListsAuthority   PeerLists = "Authority"
	PeerListsCertificate PeerLists = "Certificate"
)

// AnnotationTrustedBy begins the name of the annotation by which somebody says that an outside
// peer trusts: trusted-by.zonewarden.io/PEER, with the SHA-256 fingerprints, comma-separated.
const AnnotationTrustedBy = "trusted-by.zonewarden.io/"

// WorkloadReference names a workload in the same namespace.
type WorkloadReference struct {
	// kind: Deployment, StatefulSet or DaemonSet.
	// +required
	// +kubebuilder:validation:Enum=Deployment;StatefulSet;DaemonSet
	Kind string `json:"kind"`
	// name of it.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
}

// RestartPolicy says how a workload comes to use a new certificate.
//
// +kubebuilder:validation:Enum=Restart;Signal;None
type RestartPolicy string

// The restart policies.
const (
	// RestartRestart: its pods are replaced, in a maintenance window.
	RestartRestart RestartPolicy = "Restart"
	// RestartSignal: it reads its files again by itself when they change, which therefore
	// happens in a maintenance window.
	RestartSignal RestartPolicy = "Signal"
	// RestartNone: somebody restarts it. Its files change in a maintenance window, in case
	// it does read them; the next step waits until its pods are new.
	RestartNone RestartPolicy = "None"
)

// CertificateRestart says how, when and in which order.
type CertificateRestart struct {
	// policy: Restart, Signal or None. A certificate without restart has None at L2 and
	// below, and Restart above where it names a workload.
	// +required
	Policy RestartPolicy `json:"policy"`
	// windows are maintenance windows of the Site, by name. Not given: each of them.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=63
	Windows []string `json:"windows,omitempty"`
	// wave orders restarts among peers: a lower one is done before a higher one starts, for
	// example OPC UA servers in wave 0 and their clients in wave 1.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=9
	Wave int32 `json:"wave,omitempty"`
}

// ServedAt is where a certificate is shown in a TLS handshake.
type ServedAt struct {
	// service in the same namespace.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Service string `json:"service"`
	// port of the Service.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port int32 `json:"port"`
	// startTLS: the protocol that asks for TLS after a few words of its own. Not given:
	// TLS from the first byte.
	// +optional
	// +kubebuilder:validation:Enum=PostgreSQL
	StartTLS string `json:"startTLS,omitempty"`
}

// WorkloadCertificateStatus is what the operator says about a certificate.
type WorkloadCertificateStatus struct {
	Status `json:",inline"`
	// zone of the workload, whose authority signs.
	// +optional
	Zone string `json:"zone,omitempty"`
	// step of the rotation. Absent until the operator decided about it.
	// +optional
	Step RotationStep `json:"step,omitempty"`
	// certificate in the Secret.
	// +optional
	Certificate *CertificateFacts `json:"certificate,omitempty"`
	// next one, which waits.
	// +optional
	Next *CertificateFacts `json:"next,omitempty"`
	// nextRotation is when the next one is due, or when one that waits may go on.
	// +optional
	NextRotation *metav1.Time `json:"nextRotation,omitempty"`
	// served is the serial number that the workload showed, and when.
	// +optional
	Served *ServedFacts `json:"served,omitempty"`
	// request that an offline authority has to sign (PKCS#10, PEM).
	// +optional
	Request string `json:"request,omitempty"`
	// trust are the zones whose authorities are in the bundle.
	// +optional
	// +listType=map
	// +listMapKey=fingerprint
	// +kubebuilder:validation:MaxItems=256
	Trust []TrustedAuthority `json:"trust,omitempty"`
	// outsidePeers that have to trust something, and whether somebody said that they do.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=32
	OutsidePeers []OutsidePeerStatus `json:"outsidePeers,omitempty"`
}

// CertificateFacts are of one certificate. It holds no key.
type CertificateFacts struct {
	// serial number in hexadecimal digits.
	Serial string `json:"serial"`
	// fingerprint: SHA-256 over the certificate, in hexadecimal digits.
	Fingerprint string `json:"fingerprint"`
	// authority that signed it, by its fingerprint.
	// +optional
	Authority string `json:"authority,omitempty"`
	// notBefore and notAfter bound when it is valid.
	NotBefore metav1.Time `json:"notBefore"`
	NotAfter  metav1.Time `json:"notAfter"`
}

// ServedFacts are what was shown in a handshake.
type ServedFacts struct {
	// serial number in hexadecimal digits.
	Serial string `json:"serial"`
	// since when it is shown.
	Since metav1.Time `json:"since"`
}

// TrustedAuthority is one authority in a bundle.
type TrustedAuthority struct {
	// zone of the authority.
	Zone string `json:"zone"`
	// fingerprint: SHA-256 over its certificate.
	Fingerprint string `json:"fingerprint"`
	// notAfter is when it ends, and its revocation list with it.
	NotAfter metav1.Time `json:"notAfter"`
}

// OutsidePeerStatus is what a device has to trust.
type OutsidePeerStatus struct {
	// name of the peer.
	Name string `json:"name"`
	// fingerprint of what it has to trust now.
	Fingerprint string `json:"fingerprint"`
	// install names the ConfigMap and its key that hold it as a file.
	Install string `json:"install"`
	// trusted says whether somebody said that it does.
	Trusted bool `json:"trusted"`
}

// WorkloadCertificateList is a list of WorkloadCertificates.
//
// +kubebuilder:object:root=true
type WorkloadCertificateList struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []WorkloadCertificate `json:"items"`
}
