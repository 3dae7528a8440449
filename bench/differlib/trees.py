# SPDX-License-Identifier: Apache-2.0
"""Generates trees: what is to be copied, what is at the target before, and what else options name.

A case lies in one directory. In it are `src` and `src2`, the sources; `dst`, the target; `alt1` and
`alt2`, for --link-dest and its kin; `outside`, where links lead to; `tmp`, and `lists`.
"""

from dataclasses import replace

from .entries import Content, Node, acl

SECOND_NS = 10**9
_OWNER, _GROUP_OBJECT, _MASK, _OTHER, _NOBODY = 1, 4, 16, 32, 0xffffffff

_PLAIN = [b"a", b"b", b"c", b"d", b"e", b"file1", b"file2", b"foo.c", b"foo.o", b"bar.c", b"bar.o",
          b"README", b"one", b"two", b"sub", b"deep", b"lib", b"x.bak", b"core", b"tags", b"a~",
          b"Makefile", b"data.txt", b"sub.d", b"CVS", b".git", b".hidden", b"foo", b"foobar"]
_ODD = [b"-dash", b"--delete", b"sp ace", b" lead", b"trail ", b"new\nline", b"back\\slash",
        b"\xff\xfe", b"caf\xc3\xa9", b"cafe\xcc\x81", b"*star", b"[br]", b"q?", b"tab\tx", b"#x#",
        b"\\#012", b"colon:x", b"..dots", b"...", b"\x7fdel", b"\xe2\x82\xac", b"quote'\"", b"$x",
        b"L" * 240, b".x.Ab12Cd", b"{a,b}", b"a;b", b"!x", b"x\rcr", b"\x01ctl", b"~t", b"%i", b"- a"]
_MODES = [0o644] * 8 + [0o600, 0o755, 0o755, 0o444, 0o640, 0o4755, 0o2755, 0o1644, 0o000, 0o666, 0o777, 0o111]
_DIRECTORY_MODES = [0o755] * 8 + [0o700, 0o750, 0o1777, 0o2775, 0o555, 0o777, 0o711]
_SIZES = [0, 1, 7, 100, 100, 700, 701, 4096, 4095, 5000, 32768, 65536, 70_000, 200_000]
_SIZE_WEIGHTS = [3, 2, 3, 6, 6, 3, 3, 2, 1, 3, 1, 1, 1, 1]
_TIMES = [10**9 + step for step in (0, 0, 0, 1, 2, 5, 86400, 31_000_000, 300_000_000)]
RULE_FILES = (b".rsync-filter", b".cvsignore", b".rules")


class TreeMaker:
    """Makes trees of one case by its random numbers."""

    def __init__(self, rng, able, *, exact_times=False, rules=None):
        self._rng, self._able, self._exact, self._rules = rng, able, exact_times, rules
        self._number = 0
        self._oddity = rng.choice((0.05, 0.05, 0.3))
        self._special = rng.choice((0.05, 0.15, 0.3))
        self._dressed = rng.choice((0, 0.1, 0.3)) if "xattr" in able else 0

    def source(self, root=b"src", count=None):
        """A tree below `root`, which is in it."""
        rng, tree = self._rng, {root: self._directory()}
        directories, files = [root], []
        for _ in range(count or rng.choice((1, 3, 6, 10, 16, 25))):
            parent = rng.choice(directories[-4:] if rng.random() < 0.6 else directories)
            name = parent + b"/" + self._name()
            if name in tree or name.count(b"/") > 12 or len(name) > 900:
                continue
            node = self._node(tree, root, parent, files, name.rsplit(b"/", 1)[1])
            tree[name] = node
            if node.kind == "dir":
                directories.append(name)
            elif node.kind == "file" or node.kind in ("symlink", "fifo") and rng.random() < 0.3:
                files.append(name)
        if self._rules:
            for directory in directories:
                if rng.random() < 0.3:
                    tree[directory + b"/" + rng.choice(RULE_FILES)] = replace(
                        self._file(), content=Content(literal=self._rules(rng, tree)))
        return tree

    def varied(self, tree, root, new_root, kept=None):
        """What another place may have had of a tree: some names, with other contents and kinds."""
        rng, made = self._rng, {}
        kept = rng.choice((0.3, 0.7, 0.9, 1)) if kept is None else kept
        sameness = rng.choice((0.2, 0.5, 0.9))
        for name in sorted(tree):
            new = new_root + name[len(root):]
            parent = new.rsplit(b"/", 1)[0] if b"/" in new else None
            if name != root and (parent not in made or made[parent].kind != "dir"
                                 or rng.random() > kept):
                continue
            node = tree[name]
            if node.link is not None:
                link = new_root + node.link[len(root):]
                node = replace(tree[node.link], link=None)
                if made.get(link, node).kind == node.kind and link in made and rng.random() < 0.6:
                    made[new] = replace(made[link], link=link if made[link].link is None
                                        else made[link].link)
                    continue
            made[new] = self._varied_node(node, sameness, is_root=name == root)
        self._extras(made, new_root)
        return made

    def _varied_node(self, node, sameness, is_root):
        rng = self._rng
        if rng.random() < sameness:
            return node
        change = rng.random()
        if change < 0.15 and not is_root:
            return self._any_kind()
        if change < 0.45 and node.kind == "file":
            size = node.content.size if rng.random() < 0.5 else rng.choice(_SIZES)
            node = replace(node, content=Content(self._next(), size))
        if change < 0.45 and node.kind == "symlink" and rng.random() < 0.5:
            node = replace(node, target=self._link_target([b"x/a"], b"x"))
        if rng.random() < 0.5:
            node = replace(node, mtime_ns=self._time())
        if rng.random() < 0.3 and node.kind != "symlink":
            node = replace(node, mode=rng.choice(_DIRECTORY_MODES if node.kind == "dir" else _MODES))
        if rng.random() < 0.2:
            node = replace(node, uid=self._owner(), gid=self._owner())
        if node.kind in ("file", "dir") and rng.random() < self._dressed:
            node = replace(node, xattrs=self._attributes(node.kind))
        return node

    def _extras(self, made, root):
        rng = self._rng
        directories = [name for name in made if made[name].kind == "dir"]
        for _ in range(rng.choice((0, 0, 1, 3, 6))):
            if not directories:
                return
            name = rng.choice(directories) + b"/" + self._name()
            if name not in made:
                files = [each for each in made if made[each].kind == "file" and made[each].link is None]
                made[name] = self._node(made, root, name.rsplit(b"/", 1)[0], files, b"extra")
                if made[name].kind == "dir":
                    directories.append(name)

    # One entry

    def _node(self, tree, root, parent, files, name):
        rng = self._rng
        if name in (b"CVS", b".git", b"sub", b"deep", b"lib", b"sub.d") or rng.random() < 0.25:
            return self._directory()
        if files and rng.random() < 0.12:
            first = rng.choice(files)
            first = tree[first].link or first
            return replace(tree[first], link=first)
        if rng.random() < self._special:
            return self._any_kind(list(tree), parent)
        return self._file()

    def _any_kind(self, names=(b"x/a",), parent=b"x"):
        rng = self._rng
        kind = rng.choice(("symlink", "symlink", "symlink", "fifo", "socket", "device", "file", "dir"))
        common = {"mtime_ns": self._time(), "uid": self._owner(), "gid": self._owner()}
        if kind == "symlink":
            return Node("symlink", 0o777, target=self._link_target(names, parent), **common)
        if kind in ("fifo", "socket") or kind == "device" and "device" in self._able:
            device = rng.choice((("c", 1, 3), ("c", 7, 99), ("b", 7, 200), ("b", 300, 70_000)))
            return Node(kind, rng.choice(_MODES), device=device if kind == "device" else (), **common)
        return self._directory() if kind == "dir" else self._file()

    def _file(self):
        rng = self._rng
        size = rng.choices(_SIZES, _SIZE_WEIGHTS)[0]
        parts = {}
        if size > 20_000 and rng.random() < 0.5:
            parts[rng.choice(("hole", "zeros"))] = rng.choice(((8192, 16384), (0, 12288), (16384, size), (0, size)))
        return Node("file", rng.choice(_MODES), self._time(), self._owner(), self._owner(),
                    Content(self._next(), size, **parts),
                    xattrs=self._attributes("file") if rng.random() < self._dressed else ())

    def _directory(self):
        return Node("dir", self._rng.choice(_DIRECTORY_MODES), self._time(), self._owner(), self._owner(),
                    xattrs=self._attributes("dir") if self._rng.random() < self._dressed else ())

    def _attributes(self, kind):
        rng, found = self._rng, {}
        for _ in range(rng.choice((1, 1, 2, 3))):
            name = rng.choice(("user.a", "user.b", "user.long", "user.empty"))
            found[name] = {"user.long": b"v" * rng.choice((40, 900)), "user.empty": b""}.get(
                name, b"%d" % rng.randrange(3))
        if "acl" in self._able and rng.random() < 0.4:
            rows = sorted({(2, rng.randrange(8), rng.choice((7, 12345))) for _ in range(rng.randrange(3))}
                          | {(8, rng.randrange(8), 54321) for _ in range(rng.randrange(2))}, key=lambda row: row[::2])
            unique = {(row[0], row[2]): row for row in rows}
            value = acl((_OWNER, 6, _NOBODY), *[row for row in unique.values() if row[0] == 2],
                        (_GROUP_OBJECT, rng.randrange(8), _NOBODY),
                        *[row for row in unique.values() if row[0] == 8],
                        *([(_MASK, rng.randrange(8), _NOBODY)] if unique else []),
                        (_OTHER, rng.randrange(8), _NOBODY))
            is_default = kind == "dir" and rng.random() < 0.5
            found[f"system.posix_acl_{'default' if is_default else 'access'}"] = value
        return tuple(sorted(found.items()))

    def _link_target(self, names, parent):
        rng = self._rng
        up = b"../" * (parent.count(b"/") + 1)
        return rng.choice((
            rng.choice(names).rsplit(b"/", 1)[-1],
            up + rng.choice(names),
            b"nowhere", b"no/where/else", b"/nonexistent/absolute", b"../..", b".",
            up + b"outside", up + b"outside/file", up + b"outside/dir", b"../" * 9 + b"nowhere", b"a/../../b",
            b"/rsyncd-munged/x"))

    # Parts of entries

    def _name(self):
        rng = self._rng
        return rng.choice(_ODD) if rng.random() < self._oddity else rng.choice(_PLAIN)

    def _owner(self):
        return self._rng.choice((0, 0, 0, 0, 0, 1, 12345))

    def _time(self):
        """Times differ by whole seconds or not at all, unless nanoseconds are compared."""
        second = self._rng.choice(_TIMES)
        fraction = self._rng.choice((0, 1, 500_000_000, 999_999_999)) if self._exact else second * 7919 % SECOND_NS
        return second * SECOND_NS + fraction

    def _next(self):
        self._number += 1
        return self._number


def linked_names(tree):
    """Names that share an inode with another one."""
    return {name for name, node in tree.items() if node.link is not None} | {
        node.link for node in tree.values() if node.link is not None}


def outside():
    """What links that lead out of a tree may find."""
    time = _TIMES[0] * SECOND_NS
    return {b"outside": Node("dir", 0o755, time), b"outside/dir": Node("dir", 0o755, time),
            b"outside/dir/inner": Node("file", 0o644, time, content=Content(90, 50)),
            b"outside/file": Node("file", 0o644, time, content=Content(91, 60)),
            b"tmp": Node("dir", 0o755, time), b"lists": Node("dir", 0o755, time)}
