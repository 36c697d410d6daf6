-- Copyright 2026 The Zonewarden Authors.
-- SPDX-License-Identifier: Apache-2.0

local early = unjudged() or refused()
if early ~= nil then
  return early
end
-- Labels are no part of the generation, and decide in which zone the asset is. Which of them
-- the operator has judged is written with what it accepted.
local judged = (status.lastGood or {}).labels
if judged ~= nil then
  local labels = obj.metadata.labels or {}
  for _, pair in ipairs({ { labels, judged }, { judged, labels } }) do
    for key, value in pairs(pair[1]) do
      if pair[2][key] ~= value then
        return health("Progressing", "the operator has not looked at these labels yet")
      end
    end
  end
end
local zone = status.zone or ""
if zone == "" then
  return health("Healthy", says(condition("Accepted")) .. "; in no zone")
end
return health("Healthy", says(condition("Accepted")) .. "; in zone " .. zone)
