-- Copyright 2026 The Zonewarden Authors.
-- SPDX-License-Identifier: Apache-2.0

local early = unjudged() or refused()
if early ~= nil then
  return early
end
local zone = status.zone or ""
if zone == "" then
  return health("Healthy", says(condition("Accepted")) .. "; in no zone")
end
return health("Healthy", says(condition("Accepted")) .. "; in zone " .. zone)
