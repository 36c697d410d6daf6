-- Copyright 2026 The Zonewarden Authors.
-- SPDX-License-Identifier: Apache-2.0

-- What is declared for the whole site, and whether it is carried out: written, guarded as
-- asked for, within the policy maps, and nothing kept that is gone from Git. What is held
-- waits for a person, and is Degraded and not Suspended: the Site is in the first wave.
--
-- The clock, the audit trail and what others did are told and degrade nothing. They close
-- vendor access, or have alerts, and no commit mends them.
local early = unjudged() or refused() or unwritten({})
if early ~= nil then
  return early
end
local guarded = condition("Guarded")
if guarded ~= nil and guarded.status == "False" and guarded.reason ~= "NoGuard" then
  return health("Degraded", says(guarded))
end
if is("WithinBudget", "False") then
  return health("Degraded", says(condition("WithinBudget")))
end
if is("PruneHeld", "True") then
  return health("Degraded", says(condition("PruneHeld")))
end
local message = also(says(condition("Programmed")), "False", { "Guarded", "ClockTrusted", "AuditIntact" })
message = also(message, "Unknown", { "AuditIntact" })
return health("Healthy", also(message, "True", { "Exposed", "DriftReverted" }))
