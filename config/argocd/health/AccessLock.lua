-- Copyright 2026 The Zonewarden Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Not for Git: a lock is put on and lifted at the site, at once, and nobody heals it away.
return unjudged() or refused()
  or health("Healthy", says(condition("Accepted")) .. "; keeps " .. (status.windows or 0) .. " windows closed")
