-- Copyright 2026 The Zonewarden Authors.
-- SPDX-License-Identifier: Apache-2.0

local early = unjudged() or refused()
if early ~= nil then
  return early
end
local message = says(condition("Accepted"))
return health("Healthy", message .. "; windows: " .. (status.open or 0) .. " open, " .. (status.waiting or 0) .. " waiting")
