# SPDX-License-Identifier: Apache-2.0
"""The archive for any distribution: what is in it, and whether shells find their completions."""

import hashlib
import os
import shutil
import tempfile
import unittest
from pathlib import Path

import packages
from cleanroot import TREE, run


class TarballTests(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="fastsync-tarball-"))
        self.addCleanup(shutil.rmtree, self.folder)
        run("tar", "-C", self.folder, "-xf", packages.tarball())
        self.unpacked, = self.folder.iterdir()

    def shell(self, name, script, *words):
        if not shutil.which(name):
            self.skipTest(f"{name} is not installed")
        # Where fish looks for what packages bring, and the command, for which it has to be there.
        environment = os.environ | {"XDG_DATA_DIRS": f"{self.unpacked}/share", "HOME": str(self.folder),
                                    "PATH": f"{self.unpacked}/bin:{os.environ['PATH']}"}
        return run(name, *words, "-c", script, cwd=self.unpacked, env=environment)

    def test_the_sums_are_right(self):
        said = run("sha256sum", "-c", "SHA256SUMS", cwd=self.unpacked).splitlines()
        files = [path for path in self.unpacked.rglob("*") if path.is_file()]
        self.assertEqual(len(said), len(files) - 1)
        sums = packages.only(".build/packages", "SHA256SUMS").read_text().splitlines()
        archive = packages.tarball()
        digest = hashlib.sha256(archive.read_bytes()).hexdigest()
        self.assertIn(f"{digest}  {archive.name}", sums)

    def test_the_binary_needs_nothing(self):
        root = self.folder / "bare"
        root.mkdir()
        shutil.copy(self.unpacked / "bin/fastsync", root)
        if os.geteuid() != 0:
            self.skipTest("only root can change its root")
        (root / "from").mkdir()
        (root / "from/file").write_text("contents")
        run("chroot", root, "/fastsync", "/from/", "/to/")
        self.assertEqual((root / "to/file").read_text(), "contents")

    def test_the_manual_and_the_licence_are_in_it(self):
        page = (self.unpacked / "share/man/man1/fastsync.1").read_bytes()
        self.assertEqual(page, Path(TREE, "docs/fastsync.1").read_bytes())
        documents = self.unpacked / "share/doc/fastsync"
        for name in ("LICENSE", "COPYRIGHT", "docs/json.md", "docs/json.schema.json"):
            self.assertTrue((documents / name).is_file(), name)

    def test_the_service_names_the_binary_of_usr_local(self):
        service = (self.unpacked / "share/doc/fastsync/examples/fastsync-backup.service").read_text()
        self.assertIn("\nExecStart=/usr/local/bin/fastsync ", service)

    def test_modes_do_not_depend_on_the_umask(self):
        for mask in ("000", "077"):
            with tempfile.TemporaryDirectory(prefix="fastsync-install-") as folder:
                run("sh", "-c", f"umask {mask} && exec make -s install DESTDIR=$1", "sh", folder, cwd=TREE)
                modes = {oct(path.stat().st_mode & 0o777) for path in Path(folder).rglob("*") if path.is_file()}
                self.assertEqual(modes, {"0o755", "0o644"})

    def test_a_folder_with_a_space_makes_the_same_bytes(self):
        folder = self.folder / "with a space"
        folder.mkdir()
        for name in ("Makefile", "README.md", "LICENSE", "docs", ".packaging"):
            run("cp", "-a", Path(TREE, name), folder)
        (folder / ".build/release").mkdir(parents=True)
        shutil.copy(Path(TREE, ".build/release/fastsync"), folder / ".build/release")
        run("make", "-s", "tarball", "SWIFT=true", cwd=folder)
        made, = (folder / ".build/packages").glob("*.tar.gz")
        self.assertEqual(made.read_bytes(), packages.tarball().read_bytes())

    def test_bash_finds_its_completions(self):
        place = "share/bash-completion/completions/fastsync"
        said = self.shell("bash", f"source {place}; complete -p fastsync", "--norc")
        self.assertIn("fastsync", said)

    def test_zsh_finds_its_completions(self):
        script = ("fpath=($PWD/share/zsh/site-functions $fpath); autoload -U compinit; "
                  "compinit -u -D; print $_comps[fastsync]")
        self.assertEqual(self.shell("zsh", script, "-f"), "_fastsync\n")

    def test_fish_finds_its_completions(self):
        script = "complete -C 'fastsync --cache='"
        self.assertIn("--cache=dontcache", self.shell("fish", script))

    def test_two_builds_have_the_same_bytes(self):
        first = packages.tarball().read_bytes()
        folder = ".build/packages-again"
        try:
            packages.make("tarball", f"PACKAGES={folder}")
            second = packages.only(folder, "*.tar.gz").read_bytes()
        finally:
            shutil.rmtree(Path(TREE, folder), ignore_errors=True)
        self.assertEqual(hashlib.sha256(first).hexdigest(), hashlib.sha256(second).hexdigest())
