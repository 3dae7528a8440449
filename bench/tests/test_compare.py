# SPDX-License-Identifier: Apache-2.0
"""The comparison's parts: works, figures, cache figures, launching, checking, reporting."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from comparelib import cache, command, figures, launch, limits, places, report, sampling, tools, verify, works
from comparelib.groups import SETS, Group
from comparelib.progress import Progress
from comparelib.sampling import Sampler
from comparelib.session import Session
from riglib import system
from riglib.errors import RigError

from .rigs import RigTest

BENCH = Path(__file__).resolve().parent.parent
MIB = 1 << 20


class Folder(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(dir="/var/tmp")))
        self.source, self.target = self.folder / "source", self.folder / "target"
        self.source.mkdir()
        self.target.mkdir()


def digest(directory):
    """One hash over the names and contents of a tree."""
    total = hashlib.sha256()
    for path in sorted(path for path in directory.rglob("*") if path.is_file()):
        total.update(str(path.relative_to(directory)).encode() + path.read_bytes())
    return total.hexdigest()


class Works(Folder):
    """What is copied."""

    def test_every_work_is_the_same_each_time(self):
        for name in ("large", "medium", "small", "aged", "tiny", "sparse"):
            with self.subTest(name):
                made = []
                for number in range(2):
                    directory = self.folder / f"{name}-{number}"
                    directory.mkdir()
                    works.WORKS[name].make(directory, 0.002)
                    made.append(digest(directory))
                self.assertEqual(*made)

    def test_the_estimate_holds_what_is_written(self):
        for name, work in works.WORKS.items():
            if work.again or name == "real":
                continue
            with self.subTest(name):
                directory = self.folder / name
                directory.mkdir()
                work.make(directory, 0.01)
                used = sum(path.stat().st_blocks * 512 for path in directory.rglob("*") if path.is_file())
                self.assertLessEqual(used, work.bytes_at(0.01) * 1.15)

    def test_data_does_not_compress(self):
        works.WORKS["small"].make(self.source, 0.005)
        packed = subprocess.run(f"cat {self.source}/*/* | gzip -1 | wc -c", shell=True, check=True,
                                capture_output=True, text=True)
        size = sum(path.stat().st_size for path in self.source.rglob("*") if path.is_file())
        self.assertGreater(int(packed.stdout), size * 0.99)

    def test_small_files_have_the_mean_they_are_said_to_have(self):
        works.WORKS["small"].make(self.source, 0.1)
        sizes = [path.stat().st_size for path in self.source.rglob("*") if path.is_file()]
        self.assertEqual(len(sizes), 4000)
        self.assertAlmostEqual(sum(sizes) / len(sizes) / (14 * 1024), 1, delta=0.15)

    def test_aged_files_are_the_small_ones(self):
        works.WORKS["small"].make(self.source, 0.01)
        works.WORKS["aged"].make(self.target, 0.01)
        self.assertIsNone(verify.quick(self.source, self.target))
        self.assertEqual(digest(self.source), digest(self.target))

    def test_a_change_touches_one_file_of_a_hundred_and_no_size(self):
        works.WORKS["tiny"].make(self.source, 0.002)
        before = {path: (path.stat().st_size, path.read_bytes()) for path in self.source.rglob("f*")}
        works.WORKS["update"].change(self.source, 1)
        changed = [path for path, (_, data) in before.items() if path.read_bytes() != data]
        self.assertEqual(len(changed), 4)
        self.assertTrue(all(path.stat().st_size == before[path][0] for path in changed))

    def test_other_metadata_leaves_contents_and_differs_each_time(self):
        works.WORKS["metadata"].make(self.source, 0.001)
        contents = digest(self.source)

        def found():
            return {path: (path.stat().st_mode, path.stat().st_gid, path.stat().st_mtime_ns)
                    for path in self.source.rglob("f*")}

        for seed in (1, 2):
            before = found()
            works.WORKS["metadata"].change(self.source, seed)
            after = found()
            kinds = [[old != new for old, new in zip(before[path], after[path])] for path in before]
            self.assertEqual([sum(kind) for kind in kinds], [1] * 40)
            self.assertGreaterEqual(min(map(sum, zip(*kinds))), 13)
        self.assertEqual(digest(self.source), contents)

    def test_hard_links_are_files_of_two_names_in_other_directories(self):
        works.WORKS["hard-links"].make(self.source, 0.01)
        names = {}
        for path in self.source.glob("*/*"):
            names.setdefault(path.stat().st_ino, []).append(path)
        self.assertEqual([len(found) for found in names.values()], [2] * 800)
        spread = {(one.parent.name, other.parent.name) for one, other in map(sorted, names.values())}
        self.assertGreater(len(spread), 32)


class Figures(unittest.TestCase):
    """Medians and ratios."""

    runs = [{"round": n, "durable_s": s} for n, s in enumerate((2.0, 6.0, 4.0))]
    other = [{"round": n, "durable_s": s} for n, s in enumerate((1.0, 2.0))]

    def test_a_ratio_is_between_runs_of_the_same_round(self):
        self.assertEqual(figures.pairwise_ratios(self.runs, self.other),
                         {"median": 2.5, "min": 2.0, "max": 3.0})

    def test_spread_leaves_out_what_was_not_measured(self):
        self.assertEqual(figures.spread([3, None, 1, 2]), {"median": 2, "min": 1, "max": 3})
        self.assertIsNone(figures.spread([None]))

    def test_the_median_run_is_one_that_took_place(self):
        self.assertEqual(figures.median_run(self.runs)["durable_s"], 4.0)

    def test_fastsync_is_the_measure_when_it_takes_part(self):
        self.assertEqual(figures.baseline_tool(["fio", "cp", "fastsync-keep", "fastsync"]), "fastsync")
        self.assertEqual(figures.baseline_tool(["fio", "cp"]), "cp")


class Cache(Folder):
    """What is in the page cache."""

    def test_both_ways_of_asking_agree_and_dropping_empties(self):
        path = self.source / "file"
        path.write_bytes(os.urandom(4 * MIB))
        with open(path, "rb") as file:
            counted = cache.by_cachestat(file.fileno())
            self.assertEqual(cache.by_mincore(file.fileno()), 4 * MIB)
            if counted is not None:
                self.assertEqual(counted, 4 * MIB)
        self.assertEqual(cache.tree_cached_bytes(self.source), 4 * MIB)
        cache.drop(path)
        self.assertEqual(cache.cached_bytes(path), 0)


class Ticks(list):
    """Ticks that make a file as soon as there are `enough`: the tool waits for it, not for a time."""

    def __init__(self, path, enough):
        super().__init__()
        self.path, self._enough = path, enough

    def append(self, pid):
        super().append(pid)
        if len(self) == self._enough:
            self.path.touch()


class Launch(Folder):
    """Running a tool under measurement."""

    def launch(self, *command, ticks=None):
        job = launch.Job(list(command), self.target, self.folder / "output", None, None)
        return launch.run(job, (ticks if ticks is not None else []).append, tick_s=0.02), job

    def test_processor_time_of_threads_children_and_orphans_is_counted(self):
        burn = "import time\nwhile time.process_time() < 0.3: pass"
        tree = (f"import os, subprocess, sys, threading\n"
                f"if os.fork() == 0:\n"
                f"  os.setsid()\n"
                f"  if os.fork(): os._exit(0)\n"
                f"subprocess.run([sys.executable, '-c', '''{burn}'''])\n")
        answer, _ = self.launch(sys.executable, "-c", tree)
        self.assertEqual(answer["status"], 0)
        self.assertGreater(answer["cpu_s"], 0.58)
        self.assertGreaterEqual(answer["durable_s"], answer["return_s"])

    def test_it_ticks_while_the_tool_runs_and_keeps_its_words(self):
        ticks, seen = Ticks(self.folder / "seen", 9), "while ! [ -e \"$0\" ]; do sleep 0.01; done"
        answer, job = self.launch("sh", "-c", f"{seen}; echo sorry >&2; exit 3", str(ticks.path), ticks=ticks)
        self.assertGreaterEqual(len(ticks), 9)
        self.assertEqual((answer["status"], launch.said(job)), (3, "sorry"))

    def test_a_program_that_is_not_there_is_an_error(self):
        with self.assertRaises(RuntimeError):
            self.launch("no-such-program-here")

    def test_memory_of_the_tree_is_seen(self):
        held, looked = self.folder / "held", self.folder / "looked"
        sampler, ticks = Sampler([[], []], lambda seconds: None), Ticks(looked, 3)

        def tick(pid):
            sampler.tick(pid)
            if held.exists():
                ticks.append(pid)

        holder = (f"import os, time; x = b'x' * (96 << 20); open({str(held)!r}, 'w').close()\n"
                  f"while not os.path.exists({str(looked)!r}): time.sleep(0.01)")
        job = launch.Job([sys.executable, "-c", holder], self.target, self.folder / "output", None, None)
        launch.run(job, tick, tick_s=0.05)
        self.assertGreater(sampler.peak_rss_bytes, 96 * MIB)


class Checking(Folder):
    """Wrong copies are noticed."""

    def setUp(self):
        super().setUp()
        (self.source / "folder").mkdir()
        (self.source / "folder/file").write_bytes(b"contents")
        subprocess.run(["cp", "-a", f"{self.source}/.", str(self.target)], check=True)

    def test_a_right_copy_passes(self):
        self.assertIsNone(verify.quick(self.source, self.target))
        self.assertIsNone(verify.thorough(self.source, self.target, "-aHAXnci"))

    def test_a_missing_and_a_short_file_are_noticed_at_once(self):
        (self.target / "folder/file").write_bytes(b"content")
        self.assertIn("folder/file", verify.quick(self.source, self.target))
        (self.target / "folder/file").unlink()
        self.assertIn("folder/file", verify.quick(self.source, self.target))

    def test_a_changed_byte_and_a_changed_mode_are_noticed_by_the_thorough_check(self):
        status = (self.target / "folder/file").stat()
        (self.target / "folder/file").write_bytes(b"contemts")
        os.utime(self.target / "folder/file", ns=(status.st_atime_ns, status.st_mtime_ns))
        self.assertIn("folder/file", verify.thorough(self.source, self.target, "-rlnci"))
        subprocess.run(["cp", "-a", f"{self.source}/.", str(self.target)], check=True)
        (self.target / "folder/file").chmod(0o600)
        self.assertIn("folder/file", verify.thorough(self.source, self.target, "-aHAXnci"))

    def test_what_did_not_arrive_is_counted_by_kinds(self):
        self.assertIsNone(verify.lacking(self.source, self.target))
        for name in ("gone", "other"):
            (self.source / name).write_bytes(b"1234")
        os.link(self.source / "gone", self.source / "link")
        subprocess.run(["cp", "-a", f"{self.source}/.", str(self.target)], check=True)
        status = (self.target / "other").stat()
        (self.target / "other").write_bytes(b"4321")
        os.utime(self.target / "other", ns=(status.st_atime_ns, status.st_mtime_ns))
        os.utime(self.target / "folder/file", (1, 1))
        (self.target / "link").unlink()
        subprocess.run(["cp", "-p", self.target / "gone", self.target / "link"], check=True)
        (self.target / "folder/more").mkdir()
        for name in ("folder", "."):
            status = (self.source / name).stat()
            os.utime(self.target / name, ns=(status.st_atime_ns, status.st_mtime_ns))
        told = verify.lacking(self.source, self.target).split(", ")
        self.assertEqual(sorted(told), ["1 contents", "1 hard links", "1 names too many", "1 times"])

    def test_a_check_that_fails_does_not_look_as_if_everything_arrived(self):
        self.assertIn("the check failed", verify.lacking(self.source / "nothing", self.target))


class Pipeline(Folder):
    """The original idea copies what it is given."""

    def test_it_copies_a_tree_with_and_without_advice(self):
        works.WORKS["small"].make(self.source, 0.001)
        (self.source / "empty").touch()
        (self.source / "link").symlink_to("empty")
        for option in ("--advice", "--no-advice"):
            target = self.folder / option
            subprocess.run([BENCH / "pipeline.py", option, "--block=4096", "--depth=2", self.source,
                            target], check=True)
            self.assertIsNone(verify.thorough(self.source, target, "-anci"))

    def test_a_file_that_cannot_be_written_ends_it_with_an_error(self):
        (self.source / "file").write_bytes(b"x" * MIB)
        (self.target / "file").mkdir()
        done = subprocess.run([BENCH / "pipeline.py", self.source, self.target], capture_output=True,
                              timeout=300, check=False)
        self.assertNotEqual(done.returncode, 0)


class Whole(Folder):
    """A comparison between two directories, from the command line to the page."""

    def compare(self, group):
        progress = Progress()
        with mock.patch.object(progress, "_line"):
            return Session(group, progress).run()

    def test_a_session_measures_checks_and_cleans_up(self):
        group = Group("small", 0.002, ("cp", "rsync", "pipeline"), 2, source=str(self.source),
                      target=str(self.target))
        result = self.compare(group)
        self.assertEqual([run["tool"] for run in result["runs"]],
                         ["cp", "rsync", "pipeline", "rsync", "pipeline", "cp"])
        self.assertEqual([run["error"] for run in result["runs"]], [None] * 6)
        self.assertEqual((list(self.source.iterdir()), list(self.target.iterdir())), ([], []))
        self.assertNotIn(str(self.folder), json.dumps(result))

    def test_each_operand_is_copied_into_the_target_itself(self):
        group = Group("operands", 0.004, ("cp", "rsync"), 1, source=str(self.source), target=str(self.target))
        with mock.patch.object(verify, "joined", wraps=verify.joined) as check:
            result = self.compare(group)
        self.assertEqual([run["error"] for run in result["runs"]], [None, None])
        self.assertEqual((result["files"], check.call_count), (10, 2))

    @unittest.skipUnless(os.geteuid() == 0, "needs root, who alone can be another user")
    def test_what_the_user_may_not_read_is_left_out_and_no_error(self):
        self.folder.chmod(0o755)
        blind = tools.Tool("blind", "sees nothing", lambda *_: ["sh", "-c", "exit 23"])
        group = Group("denied", 0.002, ("cp", "rsync", "blind"), 1, source=str(self.source),
                      target=str(self.target))
        with mock.patch.dict(tools.TOOLS, blind=blind):
            result = self.compare(group)
        self.assertEqual([run["status"] for run in result["runs"]], [1, 23, 23])
        self.assertEqual([run["error"] for run in result["runs"][:2]], [None, None])
        self.assertIn("entries differ", result["runs"][2]["error"])

    def test_growth_is_that_of_the_processor_time_beyond_the_scale(self):
        def group(scale, cpu_s):
            runs = [{"tool": "rsync", "round": 0, "durable_s": cpu_s * 2, "cpu_s": cpu_s,
                     "peak_rss_bytes": 3 * MIB}]
            return {"places": "nvme:nvme xfs", "work": "tiny: files", "scale": scale, "files": int(scale * 1000),
                    "commands": {"rsync": ""}, "runs": runs, "title": f"tiny {scale}"}

        alone = group(1, 1.0) | {"work": "one: file"}
        result = {"groups": [group(1, 5.0), group(0.25, 1.0), alone]}
        self.assertEqual(report.growth_table(result)[2:], [
            "| tiny | rsync | 250 | 2.00 | 1.00 | 1.00 | - | 3 |",
            "| tiny | rsync | 1,000 | 10.00 | 1.00 | 5.00 | 1.25 | 3 |"])

    def test_a_wrong_copy_is_an_error_and_not_a_figure(self):
        liar = tools.Tool("liar", "copies nothing", lambda source, target: ["true"])
        group = Group("small", 0.001, ("liar", "cp"), 1, source=str(self.source), target=str(self.target))
        with mock.patch.dict(tools.TOOLS, liar=liar):
            result = self.compare(group)
        self.assertIn("entries differ", result["runs"][0]["error"])
        self.assertEqual(report.tool_names(result), ["cp"])

    def test_a_copier_that_is_given_takes_part_and_what_it_loses_is_told(self):
        written = self.folder / "results"
        done = subprocess.run(
            [BENCH / "compare", "--source", self.source, "--target", self.target, "--work", "small",
             "--scale", "0.001", "--tool", "cp", "--runs", "2", "--results", written, "--label", "t",
             # Times alone are compared in whole seconds, and it takes less.
             "--with", f"mine={shutil.which('cp')} -r --attributes-only {{source}}/. {{target}}/",
             "--with", "missing=/no/such/copier {source} {target}"],
            capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        page = (written / "t.md").read_text()
        self.assertIn("| mine |", page)
        self.assertRegex(page, r"- mine: not as at the source: .*\d sizes")
        self.assertIn("- missing: left out, copier is not installed", page)
        self.assertIn("mine: cp -r --attributes-only SOURCE/. TARGET/", page)
        self.assertIn("'mine=cp -r --attributes-only {source}/. {target}/'", page)
        self.assertNotIn("/no/such", page)

    def test_a_copier_without_name_or_places_is_refused(self):
        for text in ("cp {source} {target}", "mine=", "mine=cp {source}", "mine=cp '{source} {target}",
                     "rsync=x {source} {target}"):
            with self.assertRaises(RigError, msg=text):
                tools.add_tool(text)

    def test_the_command_writes_a_page_that_names_no_places_of_the_machine(self):
        written = self.folder / "results"
        done = subprocess.run(
            [BENCH / "compare", "--source", self.source, "--target", self.target, "--work", "medium",
             "--scale", "0.01", "--tool", "cp,rsync", "--runs", "2", "--results", written, "--label", "t"],
            capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        page, data = (written / "t.md").read_text(), (written / "t.json").read_text()
        self.assertIn("| rsync |", page)
        for text in (page, data):
            self.assertNotIn(str(self.folder), text)
            self.assertNotIn(str(BENCH.parent), text)
        table = subprocess.run([BENCH / "compare", "--table", written / "t.json"], capture_output=True,
                               text=True, check=True).stdout
        self.assertIn(table.strip(), done.stdout)

    def test_a_page_gets_table_and_pictures_between_its_markers_only(self):
        group = Group("medium", 0.002, ("cp",), 1, source=str(self.source), target=str(self.target))
        result = {"label": "x", "date": "2000-01-01", "environment": {"machine": "m"},
                  "groups": [self.compare(group)]}
        page = "before\n<!-- x: begin -->old<!-- x: end -->\nafter\n"
        filled = report.fill_page(page, result, "../results")
        self.assertTrue(filled.startswith("before\n") and filled.endswith("\nafter\n"))
        self.assertIn("| cp |", filled)
        self.assertNotIn("old", filled)
        self.assertEqual(report.fill_page(filled, result, "../results"), filled)

    def test_names_that_do_not_exist_are_refused(self):
        for words in (["--work", "huge"], ["--tool", "xcopy"], ["--disk", "floppy"], ["--source", "/"]):
            done = subprocess.run([BENCH / "compare", *words], capture_output=True, text=True, check=False)
            self.assertEqual((done.returncode, done.stderr[:8]), (2, "compare:"), words)

    def test_every_set_names_tools_and_works_that_exist(self):
        for groups in SETS.values():
            for group in groups:
                self.assertIn(group.work, works.WORKS)
                self.assertLessEqual(set(group.tools), set(tools.TOOLS))

    def test_fio_takes_as_long_as_its_slower_job(self):
        words = '{"jobs": [{"job_runtime": 1500}, {"job_runtime": 2500}]}'
        self.assertEqual(tools.fio_seconds("fio: note\n" + words), 2.5)


class Disks(unittest.TestCase):
    """What --disk may say."""

    def groups(self, *words):
        return command._groups(command._parser().parse_args(list(words)))

    def test_ends_are_disks_arrays_or_the_same_disk(self):
        for text, wanted in (("hdd", "hdd:hdd"), ("hdd:smr", "hdd:smr"), ("hdd:same", "hdd:same"),
                             ("4xhdd", "4xhdd:4xhdd"), ("nvme:12xhdd", "nvme:12xhdd")):
            self.assertEqual(places.parse_disks(text), wanted)
        for text in ("", "same", "same:hdd", "hdd:", ":hdd", "hdd:hdd:hdd", "1xhdd", "0xhdd", "04xhdd",
                     "xhdd", "4Xhdd", "4x", "hddx4", "4xsame", "hdd:2xsame", "hdd, nvme"):
            with self.subTest(text), self.assertRaises(RigError):
                places.parse_disks(text)

    def test_arrays_have_a_profile_and_only_they(self):
        raid = ("--fs", "btrfs", "--disk")
        self.assertEqual(self.groups(*raid, "4xhdd")[0].places, "4xhdd:4xhdd raid0 btrfs")
        self.assertEqual(self.groups(*raid, "2xhdd:hdd", "--raid", "raid1")[0].places, "2xhdd:hdd raid1 btrfs")
        for words in ((*raid, "hdd", "--raid", "raid0"), ("--disk", "4xhdd", "--fs", "xfs"),
                      (*raid, "2xhdd", "--raid", "raid10"), (*raid, "20xhdd")):
            with self.subTest(words), self.assertRaises(RigError):
                self.groups(*words)

    def test_every_set_has_disks_that_can_be(self):
        for group in (group for groups in SETS.values() for group in groups):
            places.rigs(group.disks, group.filesystem, 0, 0, group.raid)


def physical_starts(directory):
    """Where the files' data begins, in the order in which directories name them, by FIEMAP."""
    files = [file.path for folder in sorted(directory.iterdir()) for file in os.scandir(folder)]
    said = subprocess.run(["filefrag", "-v", *files], capture_output=True, text=True, check=True).stdout
    return [int(start) for start in re.findall(r"^ +0: +0\.\. +\d+: +(\d+)\.\.", said, re.MULTILINE)]


class Scattered(RigTest):
    """What a fresh and an aged tree look like to a disk."""

    def test_an_aged_directory_is_not_in_the_order_of_the_disk(self):
        rig = self.rig(disk="nvme")
        near = {}
        for name in ("small", "aged"):
            (rig.mount_point / name).mkdir()
            works.WORKS[name].make(rig.mount_point / name, 0.02)
            system.run("sync", "-f", rig.mount_point)
            starts = physical_starts(rig.mount_point / name)
            self.assertEqual(len(starts), 800)
            near[name] = sum(0 < after - before <= 64 for before, after in zip(starts, starts[1:]))
        self.assertGreater(near["small"], 700)
        self.assertLess(near["aged"], 200)


class SimulatedDisks(RigTest):
    """A comparison on simulated disks shows who takes turns, and what the disks counted."""

    def compare(self, *group, **figures):
        progress = Progress()
        with mock.patch.object(progress, "_line"):
            result = Session(Group(*group, **figures), progress).run()
        self.assertEqual([run["error"] for run in result["runs"]], [None] * len(result["runs"]))
        return result

    def test_a_copy_within_one_disk_starts_empty_and_cold_each_time(self):
        result = self.compare("medium", 0.06, ("cp",), 2, disks="hdd:same", filesystem="xfs", rate_mb_s=1000,
                              seek_ms=1)
        for run in result["runs"]:
            self.assertIsNone(run["both_busy_share"])
            self.assertEqual(run["source_counters"], run["counters"])
            self.assertGreaterEqual(run["counters"]["read_bytes"], result["bytes"])
            self.assertGreaterEqual(run["counters"]["write_bytes"], result["bytes"])
        table = report.disk_table(result)
        self.assertEqual(table[0], "| tool | read seeks (source) | write seeks (target) | flushes (target) |")
        self.assertEqual(len(table), 3)

    def test_each_disk_of_an_array_is_seen(self):
        result = self.compare("medium", 0.06, ("cp",), 1, disks="2xhdd:nvme", raid="raid0", filesystem="btrfs",
                              rate_mb_s=200, seek_ms=0.1)
        run = result["runs"][0]
        self.assertEqual((len(run["source_members_busy_share"]), len(run["target_members_busy_share"])), (2, 1))
        self.assertGreater(min(run["source_members_busy_share"]), 0)
        self.assertGreaterEqual(run["source_counters"]["read_bytes"], result["bytes"])
        self.assertRegex(report.cost_table(result)[2], r"\| \d+%; each \d+%-\d+% \| \d+% \|")

    def test_what_each_tool_leaves_and_what_the_shingled_disk_counted(self):
        result = self.compare("large", 0.06, ("cp", "pipeline"), 1, disks="hdd:smr", filesystem="xfs",
                              rate_mb_s=150, seek_ms=0.1)
        runs = {run["tool"]: run for run in result["runs"]}
        self.assertLess(runs["pipeline"]["target_cached_bytes"], result["bytes"] / 2)
        for run in runs.values():
            self.assertTrue(0 <= run["both_busy_share"] <= 1)
            self.assertGreaterEqual(run["counters"]["write_bytes"], result["bytes"])
        self.assertIn("drive's cache", report.disk_table(result)[0])


class Overlap(unittest.TestCase):
    """Who takes turns and who does not, from figures of disks on a clock that the test moves."""

    def shares(self, *steps):
        """The shares of a run of steps of a second, each with the seconds that either disk was busy."""
        with mock.patch.object(sampling, "_end_stat") as stat, mock.patch.object(sampling.time, "monotonic") as clock:
            sampler = Sampler([["a"], ["b"]], lambda seconds: None)
            totals = [0.0, 0.0]
            for second, step in enumerate(((0, 0), *steps)):
                totals = [total + part for total, part in zip(totals, step)]
                clock.return_value = float(second)
                stat.side_effect = [(0, 0, [total * 1000]) for total in totals]
                sampler.tick(0)
        return sampler.busy_share(0), sampler.busy_share(1), sampler.both_busy_share()

    def test_turns_do_not_overlap(self):
        self.assertEqual(self.shares((1, 0), (0, 1), (1, 0), (0, 1)), (0.5, 0.5, 0))

    def test_both_at_once_overlap(self):
        self.assertEqual(self.shares((1, 1), (1, 0.5), (0.5, 1), (0, 0)), (0.625, 0.625, 0.5))


class Limits(unittest.TestCase):
    """What is set is put back."""

    def test_dirty_limits_come_back_after_an_error(self):
        if os.geteuid() != 0:
            self.skipTest("needs root")
        before = limits.dirty_settings()
        with self.assertRaises(ZeroDivisionError), limits.dirty_bytes(64 * MIB):
            self.assertEqual(limits.dirty_settings()["dirty_bytes"], 64 * MIB)
            self.assertEqual(limits.dirty_settings()["dirty_background_bytes"], 32 * MIB)
            raise ZeroDivisionError
        self.assertEqual(limits.dirty_settings(), before)

    def test_places_of_the_machine_are_not_shown(self):
        shown = command._shown(["--source", "/mnt/a", "--results=/tmp/x", "--work", "small"])
        self.assertEqual(shown, "bench/compare --source DIR --results=DIR --work small")


if __name__ == "__main__":
    unittest.main()
