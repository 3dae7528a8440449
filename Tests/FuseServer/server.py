#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A filesystem in memory behind FUSE, for tests: `server.py MOUNTPOINT [CALL=ERRNO...]`.

A call (flush, fsync, write) fails with an errno for files whose name has `bad` in it when they are
made. Speaks the kernel's protocol itself, so that nothing has to be installed. Ends when it is
unmounted.
"""

import ctypes
import errno
import os
import stat
import struct
import sys
import time

OPEN_KEEPS_NOTHING = 0
BUFFER_BYTES = (1 << 20) + 4096
ATTRIBUTES = struct.Struct("<QQQQQQIIIIIIIIII")


class Node:
    def __init__(self, mode, name=b""):
        self.mode, self.uid, self.gid = mode, 0, 0
        self.data, self.names = bytearray(), {}
        self.links, self.is_bad = 1, b"bad" in name
        now = time.time_ns()
        self.atime = self.mtime = self.ctime = now


class Failure(Exception):
    pass


class Server:
    def __init__(self, device, failures):
        self.device, self.failures = device, failures
        self.nodes, self.next_id = {1: Node(stat.S_IFDIR | 0o755)}, 2

    def serve(self):
        while True:
            try:
                request = os.read(self.device, BUFFER_BYTES)
            except OSError as error:
                if error.errno == errno.ENODEV:
                    return
                if error.errno in (errno.EINTR, errno.ENOENT):
                    continue
                raise
            _, opcode, unique, node = struct.unpack_from("<IIQQ", request)
            handler = self.handlers.get(opcode)
            if opcode in (2, 42, 36):  # FORGET, BATCH_FORGET, INTERRUPT want no answer.
                continue
            try:
                if handler is None:
                    raise Failure(errno.ENOSYS)
                self.reply(unique, 0, handler(self, node, request[40:]))
            except Failure as failure:
                self.reply(unique, -failure.args[0], b"")

    def reply(self, unique, error, body):
        try:
            os.write(self.device, struct.pack("<IiQ", 16 + len(body), error, unique) + body)
        except OSError as failure:
            if failure.errno != errno.ENOENT:  # The request was interrupted.
                raise

    def fail(self, call, node):
        if self.nodes[node].is_bad and call in self.failures:
            raise Failure(self.failures[call])

    def attributes(self, number):
        node = self.nodes[number]
        seconds = [t // 10**9 for t in (node.atime, node.mtime, node.ctime)]
        rest = [t % 10**9 for t in (node.atime, node.mtime, node.ctime)]
        size = len(node.data)
        return ATTRIBUTES.pack(number, size, (size + 511) // 512, *seconds, *rest, node.mode,
                               node.links, node.uid, node.gid, 0, 4096, 0)

    def entry(self, number):
        return struct.pack("<QQQQII", number, 0, 0, 0, 0, 0) + self.attributes(number)

    def child(self, parent, name):
        try:
            return self.nodes[parent].names[name]
        except KeyError:
            raise Failure(errno.ENOENT) from None

    def add(self, parent, name, mode):
        if name in self.nodes[parent].names:
            raise Failure(errno.EEXIST)
        number, self.next_id = self.next_id, self.next_id + 1
        self.nodes[number] = Node(mode, name)
        self.nodes[parent].names[name] = number
        return number

    def init(self, _node, body):
        major, minor, _, _ = struct.unpack_from("<IIII", body)
        return struct.pack("<IIIIHHIIHHI28x", 7, min(minor, 31), 1 << 17, 0, 16, 12, 1 << 20, 1, 256,
                           0, 0) if major == 7 else struct.pack("<II", 7, 31)

    def lookup(self, node, body):
        return self.entry(self.child(node, body.rstrip(b"\0")))

    def getattr(self, node, _body):
        return struct.pack("<QII", 0, 0, 0) + self.attributes(node)

    def setattr(self, number, body):
        (valid, _, _, size, _, atime, mtime, _, atime_ns, mtime_ns, _, mode, _, uid,
         gid) = struct.unpack_from("<IIQQQQQQIIIIIII", body)
        node = self.nodes[number]
        if valid & 1:
            node.mode = stat.S_IFMT(node.mode) | mode & 0o7777
        node.uid = uid if valid & 2 else node.uid
        node.gid = gid if valid & 4 else node.gid
        if valid & 8:
            node.data = node.data[:size].ljust(size, b"\0")
        if valid & 16:
            node.atime = atime * 10**9 + atime_ns
        if valid & 32:
            node.mtime = mtime * 10**9 + mtime_ns
        return self.getattr(number, body)

    def mkdir(self, node, body):
        mode, _ = struct.unpack_from("<II", body)
        return self.entry(self.add(node, body[8:].rstrip(b"\0"), stat.S_IFDIR | mode & 0o7777))

    def symlink(self, node, body):
        name, contents = body.rstrip(b"\0").split(b"\0")
        number = self.add(node, name, stat.S_IFLNK | 0o777)
        self.nodes[number].data = bytearray(contents)
        return self.entry(number)

    def readlink(self, node, _body):
        return bytes(self.nodes[node].data)

    def create(self, node, body):
        _, mode, _, _ = struct.unpack_from("<IIII", body)
        number = self.add(node, body[16:].rstrip(b"\0"), stat.S_IFREG | mode & 0o7777)
        return self.entry(number) + self.open(number, body)

    def open(self, _node, _body):
        return struct.pack("<QII", 0, OPEN_KEEPS_NOTHING, 0)

    def read(self, node, body):
        _, offset, size = struct.unpack_from("<QQI", body)
        return bytes(self.nodes[node].data[offset:offset + size])

    def write(self, number, body):
        self.fail("write", number)
        _, offset, size = struct.unpack_from("<QQI", body)
        data = self.nodes[number].data
        if len(data) < offset:
            data.extend(bytes(offset - len(data)))
        data[offset:offset + size] = body[40:40 + size]
        self.nodes[number].mtime = time.time_ns()
        return struct.pack("<II", size, 0)

    def flush(self, node, _body):
        self.fail("flush", node)
        return b""

    def fsync(self, node, _body):
        self.fail("fsync", node)
        return b""

    def nothing(self, _node, _body):
        return b""

    def unlink(self, node, body):
        name = body.rstrip(b"\0")
        self.nodes[self.child(node, name)].links -= 1
        del self.nodes[node].names[name]
        return b""

    def rename(self, node, body, start=8):
        target = struct.unpack_from("<Q", body)[0]
        old, new = body[start:].rstrip(b"\0").split(b"\0")
        number = self.child(node, old)
        del self.nodes[node].names[old]
        self.nodes[target].names[new] = number
        return b""

    def rename2(self, node, body):
        return self.rename(node, body, start=16)

    def statfs(self, _node, _body):
        return struct.pack("<QQQQQIIII24x", 1 << 20, 1 << 19, 1 << 19, 1 << 20, 1 << 19, 4096, 255,
                           4096, 0)

    def readdir(self, node, body):
        _, offset, size = struct.unpack_from("<QQI", body)
        out = b""
        names = [(b".", node), (b"..", 1)] + sorted(self.nodes[node].names.items())
        for place, (name, number) in enumerate(names[offset:], offset + 1):
            kind = stat.S_IFMT(self.nodes[number].mode) >> 12
            record = struct.pack("<QQII", number, place, len(name), kind) + name
            record += bytes(-len(record) % 8)
            if len(out) + len(record) > size:
                break
            out += record
        return out

    handlers = {
        1: lookup, 3: getattr, 4: setattr, 5: readlink, 6: symlink, 9: mkdir, 10: unlink, 11: unlink,
        12: rename, 14: open, 15: read, 16: write, 17: statfs, 18: nothing, 20: fsync, 25: flush,
        26: init, 27: open, 28: readdir, 29: nothing, 30: nothing, 35: create, 45: rename2}


def main(point, *failures):
    device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other".encode()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"test", point.encode(), b"fuse.test", 6, options) != 0:
        sys.exit(f"cannot mount: {os.strerror(ctypes.get_errno())}")
    codes = dict(failure.split("=") for failure in failures)
    Server(device, {call: getattr(errno, code) for call, code in codes.items()}).serve()


main(*sys.argv[1:])
