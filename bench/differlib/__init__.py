# SPDX-License-Identifier: Apache-2.0
"""Runs rsync and fastsync on the same generated trees, with the same options, and compares all that comes of it."""
