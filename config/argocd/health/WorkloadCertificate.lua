-- Copyright 2026 The Zonewarden Authors.
-- SPDX-License-Identifier: Apache-2.0

-- In the last wave, so that what waits for a window or for somebody may be Suspended.
--
-- mends are reasons that go by themselves, or by somebody who was asked. With any other
-- reason something is wrong that has to be put right.
local mends = {
  NoLeaf = "Progressing", Issuing = "Progressing", Swapping = "Progressing", Restarting = "Progressing",
  Verifying = "Progressing", FilesSettling = "Progressing", SpecChanged = "Progressing", NotYetValid = "Progressing",
  RollingOut = "Progressing", Wave = "Progressing", PeersNotReady = "Progressing", AwaitsIssuer = "Progressing",
  PodsNotReady = "Progressing", ServesOther = "Progressing",
  AwaitsSignature = "Suspended", AwaitsRestart = "Suspended", OutsidePeers = "Suspended", Frozen = "Suspended",
  OutsideWindow = "Suspended", NoWindow = "Suspended", DisruptionBudget = "Suspended", ClockUntrusted = "Suspended",
}
local early = unjudged() or refused()
if early ~= nil then
  return early
end
local ready = condition("Ready")
if ready == nil then
  return health("Progressing", "the operator has not decided yet")
end
local deferred = condition("Deferred")
if ready.status ~= "True" then
  local why = ready
  if deferred ~= nil and deferred.status == "True" and mends[ready.reason] == "Progressing" then
    why = deferred
  end
  return health(mends[why.reason] or "Degraded", says(why))
end
if is("Expiring", "True") then
  return health("Degraded", also(says(condition("Expiring")), "True", { "Deferred" }))
end
if deferred ~= nil and deferred.status == "True" then
  return health(mends[deferred.reason] or "Degraded", says(deferred))
end
if is("Served", "False") then
  return health("Progressing", says(condition("Served")))
end
return health("Healthy", also(says(ready), "False", { "PeersTrust" }))
