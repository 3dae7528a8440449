# SPDX-License-Identifier: Apache-2.0
"""Loop devices that are made for one rig and removed with it.

A loop device keeps what is set in its queue directory for its next user, and discards that were
switched off cannot be switched on again. So a rig does not borrow one of the machine's.
"""

import errno
import fcntl
import os
from pathlib import Path

from . import system
from .errors import RigError

# linux/loop.h
_LOOP_CTL_ADD, _LOOP_CTL_REMOVE = 0x4C80, 0x4C81
_ATTEMPTS = 5


def _control(request, number):
    control = os.open("/dev/loop-control", os.O_RDWR | os.O_CLOEXEC)
    try:
        return fcntl.ioctl(control, request, number)
    finally:
        os.close(control)


def device(number):
    return Path(f"/dev/loop{number}")


def create():
    """A new loop device's number."""
    return _control(_LOOP_CTL_ADD, -1)


def remove(number):
    """Removes the device if it is there and free: if it is not, somebody else has taken it."""
    try:
        _control(_LOOP_CTL_REMOVE, number)
    except OSError as error:
        if error.errno not in (errno.ENODEV, errno.EBUSY):
            raise


def attach(backing, created):
    """Attaches a new device to the file, with direct I/O where the file has it; returns the device.

    `created(number)` is called as soon as there is a device. Between making and attaching it another
    program can find it free and take it; then there is another attempt.
    """
    for attempt in range(_ATTEMPTS):
        number = create()
        created(number)
        try:
            system.run("losetup", "--direct-io=on", device(number), backing)
            return device(number)
        except RigError:
            remove(number)
            if attempt == _ATTEMPTS - 1:
                raise


def below(directory):
    """Loop devices whose backing file lies below `directory`."""
    devices = []
    for block in sorted(Path("/sys/block").glob("loop*")):
        try:
            backing = Path((block / "loop/backing_file").read_text().strip())
        except OSError:
            continue
        if directory in backing.parents:
            devices.append(Path("/dev") / block.name)
    return devices


def detach(loop_device):
    system.run("losetup", "--detach", loop_device)
