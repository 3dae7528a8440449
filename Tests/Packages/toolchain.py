# SPDX-License-Identifier: Apache-2.0
"""Where Swift is on this machine."""

import os
import shutil
import unittest
from pathlib import Path

# What a clean Debian 12 lacks for it, by swift.org/install, and what a clone is made and built with.
DEBIAN_PACKAGES = ("binutils-gold ca-certificates git libc6-dev libcurl4 libedit2 libgcc-12-dev libncurses6 "
                   "libpython3.11 libsqlite3-0 libstdc++-12-dev libxml2 libz3-4 make pkg-config tzdata zlib1g-dev")


def swift(name):
    """A program of the toolchain; links are followed, since what belongs to it lies beside."""
    found = shutil.which(os.environ.get("SWIFT") or "swift")
    if not found:
        raise unittest.SkipTest("there is no Swift")
    return Path(found).resolve().parent / name
