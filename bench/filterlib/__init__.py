# SPDX-License-Identifier: Apache-2.0
"""Generated filter rules over generated trees: which names rsync copies, and which fastsync."""
