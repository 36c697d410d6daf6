-- Copyright 2026 The Zonewarden Authors.
-- SPDX-License-Identifier: Apache-2.0

-- NoEnforcementPoint is no failure: no pod is at either end, so that this cluster can
-- neither pass nor stop it, whatever is declared. The message says who enforces it.
-- Suspended is what is declared. Both are Healthy, or no later wave would ever come.
local early = unjudged() or refused() or unwritten({ NoEnforcementPoint = true, Suspended = true })
if early ~= nil then
  return early
end
if is("ConduitBlocked", "True") then
  return health("Degraded", says(condition("ConduitBlocked")))
end
return health("Healthy", also(says(condition("Programmed")), "True", { "SessionsMayLinger" }))
