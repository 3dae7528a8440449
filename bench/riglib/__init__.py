# SPDX-License-Identifier: Apache-2.0
"""Makes, measures and removes simulated disks with filesystems on them."""
