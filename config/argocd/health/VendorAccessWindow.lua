-- Copyright 2026 The Zonewarden Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Not for Git: the API server takes a window only from who requests it. This is for those
-- who look at it in Argo CD.
--
-- What waits for somebody or for its start is Suspended. What is over is Healthy, however
-- it ended, once it is proved that nothing passes any more.
local early = unjudged() or refused()
if early ~= nil then
  return early
end
local active = condition("Active")
local phase = status.phase or ""
if active == nil or phase == "" then
  return health("Progressing", "the operator has not decided yet")
end
local message = phase .. ", " .. says(active)
for _, f in ipairs(status.findings or {}) do
  if f.severity == "Error" then
    return health("Degraded", message .. "; " .. f.reason .. ": " .. f.message)
  end
end
if phase == "Active" then
  if (status.localEnd or "") ~= "" then
    message = message .. ", until " .. status.localEnd
  end
  message = also(message, "False", { "EndsWithoutOperator", "EndsWithoutAPIServer", "ImagesPresent" })
  return health("Healthy", also(message, "True", { "ReviewOwed" }))
end
if is("Terminated", "False") then
  return health("Progressing", message .. "; " .. says(condition("Terminated")))
end
if phase == "Expired" or phase == "Denied" or phase == "Revoked" then
  if is("ReviewOwed", "True") then
    return health("Suspended", message .. "; " .. says(condition("ReviewOwed")))
  end
  return health("Healthy", message)
end
-- Requested, Approved, Armed, Locked.
return health("Suspended", also(message, "False", { "ImagesPresent" }))
