# SPDX-License-Identifier: Apache-2.0
"""CopyEngine in another package: its example, its interface, and what it does to a process."""

import functools
import json
import os
import platform
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from cleanroot import TREE, run
from toolchain import swift

PACKAGE = TREE / "Tests/Embedding"
SCRATCH = TREE / ".build/embedding"
EXAMPLE = PACKAGE / "Sources/Example/main.swift"
INTERFACE = TREE / "docs/CopyEngine.api"
CATALOG = TREE / "docs/CopyEngine.docc"
SECONDS_MAX = 300
# Signals 32 and 33, which it takes for itself as soon as there is a second thread.
OF_THE_C_LIBRARY = 3 << 31


@functools.cache
def built():
    """Builds the package that embeds the engine, once; its programs are linked whole."""
    run(swift("swift-build"), "--package-path", PACKAGE, "--scratch-path", SCRATCH,
        "-Xswiftc", "-static-executable", timeout=1_800)
    return SCRATCH / "debug"


@functools.cache
def symbols():
    """The folder with what the compiler says of the public declarations."""
    out = built() / "interface"
    out.mkdir(exist_ok=True)
    system = SCRATCH / "checkouts/swift-system/Sources/CSystem/include"
    shim = built() / "CLiburing.build/module.modulemap"
    run(swift("swift-symbolgraph-extract"), "-module-name", "CopyEngine",
        "-target", f"{platform.machine()}-unknown-linux-gnu", "-I", built() / "Modules", "-I", system,
        "-Xcc", f"-fmodule-map-file={shim}", "-minimum-access-level", "public",
        "-skip-synthesized-members", "-omit-extension-block-symbols", "-output-dir", out)
    return out


def code(text):
    """Lines of Swift without comments and blank ones."""
    return [line for line in text.splitlines() if line.strip() and not line.startswith("//")]


class InterfaceTests(unittest.TestCase):
    def test_declarations_are_those_that_are_checked_in(self):
        graph = json.loads((symbols() / "CopyEngine.symbols.json").read_text())
        lines = sorted({".".join(symbol["pathComponents"]) + "  " + " ".join(
            "".join(part["spelling"] for part in symbol["declarationFragments"]).split())
            for symbol in graph["symbols"]})
        text = "".join(f"{line}\n" for line in lines)
        if os.environ.get("FASTSYNC_UPDATE_GOLDEN"):
            INTERFACE.write_text(text)
        hint = "after a deliberate change: FASTSYNC_UPDATE_GOLDEN=1 Tests/Packages/test test_library"
        self.assertEqual(INTERFACE.read_text().splitlines(), lines, hint)

    def test_the_documentation_is_made_without_warnings(self):
        with tempfile.TemporaryDirectory() as out:
            said = run(swift("docc"), "convert", CATALOG, "--additional-symbol-graph-dir", symbols(),
                       "--fallback-display-name", "CopyEngine", "--fallback-bundle-identifier", "fastsync",
                       "--output-path", f"{out}/made", "--warnings-as-errors")
            self.assertEqual(said.strip(), "")
            self.assertTrue(Path(out, "made/data/documentation/copyengine/treecopier.json").is_file())

    def test_the_example_has_15_lines_and_is_the_documentations(self):
        lines = code(EXAMPLE.read_text())
        self.assertLessEqual(len(lines), 15)
        article = (CATALOG / "CopyEngine.md").read_text()
        self.assertEqual(code(article.split("```swift\n")[1].split("```")[0]), lines)


class LibraryTests(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="fastsync-library-"))
        self.addCleanup(shutil.rmtree, self.folder)
        source = self.folder / "source"
        (source / "folder").mkdir(parents=True)
        for number in range(40):
            (source / "folder" / f"file-{number}").write_bytes(os.urandom(4_000))
        (source / "large").write_bytes(os.urandom(3 << 20))
        (source / "pause").write_text("the host stops here")

    def test_the_example_copies_a_tree(self):
        source, target = self.folder / "source", self.folder / "target"
        said = run(built() / "Example", source, target).splitlines()
        self.assertIn("copied folder/file-39", said)
        self.assertEqual(said[-1].split(" bytes")[0], f"42 files, {40 * 4_000 + (3 << 20) + 19}")
        self.assertEqual(run("diff", "-r", source, target), "")

    def test_the_process_is_left_as_it_was(self):
        self.host([])

    def test_the_process_is_left_as_it_was_where_a_disk_seeks(self):
        self.host(["hdd"])

    def test_the_process_is_left_as_it_was_without_proc(self):
        if os.geteuid() != 0:
            self.skipTest("only root can change its root")
        shutil.copy(built() / "Host", self.folder)
        # Swift's runtime looks there for its backtracer.
        setting = {"SWIFT_BACKTRACE": "enable=no,swift-backtrace=/"}
        self.host(["hdd"], root=self.folder, env=os.environ | setting)

    def host(self, options, root=None, env=None):
        """Looks at a process from outside: before, amid and after a copy."""
        program, folder = ("/Host", "") if root else (str(built() / "Host"), str(self.folder))
        # A limit that the engine would like to be higher.
        words = ["prlimit", "--nofile=256:4096", *(["chroot", str(root)] if root else []), program]
        process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)
        self.addCleanup(self.end, process)
        self.await_word(process, "before")
        before = Facts(process.pid)
        self.go_on(process, f"\n{folder}/source {folder}/target {' '.join(options)}")
        self.await_word(process, "amid")
        amid = Facts(process.pid)
        for number in range(3):
            os.kill(process.pid, signal.SIGUSR1)
        self.assertEqual(amid.process, before.process)
        self.assertEqual(amid.main, before.main)
        self.assertGreater(len(amid.threads), 0)
        for blocked in amid.threads.values():
            for number in (signal.SIGUSR1, signal.SIGTERM, signal.SIGCHLD, signal.SIGALRM, signal.SIGXFSZ):
                self.assertTrue(blocked >> number - 1 & 1, f"{number} is not blocked in {amid.threads}")
        self.go_on(process)
        word, copied, failures, signals = self.await_word(process, "after").split()
        self.assertEqual((copied, failures), ("42", "0"))
        # On its own thread; several that wait are one.
        self.assertIn(int(signals), (1, 2, 3))
        self.await_last_thread(process.pid)
        after = Facts(process.pid)
        self.assertEqual((after.process, after.main, after.threads, after.files),
                         (before.process, before.main, before.threads, before.files))
        self.go_on(process)
        self.assertEqual(process.wait(SECONDS_MAX), 0)
        self.assertEqual(run("diff", "-r", self.folder / "source", self.folder / "target"), "")

    def await_last_thread(self, process):
        """A thread is in the kernel's list for a moment after it was joined, or goes on by itself for some milliseconds."""
        end = time.monotonic() + SECONDS_MAX
        while len(os.listdir(f"/proc/{process}/task")) > 1 and time.monotonic() < end:
            pass

    def await_word(self, process, word):
        line = process.stdout.readline().strip()
        self.assertTrue(line.startswith(word), line)
        return line

    def go_on(self, process, line=""):
        process.stdin.write(f"{line}\n")
        process.stdin.flush()

    def end(self, process):
        process.kill()
        process.communicate()


class Facts:
    """What the kernel says of a process."""

    def __init__(self, number):
        place = Path("/proc", str(number))
        status = self.status(place)
        limits = (place / "limits").read_text()
        self.process = {
            "limits": limits, "working directory": os.readlink(place / "cwd"), "umask": status["Umask"],
            "root": os.readlink(place / "root"), "ignored": int(status["SigIgn"], 16) & ~OF_THE_C_LIBRARY,
            "caught": int(status["SigCgt"], 16) & ~OF_THE_C_LIBRARY,
            "environment": (place / "environ").read_bytes(), "name": (place / "comm").read_text(),
            "groups": status["Groups"], "user": status["Uid"], "core": (place / "coredump_filter").read_text(),
            "oom": (place / "oom_score_adj").read_text(), "no new privileges": status["NoNewPrivs"],
        }
        self.main = self.thread(place / "task" / str(number))
        others = (task for task in (place / "task").iterdir() if task.name != str(number))
        # Threads of the kernel that serve a ring block everything.
        self.threads = {task.name: int(self.status(task)["SigBlk"], 16) for task in others}
        self.files = sorted(os.readlink(file) for file in (place / "fd").iterdir())

    def status(self, place):
        return dict(line.split(":\t", 1) for line in (place / "status").read_text().splitlines())

    def thread(self, place):
        status = self.status(place)
        fields = (place / "stat").read_text().rpartition(")")[2].split()
        # Priority, niceness, and the kind of scheduling.
        return {"processors": status["Cpus_allowed"], "blocked": status["SigBlk"],
                "priority": (fields[15], fields[16], fields[37], fields[38])}
