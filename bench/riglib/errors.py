# SPDX-License-Identifier: Apache-2.0
"""The one error that the rig's users see."""


class RigError(Exception):
    """Something could not be done; the text is for the person at the terminal."""
