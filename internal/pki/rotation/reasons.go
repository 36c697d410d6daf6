// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package rotation

// Reason is one word of a fixed list. Sentence says what it means.
type Reason string

// Where a certificate stands.
const (
	ReasonIdle            Reason = "Idle"
	ReasonIssuing         Reason = "Issuing"
	ReasonSwapping        Reason = "Swapping"
	ReasonRestarting      Reason = "Restarting"
	ReasonVerifying       Reason = "Verifying"
	ReasonFilesSettling   Reason = "FilesSettling"
	ReasonValid           Reason = "Valid"
	ReasonRunOut          Reason = "RunOut"
	ReasonNotYetValid     Reason = "NotYetValid"
	ReasonNoLeaf          Reason = "NoLeaf"
	ReasonServesThis      Reason = "ServesThis"
	ReasonServesOther     Reason = "ServesOther"
	ReasonNotSeen         Reason = "NotSeen"
	ReasonNothingToTrust  Reason = "NothingToTrust"
	ReasonAllTrust        Reason = "AllTrust"
	ReasonRunsOutSoon     Reason = "RunsOutSoon"
	ReasonLongEnough      Reason = "LongEnough"
	ReasonSpecChanged     Reason = "SpecChanged"
	ReasonNothingDeferred Reason = "NothingDeferred"
)

// Why something waits.
const (
	ReasonClockUntrusted  Reason = "ClockUntrusted"
	ReasonNoSite          Reason = "NoSite"
	ReasonInvalidSite     Reason = "InvalidSite"
	ReasonInvalid         Reason = "InvalidCertificate"
	ReasonZoneUnknown     Reason = "ZoneUnknown"
	ReasonNoAuthority     Reason = "NoAuthority"
	ReasonAuthorityEnded  Reason = "AuthorityEnded"
	ReasonNamesBeyond     Reason = "NamesBeyondAuthority"
	ReasonAwaitsSignature Reason = "AwaitsSignature"
	ReasonAwaitsIssuer    Reason = "AwaitsIssuer"
	ReasonNothingLater    Reason = "NothingLater"
	ReasonFrozen          Reason = "Frozen"
	ReasonPeersNotReady   Reason = "PeersNotReady"
	ReasonOutsidePeers    Reason = "OutsidePeers"
	ReasonWave            Reason = "Wave"
	ReasonNoWindow        Reason = "NoWindow"
	ReasonOutsideWindow   Reason = "OutsideWindow"
	ReasonRollingOut      Reason = "RollingOut"
	ReasonPodsNotReady    Reason = "PodsNotReady"
	ReasonBudget          Reason = "DisruptionBudget"
	ReasonWorkloadUnknown Reason = "WorkloadUnknown"
	ReasonAwaitsRestart   Reason = "AwaitsRestart"
)

// Where a zone's authority stands.
const (
	ReasonCurrent       Reason = "Current"
	ReasonMaking        Reason = "Making"
	ReasonPublishing    Reason = "Publishing"
	ReasonMakingCurrent Reason = "MakingCurrent"
	ReasonRetiring      Reason = "Retiring"
	ReasonUnused        Reason = "Unused"
	ReasonTwoCurrent    Reason = "TwoCurrent"
	ReasonNoneCurrent   Reason = "NoneCurrent"
	ReasonAmbiguous     Reason = "AmbiguousAuthorities"
)

// What is wrong with the rules.
const (
	ReasonNoTimeZone       Reason = "NoTimeZone"
	ReasonInvalidSpan      Reason = "InvalidSpan"
	ReasonInvalidSchedule  Reason = "InvalidSchedule"
	ReasonInvalidMoment    Reason = "InvalidMoment"
	ReasonFreezeNeverHolds Reason = "FreezeNeverHolds"
	ReasonNeverFires       Reason = "NeverFires"
	ReasonUnknownAction    Reason = "UnknownAction"
	ReasonUnknownWindow    Reason = "UnknownWindow"
	ReasonUnknownPolicy    Reason = "UnknownPolicy"
	ReasonUnknownZone      Reason = "UnknownZone"
	ReasonRenewTooEarly    Reason = "RenewBeforeTooLong"
	ReasonNoWindowInTime   Reason = "NoWindowInTime"
	ReasonAuthorityShort   Reason = "AuthorityTooShort"
	ReasonTwice            Reason = "GivenTwice"
	ReasonUnwatched        Reason = "Unwatched"
)

var sentences = map[Reason]string{
	ReasonIdle:            "nothing is to be done",
	ReasonIssuing:         "the next certificate is being issued",
	ReasonSwapping:        "the next certificate is put into place",
	ReasonRestarting:      "the workload restarts",
	ReasonVerifying:       "it is not proved yet that the new certificate is in use",
	ReasonFilesSettling:   "what was written may not be in every file yet",
	ReasonValid:           "the certificate is valid and carries what it must",
	ReasonRunOut:          "the certificate has run out",
	ReasonNotYetValid:     "the certificate is not valid yet",
	ReasonNoLeaf:          "there is no certificate yet",
	ReasonServesThis:      "the certificate in the Secret is the one that is served",
	ReasonServesOther:     "another certificate is served than the one in the Secret",
	ReasonNotSeen:         "nobody has seen what is served",
	ReasonNothingToTrust:  "no peer outside the cluster has to trust it",
	ReasonAllTrust:        "every peer outside the cluster is said to trust it",
	ReasonRunsOutSoon:     "a certificate that may be in use runs out soon",
	ReasonLongEnough:      "it does not run out soon",
	ReasonSpecChanged:     "the certificate does not carry what is asked for now",
	ReasonNothingDeferred: "nothing waits",

	ReasonClockUntrusted:  "the clock cannot be trusted",
	ReasonNoSite:          "the Site has no rules for certificates",
	ReasonInvalidSite:     "the Site's rules for certificates cannot be understood",
	ReasonInvalid:         "the certificate's fields cannot be understood",
	ReasonZoneUnknown:     "it is not known in which zone it is",
	ReasonNoAuthority:     "the zone has no authority that signs",
	ReasonAuthorityEnded:  "the zone's authority is not valid now",
	ReasonNamesBeyond:     "the zone's authority may not sign for these names",
	ReasonAwaitsSignature: "people have to sign the request",
	ReasonAwaitsIssuer:    "an issuer of cert-manager has to sign the request",
	ReasonNothingLater:    "what the issuer signs ends no later than what there is",
	ReasonFrozen:          "a freeze holds it back",
	ReasonPeersNotReady:   "not every peer has read the authority that comes",
	ReasonOutsidePeers:    "nobody said that each peer outside the cluster trusts what comes",
	ReasonWave:            "peers of a lower wave come first",
	ReasonNoWindow:        "there is no maintenance window for it",
	ReasonOutsideWindow:   "it waits for a maintenance window",
	ReasonRollingOut:      "the workload's pods are being replaced",
	ReasonPodsNotReady:    "not all of the workload's pods are ready",
	ReasonBudget:          "the workload's disruption budget does not allow it",
	ReasonWorkloadUnknown: "the workload could not be read",
	ReasonAwaitsRestart:   "somebody has to restart the workload",

	ReasonCurrent:       "one authority signs and no other is needed",
	ReasonMaking:        "a new authority is being made",
	ReasonPublishing:    "peers are given the new authority to trust",
	ReasonMakingCurrent: "the new authority signs from now on",
	ReasonRetiring:      "an old authority stays until nothing needs it",
	ReasonUnused:        "no certificate is in the zone",
	ReasonTwoCurrent:    "two authorities are said to sign",
	ReasonNoneCurrent:   "it is not said which of the authorities signs",
	ReasonAmbiguous:     "two authorities have the same number or the same fingerprint, or none",

	ReasonNoTimeZone:       "the Site has no time zone",
	ReasonInvalidSpan:      "it is not a time span",
	ReasonInvalidSchedule:  "the schedule is not five fields of cron",
	ReasonInvalidMoment:    "it is not a moment: the freeze holds until it is put right",
	ReasonFreezeNeverHolds: "the freeze ends before it begins: it holds until it is put right",
	ReasonNeverFires:       "the schedule never fires",
	ReasonUnknownAction:    "it is none of Wait, IgnoreWindows and IgnoreFreezes: it is taken as Wait",
	ReasonUnknownWindow:    "the Site has no maintenance window of this name",
	ReasonUnknownPolicy:    "it is none of Restart, Signal and None: it is taken as None",
	ReasonUnknownZone:      "there is no zone of this name",
	ReasonRenewTooEarly:    "it is not shorter than the lifetime",
	ReasonNoWindowInTime:   "no maintenance window opens between renewal and the end of the certificate",
	ReasonAuthorityShort:   "the authority lives too short for its certificates, which are cut",
	ReasonTwice:            "there are two of this name: neither counts",
	ReasonUnwatched:        "no workload is named: that it has read its files is taken from the time that has passed",
}

// Sentence says what the reason means, "" for one that is not on the list.
func (r Reason) Sentence() string { return sentences[r] }
