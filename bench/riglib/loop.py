# SPDX-License-Identifier: Apache-2.0
"""Loop devices that are made for one rig and removed with it.

A loop device keeps what is set in its queue directory for its next user, and discards that were
switched off cannot be switched on again. So a rig does not borrow one of the machine's.
"""

import errno
import fcntl
import os
import time
from pathlib import Path

from . import system
from .errors import RigError

# linux/loop.h
_LOOP_CTL_ADD, _LOOP_CTL_REMOVE = 0x4C80, 0x4C81
_ATTEMPTS = 5
_PATIENCE_S = 30


def _control(request, number):
    control = os.open("/dev/loop-control", os.O_RDWR | os.O_CLOEXEC)
    try:
        return fcntl.ioctl(control, request, number)
    finally:
        os.close(control)


def device(number):
    return Path(f"/dev/loop{number}")


def unused():
    """A number above all that there are: programs that look for a free device take the lowest."""
    names = (block.name.removeprefix("loop") for block in Path("/sys/block").glob("loop*"))
    return 1 + max((int(name) for name in names if name.isdecimal()), default=-1)


def create(number):
    """Makes the device; FileExistsError if there is one."""
    _control(_LOOP_CTL_ADD, number)


def _is_attached(number):
    return Path(f"/sys/block/loop{number}/loop").is_dir()


def remove(number):
    """Removes the device if it is there and free: if it is not, somebody else has taken it.

    A program that only looks at it, such as the losetup of a rig that was killed, is waited for.
    """
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            return _control(_LOOP_CTL_REMOVE, number)
        except OSError as error:
            if error.errno == errno.ENODEV or (error.errno == errno.EBUSY and _is_attached(number)):
                return None
            if error.errno != errno.EBUSY or time.monotonic() > deadline:
                raise RigError(f"cannot remove {device(number)}: {error.strerror}") from None
        time.sleep(0.02)


def attach(backing, chosen):
    """Attaches a new device to the file, with direct I/O where the file has it; returns the device.

    `chosen(number)` is called before there is a device, so that a kill at any moment leaves none that
    nobody knows of. Between choosing, making and attaching it another program can take the number;
    then there is another attempt.
    """
    for attempt in range(_ATTEMPTS):
        number = unused()
        chosen(number)
        try:
            create(number)
            system.run("losetup", "--direct-io=on", device(number), backing)
            return device(number)
        except FileExistsError:
            chosen(None)
        except RigError:
            remove(number)
            if attempt == _ATTEMPTS - 1:
                raise
    raise RigError("others take every number for a loop device")


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
