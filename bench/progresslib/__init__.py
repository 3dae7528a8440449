# SPDX-License-Identifier: Apache-2.0
"""Recordings of how copies go on."""
