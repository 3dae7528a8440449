# SPDX-License-Identifier: Apache-2.0
"""Compares copying tools: same work, same disks, same run."""
