-- Copyright 2026 The Zonewarden Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Stands before the check of every kind. Argo CD runs Lua 5.1 with the libraries base and
-- table alone: there is no string and no math here.
--
-- The words, and what Argo CD does with them while it syncs in waves:
--   Healthy      the wave goes on
--   Progressing  the wave waits: only for what goes on by itself
--   Suspended    the wave waits until somebody has acted: for kinds of the last wave, and for
--                what opens something and waits for an approval or was denied it: zones that
--                begin to deny come later, and would cut it
--   Degraded     the sync fails, and its retry leaves out what is applied already

local status = obj.status or {}
local generation = obj.metadata.generation or 0

local function health(word, message)
  return { status = word, message = message }
end

-- condition by its type. One that speaks of an older version of the object says nothing.
local function condition(kind)
  for _, c in ipairs(status.conditions or {}) do
    if c.type == kind and (c.observedGeneration or 0) >= generation then
      return c
    end
  end
  return nil
end

local function says(c)
  return c.reason .. ": " .. c.message
end

local function is(kind, value)
  local c = condition(kind)
  return c ~= nil and c.status == value
end

-- unjudged is the health of what the operator has not judged as it is now.
local function unjudged()
  if (status.observedGeneration or 0) < generation or condition("Accepted") == nil then
    return health("Progressing", "the operator has not looked at this version yet")
  end
  return nil
end

-- refused is the health of what is not in force as declared. An opening that was denied is
-- Suspended as well, and its message says that it was: a sync that fails is tried again without
-- what is applied already, and goes on to the zones.
local function refused()
  for _, kind in ipairs({ "Accepted", "ResolvedRefs" }) do
    local c = condition(kind)
    if c ~= nil and c.status ~= "True" then
      if c.reason == "AwaitingApproval" or c.reason == "OpeningDenied" then
        return health("Suspended", says(c))
      end
      return health("Degraded", says(c))
    end
  end
  return nil
end

-- unwritten is the health of what is accepted and not written, where that is not as it
-- should be. settled are the reasons for which it never will be, which is no failure.
local function unwritten(settled)
  local c = condition("Programmed")
  if c == nil then
    return health("Progressing", "the operator has not written this version yet")
  end
  if c.status == "True" or settled[c.reason] then
    return nil
  end
  if c.reason == "Pending" then
    return health("Progressing", says(c))
  end
  return health("Degraded", says(c))
end

-- also adds what is to be known beside: those of the conditions that have this value.
local function also(message, value, kinds)
  for _, kind in ipairs(kinds) do
    local c = condition(kind)
    if c ~= nil and c.status == value then
      message = message .. "; " .. kind .. "=" .. value .. ", " .. says(c)
    end
  end
  return message
end
