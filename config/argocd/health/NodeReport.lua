-- Copyright 2026 The Zonewarden Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Written by the agent of a node, all of it at once: it has no conditions and no
-- generation that it could be behind. Whether it still counts is the operator's to say,
-- on the Zones: EnforcementVerified.
if obj.status == nil or status.policyAgent == nil then
  return health("Progressing", "the node agent has not reported yet")
end
if (status.failed or 0) > 0 then
  for _, z in ipairs(status.zones or {}) do
    if z.result == "Leaking" then
      return health("Degraded", "Leaking: zone " .. z.name .. ", " .. (z.mustNotPass or z.message or "what must not pass passed"))
    end
    if z.result == "Cut" then
      return health("Degraded", "Cut: zone " .. z.name .. ", " .. (z.mustPass or z.message or "what must pass was stopped"))
    end
  end
  return health("Degraded", status.failed .. " zones are Leaking or Cut")
end
if status.policyAgent == "Down" then
  return health("Degraded", "PolicyAgentDown: " .. (status.policyAgentMessage or "the network plugin's agent does not answer"))
end
local message = (status.verified or 0) .. " zones verified by packets"
if status.flowTable == "None" then
  message = message .. "; NoNodeAgent: live flows cannot be ended here, " .. (status.flowTableMessage or "no flow table is readable")
end
return health("Healthy", message)
