-- Copyright 2026 The Zonewarden Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Not for Git: the API server takes an approval only from who approves. One that does not
-- count is Degraded, because somebody thinks that it does.
return unjudged() or refused() or health("Healthy", says(condition("Accepted")))
