# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034  # the stacks use store_kind
# Nothing is stored: what the stack itself costs

backend_setup() {
	store_kind=null
}
