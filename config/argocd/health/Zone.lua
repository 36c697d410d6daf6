-- Copyright 2026 The Zonewarden Authors.
-- SPDX-License-Identifier: Apache-2.0

-- DevicesOnly is no failure: the zone has no pods that a policy could act at.
--
-- Exposed is told and degrades nothing: it is about what others do beside the zone, such
-- as a driver on its node's network, and no commit of the zone mends it. It has an alert.
-- Leaking and Cut are about the zone's own policies: a rollout stops there.
local early = unjudged() or refused() or unwritten({ DevicesOnly = true })
if early ~= nil then
  return early
end
local verified = condition("EnforcementVerified")
if verified ~= nil and verified.status == "False" then
  if verified.reason == "PolicyAgentDown" then
    return health("Progressing", says(verified))
  end
  return health("Degraded", says(verified))
end
return health("Healthy", also(says(condition("Programmed")), "True", { "Exposed" }))
