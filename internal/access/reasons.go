// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package access

// Reason is one word of a fixed list. Sentence says what it means.
type Reason string

// What can be wrong with a window. None of these opens anything.
const (
	ReasonAccepted           Reason = "Accepted"
	ReasonNoSite             Reason = "NoSite"
	ReasonNoTimeZone         Reason = "NoTimeZone"
	ReasonNotIdentified      Reason = "NotIdentified"
	ReasonNobodyNamed        Reason = "NobodyNamed"
	ReasonNoWorkReason       Reason = "NoWorkReason"
	ReasonInvalidTime        Reason = "InvalidTime"
	ReasonNoEnd              Reason = "NoEnd"
	ReasonTwoKindsOfTime     Reason = "TwoKindsOfTime"
	ReasonEndNotAfterStart   Reason = "EndNotAfterStart"
	ReasonLatestEndBeforeEnd Reason = "LatestEndBeforeEnd"
	ReasonTooLong            Reason = "TooLong"
	ReasonInvalidSchedule    Reason = "InvalidSchedule"
	ReasonInvalidDuration    Reason = "InvalidDuration"
	ReasonNeverFires         Reason = "NeverFires"
	ReasonNeverCloses        Reason = "NeverCloses"
	ReasonUnknownValue       Reason = "UnknownValue"
	ReasonMaxSessions        Reason = "MaxSessions"
	ReasonReachesNothing     Reason = "ReachesNothing"
	ReasonNotOneTarget       Reason = "NotOneTarget"
	ReasonWholeZone          Reason = "WholeZoneNotAllowed"
	ReasonBreakGlassSafety   Reason = "BreakGlassSafety"
	ReasonBreakGlassRecurs   Reason = "BreakGlassRecurs"
	ReasonSharedIdentity     Reason = "SharedIdentity"
	ReasonContractEnded      Reason = "ContractEnded"
)

// What can be wrong with what a window names.
const (
	ReasonResolved        Reason = "Resolved"
	ReasonUnknownVendor   Reason = "UnknownVendor"
	ReasonUnknownPerson   Reason = "UnknownPerson"
	ReasonUnknownZone     Reason = "UnknownZone"
	ReasonZoneNotAllowed  Reason = "ZoneNotAllowed"
	ReasonAssetNotInZone  Reason = "AssetNotInZone"
	ReasonUnknownJumpHost Reason = "UnknownJumpHost"
	ReasonNotResolved     Reason = "NotResolved"
)

// Where a window stands.
const (
	ReasonNeedsApproval     Reason = "NeedsApproval"
	ReasonApprovalLapsed    Reason = "ApprovalLapsed"
	ReasonApproved          Reason = "Approved"
	ReasonNotYet            Reason = "NotYet"
	ReasonOccurrenceOver    Reason = "OccurrenceOver"
	ReasonNotArmed          Reason = "NotArmed"
	ReasonArmed             Reason = "Armed"
	ReasonOpen              Reason = "Open"
	ReasonBreakGlass        Reason = "BreakGlass"
	ReasonClockUntrusted    Reason = "ClockUntrusted"
	ReasonClockTrusted      Reason = "ClockTrusted"
	ReasonTrailUnknown      Reason = "TrailUnknown"
	ReasonLocked            Reason = "Locked"
	ReasonDenied            Reason = "Denied"
	ReasonRevoked           Reason = "Revoked"
	ReasonReplaced          Reason = "Replaced"
	ReasonDeleted           Reason = "Deleted"
	ReasonNoAuditRecord     Reason = "NoAuditRecord"
	ReasonEndReached        Reason = "EndReached"
	ReasonMissed            Reason = "Missed"
	ReasonIdle              Reason = "Idle"
	ReasonReviewOwed        Reason = "ReviewOwed"
	ReasonReviewed          Reason = "Reviewed"
	ReasonNothingToReview   Reason = "NothingToReview"
	ReasonUnknownRecordedAs Reason = "UnknownEnd"
)

// Why an approval does not count.
const (
	ReasonOtherObject        Reason = "OtherObject"
	ReasonOtherUID           Reason = "OtherUID"
	ReasonOtherGeneration    Reason = "OtherGeneration"
	ReasonOtherRequester     Reason = "OtherRequester"
	ReasonNoApprover         Reason = "NoApprover"
	ReasonSelfApproval       Reason = "SelfApproval"
	ReasonApproverAmongThem  Reason = "ApproverAmongPeople"
	ReasonFactorMissing      Reason = "FactorMissing"
	ReasonApprovalDeleted    Reason = "ApprovalDeleted"
	ReasonNotCreatedYet      Reason = "NotCreatedYet"
	ReasonUntilInvalid       Reason = "UntilInvalid"
	ReasonUntilOver          Reason = "UntilOver"
	ReasonTooLate            Reason = "TooLate"
	ReasonOutsideOccurrence  Reason = "OutsideOccurrence"
	ReasonUnknownVerdict     Reason = "UnknownVerdict"
	ReasonTimesNotUnderstood Reason = "TimesNotUnderstood"
)

// Sentence says what the reason means, without the names of the case at hand.
func (r Reason) Sentence() string { return sentences[r] }

var sentences = map[Reason]string{
	ReasonAccepted:           "nothing is wrong with what is asked for",
	ReasonNoSite:             "there is no Site, which says what is allowed",
	ReasonNoTimeZone:         "the Site's time zone is not known",
	ReasonNotIdentified:      "the window says not who it is, or who asks for it",
	ReasonNobodyNamed:        "nobody is named who may come in",
	ReasonNoWorkReason:       "no reason is given for the work",
	ReasonInvalidTime:        "a time is not one",
	ReasonNoEnd:              "the window has no end",
	ReasonTwoKindsOfTime:     "the window has a schedule and a start or end as well",
	ReasonEndNotAfterStart:   "the window would be over when it starts",
	ReasonLatestEndBeforeEnd: "the latest end is before the end",
	ReasonTooLong:            "the window is longer than the Site allows",
	ReasonInvalidSchedule:    "the schedule is not five fields of cron",
	ReasonInvalidDuration:    "a duration is not more than nothing",
	ReasonNeverFires:         "the schedule never fires before its last day is over",
	ReasonNeverCloses:        "one occurrence would begin before the one before it is over",
	ReasonUnknownValue:       "a value is none of those that are known",
	ReasonMaxSessions:        "the number of sessions is not from 1 to 64",
	ReasonReachesNothing:     "nothing is reached",
	ReasonNotOneTarget:       "a part of the reach names not exactly one of assets, workloads and the whole zone",
	ReasonWholeZone:          "the Site gives no leave to reach a whole zone",
	ReasonBreakGlassSafety:   "a safety zone cannot be reached by break-glass",
	ReasonBreakGlassRecurs:   "an emergency does not recur",
	ReasonSharedIdentity:     "a user is not one human, and the Site gives no leave to that",
	ReasonContractEnded:      "the vendor's contract is over",

	ReasonResolved:        "everything that is named exists",
	ReasonUnknownVendor:   "there is no vendor by that name, or it cannot be understood",
	ReasonUnknownPerson:   "the vendor has no such person",
	ReasonUnknownZone:     "there is no zone by that name in force",
	ReasonZoneNotAllowed:  "the vendor may not ask for that zone",
	ReasonAssetNotInZone:  "the asset is no member of the zone",
	ReasonUnknownJumpHost: "the Site has no jump host by that name",
	ReasonNotResolved:     "something that is named cannot be used",

	ReasonNeedsApproval:     "persons have still to approve",
	ReasonApprovalLapsed:    "the approval is over before the schedule is",
	ReasonApproved:          "as many persons approved as have to",
	ReasonNotYet:            "its start is still to come",
	ReasonOccurrenceOver:    "this occurrence was ended, the next one is still to come",
	ReasonNotArmed:          "a person of the shift has to arm it",
	ReasonArmed:             "a person of the shift armed it",
	ReasonOpen:              "the window is open",
	ReasonBreakGlass:        "the window needs no approval, and another person's review afterwards",
	ReasonClockUntrusted:    "the time cannot be trusted",
	ReasonClockTrusted:      "the time can be trusted",
	ReasonTrailUnknown:      "the audit trail cannot be read",
	ReasonLocked:            "a lock holds it",
	ReasonDenied:            "a person denied it",
	ReasonRevoked:           "a person revoked it",
	ReasonReplaced:          "another window took its place",
	ReasonDeleted:           "the window was deleted",
	ReasonNoAuditRecord:     "access stood that no audit record tells of",
	ReasonEndReached:        "its time is over",
	ReasonMissed:            "its time is over, and it never was open",
	ReasonIdle:              "nothing passed for as long as it may be idle",
	ReasonReviewOwed:        "another person has still to review what was opened without approval",
	ReasonReviewed:          "another person reviewed what was opened without approval",
	ReasonNothingToReview:   "nothing was opened without approval",
	ReasonUnknownRecordedAs: "the audit trail says that it ended, and not how",

	ReasonOtherObject:        "it is about another object",
	ReasonOtherUID:           "it is about another window of the same name",
	ReasonOtherGeneration:    "it is about the window as it was before",
	ReasonOtherRequester:     "it names somebody else as the requester",
	ReasonNoApprover:         "it names nobody who approves",
	ReasonSelfApproval:       "nobody approves what they asked for",
	ReasonApproverAmongThem:  "nobody approves their own way in",
	ReasonFactorMissing:      "the approver did not prove who they are as the Site asks",
	ReasonApprovalDeleted:    "it is being deleted",
	ReasonNotCreatedYet:      "it was created later than now",
	ReasonUntilInvalid:       "until is not a time",
	ReasonUntilOver:          "until was over already, or is before the window starts",
	ReasonTooLate:            "the window was over when it was given",
	ReasonOutsideOccurrence:  "it was not given between the occurrence's start and end",
	ReasonUnknownVerdict:     "its decision is none of those that are known",
	ReasonTimesNotUnderstood: "the window's own times are not understood",
}
