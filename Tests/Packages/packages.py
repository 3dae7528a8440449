# SPDX-License-Identifier: Apache-2.0
"""The packages that the Makefile makes, made once for all tests."""

import functools
from pathlib import Path

from cleanroot import TREE, run


def make(target, *settings):
    """Makes a target in the tree, with its own settings of the Makefile."""
    return run("make", "-C", TREE, "--no-print-directory", target, *settings)


@functools.cache
def deb():
    make("deb")
    return only(".build/packages", "*.deb")


@functools.cache
def tarball():
    make("tarball")
    return only(".build/packages", "*.tar.gz")


def only(folder, pattern):
    """The path that a pattern has below a folder of the tree."""
    found = sorted(Path(TREE, folder).glob(pattern))
    if len(found) != 1:
        raise AssertionError(f"{folder}/{pattern}: {found}")
    return found[0]
