# SPDX-License-Identifier: Apache-2.0
"""The running rig: what the disks count, and that nothing is left behind."""

import errno
import os
import random
import signal
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path
from unittest import mock

from riglib import filesystem, loop, system
from riglib.disk import Disk
from riglib.errors import RigError
from riglib.rig import Rig
from riglib.spec import DiskSpec

from .rigs import MIB, Direct, RigTest, seconds

COMMAND = Path(__file__).resolve().parent.parent / "rig"
COMPARE = COMMAND.with_name("compare")


class Rate(RigTest):
    """A stream costs the disk what the rate says, and does not take less than that.

    How much more it takes is up to what else the machine does: bench/selfcheck asks that."""

    rate_mb_s, stream_mib = 100, 64
    credit_s = 0.020  # what the pacer forgives, and the time between two looks at a clock

    def check(self, rig, stream):
        before_s = rig.counters()["busy_s"]
        took_s = seconds(stream)
        busy_s = rig.counters()["busy_s"] - before_s
        said_s = self.stream_mib * MIB / (self.rate_mb_s * 1e6)
        self.assertAlmostEqual(busy_s / said_s, 1, delta=0.05)
        self.assertGreaterEqual(took_s, busy_s - self.credit_s)

    def test_reading_and_writing_one_stream(self):
        rig, block = self.raw(rate_mb_s=self.rate_mb_s), os.urandom(MIB)
        with Direct(rig.device) as device:
            places = [at * MIB for at in range(self.stream_mib)]
            self.check(rig, lambda: [device.write(place, block) for place in places])
            self.check(rig, lambda: [device.read(place, MIB) for place in places])

    def test_a_flash_disk_with_a_rate_keeps_to_it_and_does_not_seek(self):
        rig, block = self.raw(disk="nvme", rate_mb_s=self.rate_mb_s), os.urandom(MIB)
        places = [at * MIB for at in range(self.stream_mib)]
        random.Random(1).shuffle(places)
        with Direct(rig.device) as device:
            self.check(rig, lambda: [device.write(place, block) for place in places])


class Kinds(RigTest):
    """What programs see of the disks."""

    def test_disks_that_seek_say_so_and_are_scheduled_and_only_shingled_ones_discard(self):
        for disk, rotational, discards in (("nvme", 0, False), ("hdd", 1, False), ("smr", 1, True)):
            with self.subTest(disk):
                rig = self.rig(label=disk, disk=disk, rate_mb_s=0, seek_ms=0, flush_ms=0)
                queue = Path("/sys/block", rig.device.name, "queue")
                self.assertEqual(int((queue / "rotational").read_text()), rotational)
                scheduler = "[mq-deadline]" if rotational else "[none]"
                self.assertIn(scheduler, (queue / "scheduler").read_text())
                self.assertEqual(int((queue / "discard_max_bytes").read_text()) > 0, discards)

    def test_every_filesystem_comes_empty_and_can_be_made_anew(self):
        for name in ("xfs", "ext4", "btrfs"):
            with self.subTest(name):
                rig = self.rig(label=name, filesystem=name)
                with rig.untimed():
                    (rig.mount_point / "old").write_text("old")
                    rig.reformat()
                self.assertFalse((rig.mount_point / "old").exists())
                self.assertEqual(rig.counters()["write_bytes"], 0)


class Zeroes(RigTest):
    """Ranges that the kernel is asked to zero are zero, whichever way it takes; mkfs relies on it."""

    def test_zeroed_ranges_read_as_zeroes_and_nothing_else_does(self):
        for disk in ("nvme", "hdd", "smr"):
            with self.subTest(disk):
                rig, data = self.raw(label=disk, disk=disk, rate_mb_s=1000, seek_ms=0), os.urandom(MIB)
                with Direct(rig.device) as device:
                    device.write(64 * MIB, data)
                    device.flush()
                    system.run("blkdiscard", "--zeroout", "--offset", str(64 * MIB + 65536),
                               "--length", "131072", rig.device)
                    self.assertEqual(device.read(64 * MIB, MIB),
                                     data[:65536] + bytes(131072) + data[196608:])

    def test_a_used_disk_can_be_formatted_again_and_again(self):
        rig = self.rig(disk="smr", rate_mb_s=0, seek_ms=0, flush_ms=0)
        for number in range(3):
            with rig.untimed():
                for name in range(200):
                    (rig.mount_point / f"{number}-{name}").write_bytes(os.urandom(65536))
                rig.reformat()
            self.assertEqual(list(rig.mount_point.iterdir()), [])


class Shingles(RigTest):
    """The counters of the SMR disk, through the filesystem."""

    def test_sequential_writes_rewrite_no_band_and_scattered_ones_do(self):
        rig = self.rig(disk="smr", rate_mb_s=1000, seek_ms=0.1, flush_ms=0, band_mb=8, cache_mb=4)
        flags, block = os.O_RDWR | os.O_CREAT, os.urandom(MIB)
        with Direct(rig.mount_point / "file", flags) as file:
            file.allocate(128 * MIB)
            for at in range(128):
                file.write(at * MIB, block)
            file.flush()
            sequential = rig.counters()
            place = random.Random(3)
            for _ in range(256):
                file.write(place.randrange(128 * 16) * 65536, block[:65536])
            file.flush()
        self.assertEqual(sequential["smr_band_rewrites"], 0)
        self.assertGreaterEqual(sequential["smr_streamed_bytes"], 128 * MIB)
        self.assertGreater(rig.counters()["smr_band_rewrites"], 0)


class Arrays(RigTest):
    """Several disks under one filesystem."""

    def array(self, raid):
        return self.rig(label=raid, filesystem="btrfs", devices=2, raid=raid, rate_mb_s=0, seek_ms=0,
                        flush_ms=0)

    def test_data_is_spread_or_kept_twice_and_each_disk_counts_its_own(self):
        for raid, least_bytes, most_bytes in (("raid0", 30 * MIB, 40 * MIB), ("raid1", 64 * MIB, 74 * MIB)):
            with self.subTest(raid):
                rig = self.array(raid)
                (rig.mount_point / "file").write_bytes(os.urandom(64 * MIB))
                system.run("sync", "-f", rig.mount_point)
                written = [member["write_bytes"] for member in rig.member_counters()]
                self.assertEqual(len(written), 2)
                for count in written:
                    self.assertTrue(least_bytes <= count <= most_bytes, written)
                self.assertEqual(rig.counters()["write_bytes"], sum(written))

    def test_it_comes_empty_can_be_made_anew_and_mounted_again(self):
        rig = self.array("raid0")
        with rig.untimed():
            (rig.mount_point / "old").write_text("old")
            rig.reformat()
            (rig.mount_point / "new").write_text("new")
            rig.remount()
        self.assertEqual([path.name for path in rig.mount_point.iterdir()], ["new"])
        self.assertEqual(rig.counters()["write_bytes"], 0)

    def test_list_and_stat_know_each_disk(self):
        rig = self.array("raid0")
        devices = ",".join(str(device) for device in rig.devices)
        for words in (["list"], ["stat", rig.name]):
            said = system.run(COMMAND, *words)
            self.assertIn(f"{rig.name}  2xhdd raid0  btrfs  512 MiB each  {devices}  {rig.mount_point}", said)
        self.assertRegex(said, r"(?m)^read_seeks \d+ \d+$")


class Faults(RigTest):
    """Faults appear where and when they are asked for."""

    def setUp(self):
        super().setUp()
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.fault_file = Path(folder, "faults")

    def faulty(self):
        return self.raw(rate_mb_s=0, seek_ms=0, flush_ms=0, fault_file=str(self.fault_file))

    def ask(self, text):
        fresh = self.fault_file.with_suffix(".new")
        fresh.write_text(text)
        fresh.rename(self.fault_file)

    def fails(self, action, *arguments):
        with self.assertRaises(OSError) as raised:
            action(*arguments)
        self.assertEqual(raised.exception.errno, 5)

    def test_io_errors_where_asked_and_nowhere_else(self):
        with Direct(self.faulty().device) as device:
            device.write(0, os.urandom(65536))
            self.ask("eio_read 8192 12288\neio_write 32768 36864\n")
            self.fails(device.read, 8192, 4096)
            self.fails(device.read, 0, 65536)
            device.read(0, 8192)
            device.read(12288, 4096)
            device.write(8192, bytes(4096))
            self.fails(device.write, 32768, bytes(4096))
            self.ask("")
            device.read(0, 65536)
            device.write(32768, bytes(4096))

    def test_a_flush_error(self):
        with Direct(self.faulty().device) as device:
            device.flush()
            self.ask("eio_flush\n")
            device.write(0, bytes(4096))
            self.fails(device.flush)
            self.ask("")
            device.write(0, bytes(4096))
            device.flush()

    def test_an_image_without_room_is_a_full_disk(self):
        rig = self.faulty()
        image = Disk(rig.directory).image_file
        os.truncate(image, 0)
        os.truncate(image, rig.spec.size_bytes)
        system.run("mount", "-o", "remount,size=32768", image.parent)
        with Direct(rig.device) as device, self.assertRaises(OSError) as raised:
            device.write(0, os.urandom(65536))  # of which a half fits
        self.assertEqual(raised.exception.errno, errno.ENOSPC)

    def test_a_power_cut_loses_unflushed_blocks_only(self):
        rig = self.faulty()
        old, flushed, lost = b"o" * MIB, b"f" * MIB, b"l" * MIB
        with Direct(rig.device) as device:
            device.write(0, flushed)
            device.write(4 * MIB, old)
            device.flush()
            device.write(4 * MIB, lost)
            self.ask("cut 42 50\n")
            system.wait_until(lambda: rig.counters()["power_cut"], 60, "the power cut")
            self.fails(device.read, 0, 4096)
            self.fails(device.write, 0, bytes(4096))
            self.ask("")
            system.wait_until(lambda: not rig.counters()["power_cut"], 60, "the return of power")
            self.assertEqual(device.read(0, MIB), flushed)
            torn = device.read(4 * MIB, MIB)
        letters = [torn[at:at + 4096] for at in range(0, MIB, 4096)]
        self.assertEqual(set(letters), {b"o" * 4096, b"l" * 4096})
        counters = rig.counters()
        self.assertEqual(counters["cut_lost_blocks"], letters.count(b"o" * 4096))
        self.assertEqual(counters["cut_kept_blocks"], letters.count(b"l" * 4096))

    def test_a_power_cut_comes_with_the_write_that_it_waits_for(self):
        rig = self.faulty()
        block = os.urandom(65536)
        with Direct(rig.device) as device:
            device.write(0, block)
            self.ask(f"cut 1 100 {4 * 65536}\n")
            rig.counters()
            for at in range(1, 4):
                device.write(at * 65536, block)
            device.flush()
            self.fails(device.write, 4 * 65536, block)
            self.fails(device.read, 0, 65536)
            self.ask("")
            system.wait_until(lambda: not rig.counters()["power_cut"], 60, "the return of power")
            survived = [device.read(at * 65536, 65536) == block for at in range(5)]
        self.assertEqual(survived, [True, True, True, True, False])


class Tidiness(RigTest):
    """Nothing is left behind, and nothing of others is touched."""

    def setUp(self):
        super().setUp()
        self.idle_before = self.idle_loops()

    @staticmethod
    def idle_loops():
        """Loop devices without a file; those with one may be somebody else's, made meanwhile."""
        return {path for path in Path("/sys/block").glob("loop*") if not (path / "loop").is_dir()}

    def check_clean(self, rig):
        self.assertFalse(rig.directory.exists())
        self.assertEqual(system.mounts_below(rig.directory), [])
        self.assertEqual(loop.below(rig.directory), [])
        self.assertLessEqual(self.idle_loops(), self.idle_before)

    def test_an_up_that_fails_late_removes_what_it_made(self):
        rig = Rig(f"test-{os.getpid()}-small")
        with self.assertRaises(RigError):  # xfs needs 300 MiB, which only mkfs says
            rig.up(DiskSpec(disk="hdd", filesystem="xfs", size_bytes=100 * MIB))
        self.check_clean(rig)

    def interrupt(self, number, after_s, *options):
        rig = Rig(f"test-{os.getpid()}-killed")
        options = options or ("--disk", "smr", "--fs", "xfs", "--size", "1G")
        words = [COMMAND, "up", rig.name, *options]
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(after_s)
        process.send_signal(number)
        process.wait()
        return rig

    def test_an_interrupted_up_removes_what_it_made(self):
        for after_s in (0.15, 0.45):
            rig = self.interrupt(signal.SIGTERM, after_s)
            if rig.directory.exists():  # it was done before the signal came
                rig.down()
            self.check_clean(rig)

    def test_down_removes_what_a_killed_up_left(self):
        several = ("--disk", "hdd", "--fs", "btrfs", "--size", "512M", "--devices", "3")
        for options in ((), several):
            for after_s in (0.15, 0.3, 0.45, 0.6):
                rig = self.interrupt(signal.SIGKILL, after_s, *options)
                if rig.directory.exists():
                    subprocess.run([COMMAND, "down", rig.name], check=True)
                self.check_clean(rig)

    def test_down_removes_a_loop_device_that_was_only_made(self):
        rig = Rig(f"test-{os.getpid()}-made")
        child = os.fork()
        if child == 0:
            with mock.patch.object(loop, "create", self.create_and_die):
                rig.up(DiskSpec(disk="nvme", filesystem="xfs", size_bytes=512 * MIB))
            os._exit(1)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), -signal.SIGKILL)
        self.assertGreater(self.idle_loops(), self.idle_before)
        rig.down()
        self.check_clean(rig)

    @staticmethod
    def create_and_die(number, create=loop.create):
        create(number)
        os.kill(os.getpid(), signal.SIGKILL)

    def test_a_loop_device_that_is_looked_at_is_removed_later(self):
        number = loop.unused()
        loop.create(number)
        looks = os.open(loop.device(number), os.O_RDONLY)
        later = threading.Timer(0.2, os.close, [looks])
        later.start()
        loop.remove(number)
        later.join()
        self.assertLessEqual(self.idle_loops(), self.idle_before)

    def test_an_interrupted_comparison_removes_its_disks(self):
        words = [COMPARE, "--disk", "hdd", "--scale", "0.1", "--tool", "cp", "--results", "/dev/null"]
        for after_s in (0.4, 2.0):
            process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(after_s)
            process.terminate()
            process.terminate()
            # Before it listens for signals there is nothing to remove.
            self.assertIn(process.wait(), (130, -signal.SIGTERM))
            for end in ("source", "target"):
                self.check_clean(Rig(f"compare-{process.pid}-{end}"))

    def test_a_second_up_of_the_same_name_leaves_the_first_alone(self):
        rig = self.rig(disk="nvme")
        with self.assertRaises(RigError):
            Rig(rig.name).up(DiskSpec(disk="nvme", filesystem="xfs", size_bytes=512 * MIB))
        self.assertTrue(rig.mount_point.is_mount())

    def test_a_rig_in_use_is_not_taken_down_and_then_is(self):
        rig = self.rig(disk="nvme", label="busy")
        with open(rig.mount_point / "open", "w", encoding="ascii"):
            with self.assertRaises(RigError):
                rig.down()
            self.assertTrue(rig.mount_point.is_mount())

    def test_loop_devices_of_others_stay(self):
        with tempfile.NamedTemporaryFile() as file:
            file.truncate(64 * MIB)
            other = system.run("losetup", "--find", "--show", file.name)
            try:
                rig = Rig(f"test-{os.getpid()}-other")
                rig.up(DiskSpec(disk="nvme", filesystem="xfs", size_bytes=512 * MIB))
                filesystem.unmount(rig.mount_point)
                rig.down()
                attached = Path("/sys/block", Path(other).name, "loop/backing_file")
                self.assertEqual(attached.read_text().strip(), file.name)
            finally:
                loop.detach(other)


class Command(unittest.TestCase):
    """What needs no disk."""

    def test_wrong_names_sizes_and_figures_are_refused(self):
        for words in (["up", "../x", "--disk", "hdd", "--fs", "xfs", "--size", "1G"],
                      ["up", "x", "--disk", "hdd", "--fs", "xfs", "--size", "much"],
                      ["up", "x", "--disk", "hdd", "--fs", "xfs", "--size", "1M"],
                      ["up", "x", "--disk", "hdd", "--fs", "xfs", "--size", "1G", "--rate", "-1"],
                      ["up", "x", "--disk", "hdd", "--fs", "xfs", "--size", "1G", "--band", "8"],
                      ["up", "x", "--disk", "hdd", "--fs", "btrfs", "--size", "1G", "--devices", "0"],
                      ["up", "x", "--disk", "hdd", "--fs", "btrfs", "--size", "1G", "--raid", "raid0"],
                      ["up", "x", "--disk", "hdd", "--fs", "xfs", "--size", "1G", "--devices", "2"],
                      ["up", "x", "--disk", "hdd", "--fs", "btrfs", "--size", "1G", "--devices", "3",
                       "--raid", "raid10"],
                      ["down", "not-there"]):
            with self.subTest(words):
                done = subprocess.run([COMMAND, *words], capture_output=True, text=True, check=False)
                self.assertEqual(done.returncode, 1)
                self.assertTrue(done.stderr.startswith("rig: "), done.stderr)


if __name__ == "__main__":
    unittest.main()
