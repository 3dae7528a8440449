# SPDX-License-Identifier: Apache-2.0
"""A session in a terminal: recorded as a cast of asciinema, and drawn."""
