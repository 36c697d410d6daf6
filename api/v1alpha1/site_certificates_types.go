// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Lifetime is a time span of days, or of hours, minutes and seconds: 400d, 36h, 1h30m. A
// day is 24 hours.
//
// +kubebuilder:validation:MinLength=2
// +kubebuilder:validation:MaxLength=15
// +kubebuilder:validation:Pattern=`^([0-9]{1,5}d|([0-9]{1,5}h)?([0-9]{1,4}m)?([0-9]{1,4}s)?)$`
// +kubebuilder:validation:XValidation:rule="!self.matches('^0[0dhms]*$')",message="a time span is longer than nothing"
type Lifetime string

// SiteCertificates are the site's rules for certificates: who signs, and when something may
// be swapped or restarted. Without them no certificate is issued.
//
// +kubebuilder:validation:XValidation:rule="!has(self.issuerRef) || !has(self.authority)",message="authority is about the built-in issuer: give either authority or issuerRef"
type SiteCertificates struct {
	// issuerRef: an issuer of cert-manager that signs in place of the built-in one, for zones
	// that name none of their own. Zones that it signs for share its authority, so that who
	// trusts one trusts all of them: an issuer for each zone keeps them apart.
	// +optional
	IssuerRef *IssuerReference `json:"issuerRef,omitempty"`
	// authority: keys and lifetimes of the built-in issuer, a root for the site and under it
	// one authority for each zone.
	// +optional
	Authority *AuthorityRules `json:"authority,omitempty"`
	// maintenanceWindows are the times at which certificates may be swapped and workloads
	// restarted, in the Site's time zone.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	MaintenanceWindows []MaintenanceWindow `json:"maintenanceWindows,omitempty"`
	// freezes are times at which nothing is swapped, restarted or published.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Freezes []Freeze `json:"freezes,omitempty"`
	// nearExpiry says what happens to a certificate that is about to run out outside every
	// maintenance window. It has no default: either answer stops somebody's plant.
	// +required
	NearExpiry NearExpiry `json:"nearExpiry"`
	// warnBefore is how long before a certificate runs out it counts as expiring, for the
	// condition, the metric and its alert.
	// +optional
	// +kubebuilder:default="14d"
	WarnBefore Lifetime `json:"warnBefore,omitempty"`
	// trustDelay is how long it takes at most until what is written to a Secret is in the
	// files of every pod that mounts it, and read by applications that read by themselves.
	// +optional
	// +kubebuilder:default="10m"
	TrustDelay Duration `json:"trustDelay,omitempty"`
}

// IssuerReference names an issuer of cert-manager.
type IssuerReference struct {
	// name of the issuer.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
	// kind of the issuer: Issuer, which is looked for in the certificate's namespace,
	// ClusterIssuer, or that of an external one.
	// +optional
	// +kubebuilder:default=ClusterIssuer
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Kind string `json:"kind,omitempty"`
	// group of the issuer's kind.
	// +optional
	// +kubebuilder:default=cert-manager.io
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Group string `json:"group,omitempty"`
}

// AuthorityRules say what the authorities of the built-in issuer are.
//
// +kubebuilder:validation:XValidation:rule="!has(self.lifetime) || !has(self.rootLifetime) || !self.lifetime.matches('^([0-9]{1,5}d|([0-9]{1,5}[hms]){1,3})$') || !self.rootLifetime.matches('^([0-9]{1,5}d|([0-9]{1,5}[hms]){1,3})$') || (self.lifetime.matches('^[0-9]+d$') ? int(self.lifetime.split('d')[0]) * 86400 : duration(self.lifetime).getSeconds()) < (self.rootLifetime.matches('^[0-9]+d$') ? int(self.rootLifetime.split('d')[0]) * 86400 : duration(self.rootLifetime).getSeconds())",message="lifetime: must be shorter than rootLifetime, because an authority ends before the root that signed it"
type AuthorityRules struct {
	// key of the authorities. RSA, because devices and OPC UA policies ask for signatures by
	// RSA.
	// +optional
	// +kubebuilder:default={algorithm: RSA, size: 3072}
	Key KeyKind `json:"key,omitzero"`
	// rootLifetime of the site's root.
	// +optional
	// +kubebuilder:default="7300d"
	RootLifetime Lifetime `json:"rootLifetime,omitempty"`
	// lifetime of a zone's authority. It is rotated as long before its end as its longest
	// certificate lives.
	// +optional
	// +kubebuilder:default="1825d"
	Lifetime Lifetime `json:"lifetime,omitempty"`
	// offlineFrom is the target security level from which the key of a zone's authority is
	// not kept in the cluster: requests go out and certificates come in by
	// `kubectl zonewarden certs`. 5 keeps all of them here.
	// +optional
	// +kubebuilder:default=5
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=5
	OfflineFrom int32 `json:"offlineFrom,omitempty"`
}

// KeyAlgorithm of a private key.
//
// +kubebuilder:validation:Enum=RSA;ECDSA
type KeyAlgorithm string

// The key algorithms.
const (
	KeyRSA   KeyAlgorithm = "RSA"
	KeyECDSA KeyAlgorithm = "ECDSA"
)

// KeyKind is what a private key is.
//
// +kubebuilder:validation:XValidation:rule="self.algorithm == 'RSA' ? self.size in [2048, 3072] : self.size in [256, 384]",message="size: RSA keys have 2048 or 3072 bits, ECDSA keys 256 or 384"
type KeyKind struct {
	// algorithm: RSA or ECDSA.
	// +required
	Algorithm KeyAlgorithm `json:"algorithm"`
	// size in bits: 2048 or 3072 for RSA, 256 or 384 for ECDSA (P-256, P-384).
	// +required
	Size int32 `json:"size"`
}

// MaintenanceWindow is a time that comes again and again.
type MaintenanceWindow struct {
	// name by which certificates refer to it.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name"`
	// schedule of its starts in the Site's time zone, in the five fields of cron: "0 2 * * 0" is
	// each Sunday at 02:00.
	// +required
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9A-Za-z*/,-]+( [0-9A-Za-z*/,-]+){4}$')",message="a schedule is a cron expression of five fields: minute, hour, day, month, weekday; the time zone is the Site's"
	Schedule string `json:"schedule"`
	// duration of each: 744h, which are 31 days, at most. What is always open is no window; see
	// nearExpiry.
	// +required
	// +kubebuilder:validation:XValidation:rule="!self.matches('^([0-9]{1,4}[hms]){1,3}$') || duration(self) <= duration('744h')",message="a maintenance window lasts 744h (31 days) at most"
	Duration Duration `json:"duration"`
}

// Freeze is a time at which nothing is changed: a storm, the start of a turbine, a batch.
// Times of two forms, one by the Site's time zone and one with an offset, are compared by the
// operator.
//
// +kubebuilder:validation:XValidation:rule="!has(self.from) || !has(self.until) || !self.from.matches('^20[0-9T:-]{14}(:[0-9]{2})?(Z|[+-]|$)') || !self.until.matches('^20[0-9T:-]{14}(:[0-9]{2})?(Z|[+-]|$)') || (self.from.matches('^.{16}:') ? self.from.substring(19) : self.from.substring(16)) != (self.until.matches('^.{16}:') ? self.until.substring(19) : self.until.substring(16)) || (self.from.matches('^.{16}:') ? self.from.substring(0, 19) : self.from.substring(0, 16) + ':00') < (self.until.matches('^.{16}:') ? self.until.substring(0, 19) : self.until.substring(0, 16) + ':00')",message="until: must be after from"
type Freeze struct {
	// name of the freeze.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name"`
	// from when; not given: from now on.
	// +optional
	From *Moment `json:"from,omitempty"`
	// until when; not given: until it is taken out.
	// +optional
	Until *Moment `json:"until,omitempty"`
	// reason, for who waits for it.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Reason string `json:"reason"`
}

// NearExpiry is what happens shortly before a certificate runs out.
type NearExpiry struct {
	// within is how long before the end this holds.
	// +required
	Within Lifetime `json:"within"`
	// action: Wait for the next maintenance window, although the certificate runs out;
	// IgnoreWindows: swap and restart at once, but not in a freeze; IgnoreFreezes: not
	// even that holds it back.
	// +required
	Action NearExpiryAction `json:"action"`
}

// NearExpiryAction is what happens to a certificate that is about to run out.
//
// +kubebuilder:validation:Enum=Wait;IgnoreWindows;IgnoreFreezes
type NearExpiryAction string

// The actions.
const (
	NearExpiryWait          NearExpiryAction = "Wait"
	NearExpiryIgnoreWindows NearExpiryAction = "IgnoreWindows"
	NearExpiryIgnoreFreezes NearExpiryAction = "IgnoreFreezes"
)

// ZoneCertificates are a zone's settings for certificates.
//
// +kubebuilder:validation:XValidation:rule="!has(self.issuerRef) || !has(self.authorityKey)",message="an issuer has its own key: give either authorityKey or issuerRef"
type ZoneCertificates struct {
	// dnsNames are suffixes of names that certificates in the zone may carry beside those of
	// their namespace's Services: "filtration.plant.example" allows itself and what ends in it.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	// +kubebuilder:validation:items:Pattern=`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$`
	DNSNames []string `json:"dnsNames,omitempty"`
	// networks of addresses that certificates in the zone may carry. Not given: none.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	Networks []CIDR `json:"networks,omitempty"`
	// authorityKey: where the key of the zone's authority is. Not given: as the Site says
	// by the zone's target security level.
	// +optional
	AuthorityKey AuthorityKey `json:"authorityKey,omitempty"`
	// authorities are those that people made whose key is not in the cluster: a certificate
	// as PEM, signed by itself, with its revocation list where there is one. The newest, by
	// its notBefore, is the one that signs when all peers have it.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=8
	// +kubebuilder:validation:items:MinLength=64
	// +kubebuilder:validation:items:MaxLength=16384
	// +kubebuilder:validation:XValidation:rule="self.all(a, a.contains('-----BEGIN CERTIFICATE-----') && !a.contains('PRIVATE KEY'))",message="authorities: a certificate as PEM each, and never a private key"
	Authorities []string `json:"authorities,omitempty"`
	// issuerRef: an issuer of cert-manager that signs for this zone.
	// +optional
	IssuerRef *IssuerReference `json:"issuerRef,omitempty"`
}

// AuthorityKey says where the key of a zone's authority is.
//
// +kubebuilder:validation:Enum=Online;Offline
type AuthorityKey string

// Where the key is: in the operator's namespace, or with people.
const (
	AuthorityKeyOnline  AuthorityKey = "Online"
	AuthorityKeyOffline AuthorityKey = "Offline"
)
