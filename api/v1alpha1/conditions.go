// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Condition types, in the words of the Gateway API.
const (
	// ConditionAccepted says whether the object as declared is in force. False
	// on an object that was valid before means: its last good version is in
	// force, see status.lastGood.
	ConditionAccepted = "Accepted"
	// ConditionResolvedRefs says whether everything the object names exists.
	ConditionResolvedRefs = "ResolvedRefs"
	// ConditionProgrammed says whether the policy objects made of this one are
	// written in the cluster. Written is not seen by packets.
	ConditionProgrammed = "Programmed"
	// ConditionEnforcementVerified says on a Zone whether packets were seen to do
	// what the policies say, on every node. Unknown is what nobody has tried.
	ConditionEnforcementVerified = "EnforcementVerified"
	// ConditionSessionsMayLinger is true while sessions may outlive what admitted
	// them: on the Site for what is closed next, and on a Conduit that is
	// suspended. A Conduit that is not suspended does not have it.
	ConditionSessionsMayLinger = "SessionsMayLinger"
	// ConditionPruneHeld is true on the Site while policy objects are kept whose
	// declaration is gone.
	ConditionPruneHeld = "PruneHeld"
	// ConditionGuarded says on the Site whether the layers of the guard that it asks
	// for are in place, so that nobody else can undo its zones.
	ConditionGuarded = "Guarded"
	// ConditionWithinBudget says on the Site whether everything declared fits into
	// the policy maps of Cilium and the objects of the API server.
	ConditionWithinBudget = "WithinBudget"
	// ConditionDrift is true on the Site when somebody else changed or
	// deleted a policy object since the operator started, and it was put back.
	ConditionDrift = "DriftReverted"
	// ConditionExposed is true on a Zone while something of others undoes what the
	// zone declares or leads around it, and on the Site while that is so for any
	// zone, or for pods in scope that are in none. Unknown is what was not looked at.
	ConditionExposed = "Exposed"
	// ConditionBlocked is true on a Conduit while a policy of others refuses
	// something that it declares. No other Conduit has it.
	ConditionBlocked = "ConduitBlocked"
	// ConditionClockTrusted says on the Site whether its time is trusted. While it is
	// not, no access is granted and none is declared over.
	ConditionClockTrusted = "ClockTrusted"
	// ConditionAuditIntact says on the Site whether the audit trail is as it was left, and
	// can be written. While it is not, no vendor access is granted.
	ConditionAuditIntact = "AuditIntact"
	// ConditionImagesPresent says on a window whether its pod's image is on a node that may
	// run it.
	ConditionImagesPresent = "ImagesPresent"
	// ConditionTerminated is true on a window when nothing passes any more, found by
	// trying, and false from the moment that access had to be over until then.
	ConditionTerminated = "Terminated"
	// ConditionEndsWithoutOperator says on an open window whether all that it grants ends
	// in time with the operator dead.
	ConditionEndsWithoutOperator = "EndsWithoutOperator"
	// ConditionEndsWithoutAPIServer says the same with the API server dead as well.
	ConditionEndsWithoutAPIServer = "EndsWithoutAPIServer"
)

// Conditions of a WorkloadCertificate.
const (
	// ConditionReady says whether a certificate that is valid and signed by the zone's
	// authority is in its Secret.
	ConditionReady = "Ready"
	// ConditionServed says whether what runs uses the certificate in the Secret: seen in a
	// handshake, or because it started since. Unknown is what cannot be told.
	ConditionServed = "Served"
	// ConditionDeferred is true while a rotation that is due waits for a window, the end of a
	// freeze, peers or somebody.
	ConditionDeferred = "Deferred"
	// ConditionPeersTrust says whether everybody trusts what comes next.
	ConditionPeersTrust = "PeersTrust"
	// ConditionExpiring is true when a certificate runs out soon: Site.spec.certificates.warnBefore.
	ConditionExpiring = "Expiring"
)

// NamespaceAccess is where the pods of windows are, and nothing else.
const NamespaceAccess = "zonewarden-access"

// AnnotationOccurrence is on the objects of a window that recurs: which occurrence they
// were made for.
const AnnotationOccurrence = "zonewarden.io/occurrence"

const (
	// AnnotationDigest is on the objects of a window: the digest of what was declared. The
	// API server adds to a pod what cannot be told from an edit.
	AnnotationDigest = "zonewarden.io/digest"
	// AnnotationUntil is on a window's fuses: the end that their deadline was counted from.
	AnnotationUntil = "zonewarden.io/until"
)

// LabelVendorSafe with the value "true" is on ClusterRoles that windows may bind.
const LabelVendorSafe = "zonewarden.io/vendor-safe"

// Reasons of conditions and findings. Each has a section in the runbook.
const (
	ReasonAccepted    = "Accepted"
	ReasonInvalid     = "Invalid"
	ReasonResolved    = "Resolved"
	ReasonProgrammed  = "Programmed"
	ReasonPending     = "Pending"
	ReasonObserving   = "Observing"
	ReasonSuspended   = "Suspended"
	ReasonNoSite      = "NoSite"
	ReasonNotAccepted = "NotAccepted"
	ReasonWriteFailed = "WriteFailed"
	// ReasonNoRevocationList: an authority for OPC UA came without its revocation list.
	ReasonNoRevocationList = "NoRevocationList"

	// ReasonDevicesOnly: a zone without workloads has no pods to put a policy on.
	ReasonDevicesOnly = "DevicesOnly"
	// ReasonNoEnforcementPoint: neither end of the conduit is a workload of this
	// cluster, so nothing here can pass or stop the flow.
	ReasonNoEnforcementPoint = "NoEnforcementPoint"
	// ReasonForeignObject: an object by the name we need exists and is not ours.
	ReasonForeignObject = "ForeignObject"
	// ReasonBackendCannot: the policy backend in force cannot express this.
	ReasonBackendCannot = "BackendCannot"
	// ReasonBackendUnavailable: the backend that the Site asks for is not served.
	ReasonBackendUnavailable = "BackendUnavailable"
	// ReasonOrphaned: a policy object is left whose declaration is gone.
	ReasonOrphaned = "Orphaned"
	// ReasonMassDisappearance: too many declarations vanished at once to be meant.
	ReasonMassDisappearance = "MassDisappearance"
	// ReasonNothingHeld: every policy object belongs to a declaration.
	ReasonNothingHeld = "NothingHeld"
	// ReasonForeignEdit and ReasonNoDrift belong to DriftReverted.
	ReasonForeignEdit = "ForeignEdit"
	ReasonNoDrift     = "NoDrift"

	// How the ending of a window stands: found by trying that nothing passes, or not yet.
	ReasonProvedOver = "ProvedOver"
	ReasonEnding     = "Ending"
	// Whether an open window ends without us.
	ReasonByItself    = "ByItself"
	ReasonNotByItself = "NotByItself"
	ReasonNotTold     = "NotTold"
	// Where the image of a window's pod is.
	ReasonImagesPresent     = "ImagesPresent"
	ReasonImagesMissing     = "ImagesMissing"
	ReasonImagesNotReported = "ImagesNotReported"
	// ReasonMayImpersonate: somebody may act as any approver before the API server.
	ReasonMayImpersonate = "MayImpersonate"
	// ReasonWindowNotFound: an approval names no window that exists.
	ReasonWindowNotFound = "WindowNotFound"
	// ReasonInvalidPolicy: Cilium does not take a policy object of ours.
	ReasonInvalidPolicy = "InvalidPolicy"

	// What the condition Exposed and its findings are about, the worst first.
	// ReasonForeignPolicy: a policy of others lets something pass that ours refuse.
	ReasonForeignPolicy = "ForeignPolicy"
	// ReasonHostNetwork: pods on their node's network, which no policy holds.
	ReasonHostNetwork = "HostNetwork"
	// ReasonSecondInterface: pods with interfaces that no policy sees.
	ReasonSecondInterface = "SecondInterface"
	// ReasonHostPort: ports of a node lead to a pod.
	ReasonHostPort = "HostPort"
	// ReasonExposedService: a Service leads from outside the cluster to pods, or
	// answers at a device's address.
	ReasonExposedService = "ExposedService"
	// ReasonExposedIngress: an Ingress leads to pods.
	ReasonExposedIngress = "ExposedIngress"
	// ReasonUnknownAddress: pods have flows with addresses that nothing declares.
	ReasonUnknownAddress = "UnknownAddress"
	// ReasonNotUnderstood: a policy of others may let something pass, or override
	// ours, by something that cannot be judged here.
	ReasonNotUnderstood = "NotUnderstood"
	// ReasonNotLookedAt: there was too much to look at all of it.
	ReasonNotLookedAt = "NotLookedAt"
	// ReasonNothingFound: everything was looked at and nothing found.
	ReasonNothingFound = "NothingFound"
	// ReasonForeignDeny belongs to ConduitBlocked, ReasonNotBlocked to the event
	// that tells of its end.
	ReasonForeignDeny = "ForeignDeny"
	ReasonNotBlocked  = "NotBlocked"

	// ReasonNoNodeAgent: no node reports (EnforcementVerified), or some node has
	// no agent that can end live flows (SessionsMayLinger).
	ReasonNoNodeAgent = "NoNodeAgent"
	// ReasonNodeAgents: every node has an agent that can end live flows.
	ReasonNodeAgents = "NodeAgents"
	// ReasonNodeAgentSilent: some nodes report and others do not.
	ReasonNodeAgentSilent = "NodeAgentSilent"
	// ReasonPolicyAgentDown: the network plugin's agent on a node does not answer.
	ReasonPolicyAgentDown = "PolicyAgentDown"
	// ReasonLeaking: a packet passed that must not.
	ReasonLeaking = "Leaking"
	// ReasonCut: a packet was stopped that must pass.
	ReasonCut = "Cut"
	// ReasonSeenByPackets: what must pass passes, and what must not does not.
	ReasonSeenByPackets = "SeenByPackets"
	// ReasonNothingToProbe: the nodes report, and none could try this zone.
	ReasonNothingToProbe = "NothingToProbe"

	// ReasonGuarded, ReasonNoGuard, ReasonGuardChanged and ReasonGuardUnavailable belong
	// to Guarded: in place, not asked for, not as shipped, not to be had here.
	ReasonGuarded          = "Guarded"
	ReasonNoGuard          = "NoGuard"
	ReasonGuardChanged     = "GuardChanged"
	ReasonGuardUnavailable = "GuardUnavailable"
	// ReasonWithinBudget, ReasonBudgetNear and ReasonBudgetExceeded say how full
	// Cilium's policy maps become.
	ReasonWithinBudget   = "WithinBudget"
	ReasonBudgetNear     = "BudgetNear"
	ReasonBudgetExceeded = "BudgetExceeded"
	// ReasonObjectTooLarge: the API server would not take the policy object.
	ReasonObjectTooLarge = "ObjectTooLarge"

	// Why time is trusted, for ClockTrusted: by what it was established in this boot.
	ReasonClockSynchronised = "Synchronised"
	ReasonClockHardware     = "HardwareClock"
	ReasonClockAcknowledged = "Acknowledged"
	// Why it is not.
	ReasonClockNotSynchronised = "NotSynchronised"
	ReasonClockNotSet          = "NotSet"
	ReasonClockJumpedBack      = "JumpedBack"
	ReasonClockJumpedForward   = "JumpedForward"
	ReasonClockBehindMark      = "BehindMark"
	ReasonClockFarAhead        = "FarAhead"
	ReasonClockUnreadable      = "Unreadable"
	ReasonClockUnknownState    = "UnknownState"

	// ReasonTrailIntact and those after it say for AuditIntact how the audit trail is: as it
	// was left; edited, or gone; without the key that signs it; past its bound with nothing
	// that may go; not to be read or written now.
	ReasonTrailIntact      = "TrailIntact"
	ReasonTrailDamaged     = "TrailDamaged"
	ReasonTrailNoKey       = "TrailNoKey"
	ReasonTrailFull        = "TrailFull"
	ReasonTrailUnavailable = "TrailUnavailable"

	// ReasonAwaitingApproval: a change opens something into a zone of a high target level, and
	// others than its author have still to approve it.
	ReasonAwaitingApproval = "AwaitingApproval"
	// ReasonOpeningDenied: somebody denied it.
	ReasonOpeningDenied = "OpeningDenied"
	// ReasonApprovedObjectNotFound: an approval names no Zone, Conduit or Asset that exists.
	ReasonApprovedObjectNotFound = "ApprovedObjectNotFound"
	// ReasonOtherSpec: an approval is about another spec than the object has.
	ReasonOtherSpec = "OtherSpec"
	// ReasonApprovalSpent: other labels of the Asset have come into force since an approval of
	// some was given.
	ReasonApprovalSpent = "ApprovalSpent"

	// ReasonNameNotAllowed: a certificate asks for a name that is not its namespace's, and that
	// its zone does not allow.
	ReasonNameNotAllowed = "NameNotAllowed"

	ReasonZoneNotFound         = "ZoneNotFound"
	ReasonZoneNotAccepted      = "ZoneNotAccepted"
	ReasonParentNotFound       = "ParentNotFound"
	ReasonParentCycle          = "ParentCycle"
	ReasonAssetNotFound        = "AssetNotFound"
	ReasonAssetNotInZone       = "AssetNotInZone"
	ReasonEmptyEnd             = "EmptyEnd"
	ReasonNamespaceNotFound    = "NamespaceNotFound"
	ReasonNamespaceOutOfScope  = "NamespaceOutOfScope"
	ReasonZoneLabelKey         = "ZoneLabelKey"
	ReasonOverlap              = "Overlap"
	ReasonInvalidSelector      = "InvalidSelector"
	ReasonInvalidNetwork       = "InvalidNetwork"
	ReasonWideNetwork          = "WideNetwork"
	ReasonClusterNetwork       = "ClusterNetwork"
	ReasonDuplicateTag         = "DuplicateTag"
	ReasonDuplicateAddress     = "DuplicateAddress"
	ReasonInvalidTimeZone      = "InvalidTimeZone"
	ReasonUnknownProtocol      = "UnknownProtocol"
	ReasonPortRequired         = "PortRequired"
	ReasonTransportMismatch    = "TransportMismatch"
	ReasonLevelSkip            = "LevelSkip"
	ReasonDMZBypass            = "DMZBypass"
	ReasonNoProtocolBreak      = "NoProtocolBreak"
	ReasonSafetyExposed        = "SafetyExposed"
	ReasonCleartext            = "Cleartext"
	ReasonUndeclaredMode       = "UndeclaredMode"
	ReasonAdminProtocol        = "AdminProtocol"
	ReasonPersonToPerson       = "PersonToPerson"
	ReasonNotEnforceable       = "NotEnforceable"
	ReasonMulticast            = "Multicast"
	ReasonDynamicPorts         = "DynamicPorts"
	ReasonSecurityLevelLowered = "SecurityLevelLowered"
	ReasonObsoleteAsset        = "ObsoleteAsset"
	ReasonSupportEnded         = "SupportEnded"
	ReasonReviewOverdue        = "ReviewOverdue"
	ReasonExceptionExpired     = "ExceptionExpired"
	ReasonExceptionUnused      = "ExceptionUnused"
	ReasonWhyIncomplete        = "WhyIncomplete"
	ReasonSourceAddressLost    = "SourceAddressLost"
	ReasonEnforcedByNobody     = "EnforcedByNobody"
	ReasonUnzonedWorkloads     = "UnzonedWorkloads"
	ReasonUnzonedNotDenied     = "UnzonedNotDenied"
	ReasonOldKubernetes        = "OldKubernetes"
)

// Annotations that a site administrator may set.
const (
	// AnnotationAllowRelease on a Zone, with any non-empty value (the reason),
	// says that deleting this Zone is meant: its floor then goes with it.
	// Without it the floor stays, because what denies outlives us.
	AnnotationAllowRelease = "zonewarden.io/allow-release"
	// AnnotationConfirmPrune on the Site, with the digest that
	// status.held.digest shows, says that exactly these held objects may go.
	AnnotationConfirmPrune = "zonewarden.io/confirm-prune"
	// AnnotationAuthor on a Zone, Conduit or Asset says who wrote what it declares. Where the
	// Site has openings, the API server takes no other name than that of who writes.
	AnnotationAuthor = "zonewarden.io/author"
	// AnnotationVerify on a Zone asks every node for a probe now, whenever it gets
	// a new value; the reports repeat the value that they answer. A value longer
	// than VerifyMaxLength asks for nothing.
	AnnotationVerify = "zonewarden.io/verify"
	// AnnotationRotate on a WorkloadCertificate, with the fingerprint of the certificate, has
	// that one replaced; on a Zone, with the fingerprint of its authority, the authority.
	AnnotationRotate = "zonewarden.io/rotate"
	// VerifyMaxLength is how many bytes a value of AnnotationVerify may have.
	VerifyMaxLength = 128
)

// What every policy object written by the operator carries.
const (
	LabelManagedBy      = "app.kubernetes.io/managed-by"
	LabelManagedByValue = "zonewarden"
	// LabelKind is the kind that the object was made of: Zone or Conduit.
	LabelKind = "zonewarden.io/kind"
	// LabelName is the name of the Zone or Conduit.
	LabelName = "zonewarden.io/name"
	// AnnotationSourceUID is the UID of the Zone or Conduit.
	AnnotationSourceUID = "zonewarden.io/source-uid"
	// AnnotationRelease holds the UID of the Zone whose deletion was announced.
	AnnotationRelease = "zonewarden.io/release"
)
