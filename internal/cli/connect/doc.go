// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package connect is the plugin's way to the API server: as the user whom kubectl's own
// flags name, and as nobody else.
//
// It keeps no state and asks the API server for nothing but what a command names: the
// kinds are known, so that nothing is discovered first, which takes a dozen requests on a
// slow line and fails with somebody else's broken API service.
package connect
