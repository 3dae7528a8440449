# SPDX-License-Identifier: Apache-2.0
"""Differences that are meant, by their keys in docs/rsync-differences.md: what it does not have is not excused."""

import os
import re
from pathlib import Path

from .trees import linked_names

PAGE = Path(__file__).resolve().parent.parent.parent / "docs/rsync-differences.md"
_ROW = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)
_ITEM = re.compile(rb"^[<>ch.*][fdLDS].{9} (.*?)(?: (?:=>|->) .*)?/?$")
_SKIPPED = re.compile(rb'^skipping non-regular file "(.*)"$')

# Key -> the differences of a case that are left by it: (case, differences) -> differences.
EXCUSES = {}


def excuse(*words):
    def kept(function):
        EXCUSES.update(dict.fromkeys(words, function))
        return function
    return kept


def keys(page=PAGE):
    """The keys that the page has."""
    return set(_ROW.findall(page.read_text())) if page.exists() else set()


class Listed:
    """What is excused, and how often it was."""

    def __init__(self, known=None):
        self._known = {key: EXCUSES[key] for key in sorted((keys() if known is None else known) & EXCUSES.keys())}
        self.counts = dict.fromkeys(self._known, 0)

    def left(self, case, differences):
        """The differences that no key excuses."""
        for key, rest in self._known.items():
            if not differences:
                break
            left = rest(case, differences)
            self.counts[key] += len(left) < len(differences)
            differences = left
        return differences


def _is_entry(difference):
    return difference.aspect in ("entry", "kind")


def _without_pairs(differences, change):
    """Differences without lines of which one becomes the other."""
    outputs = [each for each in differences if each.aspect == "output"]
    wanted = [change(each.expected) for each in outputs if each.expected is not None]
    found = [change(each.actual) for each in outputs if each.actual is not None]
    left = []
    for each in differences:
        if each.aspect == "output":
            if change(each.line) in (wanted if each.expected is None else found):
                continue
        left.append(each)
    return left


def _without_lines(differences, is_meant):
    """Differences without lines of output that are meant."""
    return [each for each in differences if not (each.aspect == "output" and is_meant(each))]


def _unless_ended(differences, is_meant):
    """The differences, or none of them where the programs end in different ways that are meant."""
    return [] if any(each.aspect == "exit" and is_meant(each) for each in differences) else differences


@excuse("delete-empty-source")
def _refused(_, differences):
    return _unless_ended(differences, lambda each: "is empty, and all that" in each.actual)


@excuse("delete-order")
def _other_names(case, differences):
    """Which are left by --max-delete, as long as both say that some are."""
    ends = [each for each in differences if each.aspect == "exit" and "symlink has no referent" not in each.expected]
    if not case.has("--max-delete") or ends:
        return differences
    return [each for each in differences
            if not (_is_entry(each) and each.name[:3] in (b"dst", b"bak") or each.aspect in ("mtime", "linked with")
                    or each.aspect == "output" and (b"delet" in each.line or each.line.endswith(b" ./"))
                    # What somebody closed is opened before it is removed.
                    or each.aspect == "mode" and int(each.expected, 8) == int(each.actual, 8) | 0o200)]


@excuse("make-way")
def _kept(case, differences):
    """What could not be replaced, since a user may not read the source, is there still."""
    if not case.user:
        return differences
    sources = {name.split(b"/", 1)[-1] for name in case.tree if name.startswith(b"src")}
    old = {name: node.kind for name, node in case.tree.items()
           if name.split(b"/", 1)[-1] in sources and not name.startswith(b"src")}
    return [each for each in differences
            if not (each.aspect == "entry" and each.expected is None and old.get(each.name, "-") in str(each.actual))]


@excuse("own-inode")
def _parted(case, differences):
    """Names that are linked at the target and not at the source."""
    if not case.has("-H", "--hard-links"):
        return differences
    names = {name for name in linked_names(case.tree) if not name.startswith(b"src")}
    if not names:
        return differences
    known = {name.split(b"/", 1)[-1] for name in names}
    return [each for each in differences
            if not (each.name in names
                    # A name that is made anew changes its directory, whose time -O and -b leave.
                    or each.aspect == "mtime" and each.actual == "new" and each.name in {os.path.dirname(name) for name in names}
                    or each.aspect == "output" and not each.name and (
                        _is_about(each.line, known)
                        or b":" in each.line))]


_RULES = ("--exclude", "--exclude-from", "--filter", "-f", "-F", "-FF", "-C", "--include-from")
_LISTED_SUMS = (b"Number of files:", b"Total file size:", b"total size is")
_TRANSFERRED = (b"Literal data", b"Number of created files", b"Number of regular files transferred", b"Total transferred file size", b"Matched data")


@excuse("hard-link-order")
def _first_name(case, differences):
    """Which of a file's names is said to be copied, and whether what is there under it is taken for equal."""
    if not case.has("-H", "--hard-links"):
        return differences
    known = {name.split(b"/", 1)[-1] for name in linked_names(case.tree)} | set(linked_names(case.tree))
    above = {name.rpartition(b"/")[0] for name in known}

    def is_meant(each):
        if each.aspect == "output":
            line = each.line
            return (_is_about(line, known) or bool(known) and line.startswith(_TRANSFERRED)
                    or case.has("--out-format") and any(name.rpartition(b"/")[2] in line for name in known))
        below = each.name.split(b"/", 1)[-1] if b"/" in each.name else b""
        if case.has("-b", "--backup", "--backup-dir") and (
                each.aspect == "entry" and "file" in (each.expected, each.actual) or each.aspect in ("content", "size", "mtime")):
            return any(below.startswith(name) or below.endswith(b"/" + name) for name in known)
        return below in known and not _is_entry(each) or each.aspect == "mtime" and below in above
    return [each for each in differences if not is_meant(each)]


@excuse("shared-inode")
def _repaired_first(case, differences):
    """Which of the names that share an inode at the target is said to be repaired."""
    linked = [name for name in linked_names(case.tree) if not name.startswith(b"src")]
    known = {name.split(b"/", 1)[-1] for name in linked}
    return [each for each in differences
            if not (each.aspect == "output" and _is_about(each.line, known))]


@excuse("itemized-owner")
def _without_owner(case, differences):
    """Lines that differ by the letters for permissions, owner and group of what is setuid or setgid."""
    if not any(node.kind != "dir" and node.mode & 0o6000 for node in case.tree.values()):
        return differences
    left = _without_pairs(differences, lambda line: line[:5] + b"..." + line[8:] if line[:1] == b"." else line)
    # All that differed may be as it should when it is looked at again.
    return [each for each in left if not (each.aspect == "output" and each.expected is None
                                          and re.match(rb"\.[fSD]\.\.\.[p.][o.][g.]\.\.\. ", each.actual))]


@excuse("setgid-order")
def _inherited(case, differences):
    """The group of what is made in a directory that was setgid before, or will be."""
    if not any(node.kind == "dir" and node.mode & 0o2000 for node in case.tree.values()):
        return differences
    return [each for each in differences if each.aspect != "group" and not (
        each.aspect == "mode" and int(each.expected, 8) & ~0o2000 == int(each.actual, 8) & ~0o2000)]


def _name(line):
    """The name that an itemized or plain line is about."""
    found = _ITEM.match(line) or _SKIPPED.match(line)
    return re.sub(rb"\\#(\d{3})", lambda match: bytes([int(match[1], 8)]), found[1] if found else line.split(b" => ")[0])


def _only_lists(difference):
    """Whether attributes differ in ACLs alone."""
    one, other = difference.expected or {}, difference.actual or {}
    return all(key.startswith("system.posix_acl") for key in one.keys() | other.keys() if one.get(key) != other.get(key))


def _is_about(line, names):
    """Whether an itemized or plain line is about one of the names, as it is escaped in it."""
    text = _name(line)
    return any(text == name or text.endswith(b"/" + name) or name.endswith(b"/" + text) for name in names)


@excuse("linked-copies")
def _copied(case, differences):
    """A name that a user may not link to somebody else's file is a copy."""
    if not case.user or not case.has("-H", "--hard-links"):
        return differences
    return [each for each in differences if not (each.aspect == "entry" and each.expected is None)]


@excuse("attributes-and-modes")
def _mode_of_the_source(case, differences):
    """Without -p, -X gives entries with attributes the source's permissions."""
    if not case.has("-X", "--xattrs"):
        return differences
    return [each for each in differences if each.aspect != "mode" and not (each.aspect == "attributes" and _only_lists(each))]


@excuse("hard-link-protocol")
def _rsync_fails(_, differences):
    return _unless_ended(differences, lambda each: each.expected.startswith("2 ("))


@excuse("atimes")
def _whole_seconds(case, differences):
    """-U keeps whole seconds."""
    differences = _without_pairs(differences, lambda line: re.sub(rb"^(.{8})[u.]", rb"\1.", line))
    if case.user:
        # Of what others own they cannot be set, and whether they want to be depends on the seconds.
        differences = _unless_ended(differences, lambda each: each.expected.startswith("23") and each.actual.startswith("0")
                                    and "failed to set times" in each.expected)
    if not case.has("-t", "-a", "--times", "--archive"):
        # What rsync sets then is no time of any file.
        differences = [each for each in differences if not (each.aspect == "mtime" and each.actual == "new")]

    def is_whole(each):
        times = (each.expected, each.actual)
        return all(isinstance(time, int) for time in times) and times[0] % 10**9 == 0 and times[0] == times[1] // 10**9 * 10**9
    return [each for each in differences if not (each.aspect == "atime" and is_whole(each))]


@excuse("directory-modes")
def _left_open(case, differences):
    """A directory that an ordinary user fills may keep what its owner got for that."""
    if not (case.user or case.has("--no-super")):
        return differences
    made = {b"/" + name for name, node in case.tree.items() if node.kind == "dir"}
    made |= {name[name.index(b"/", 1):] for name in made if b"/" in name[1:]}

    def is_made(name):
        return b"/" not in name or b"/" + name in made or name[name.index(b"/"):] in made
    return [each for each in differences if not is_made(each.name)
            or not (each.aspect == "attributes" and _only_lists(each)
                    or each.aspect == "mode" and int(each.expected, 8) & ~0o700 == int(each.actual, 8) & ~0o700)]


@excuse("stats-skipped")
def _not_counted(case, differences):
    """How many names there are, where directories are left out of which rsync also counts what is in them."""
    if not case.has("-m", "--prune-empty-dirs", "--existing", "--ignore-non-existing", "--ignore-existing"):
        return differences
    return _without_lines(differences, lambda each: each.line.startswith(_LISTED_SUMS))


@excuse("existing-links")
def _through_links(case, differences):
    """What is put where a link of the target leads that has the name of a source directory."""
    if not case.has("--ignore-existing"):
        return differences
    kinds = {name.split(b"/", 1)[-1]: node.kind for name, node in case.tree.items() if name.startswith(b"src")}
    if not any(node.kind == "symlink" and name.startswith(b"dst") and kinds.get(name.split(b"/", 1)[-1]) in ("dir", "symlink")
               for name, node in case.tree.items()):
        return differences
    return [each for each in differences
            if not (each.aspect in ("entry", "output") and each.actual is None or each.aspect == "mtime"
                    or each.aspect == "exit" and each.expected.startswith("23") and each.actual.startswith("0"))]


@excuse("existing-directory", "existing-file")
def _below_others(case, differences):
    """What has the name of a source directory at the target and is none, and what would be below."""
    if not case.has("--ignore-existing"):
        return differences
    kinds = {name.split(b"/", 1)[-1]: node.kind for name, node in case.tree.items() if name.startswith(b"src")}
    others = {name.split(b"/", 1)[-1] for name, node in case.tree.items() if name.startswith(b"dst")
              and node.kind != "dir" and kinds.get(name.split(b"/", 1)[-1], "dir") == "dir"}

    def is_meant(each):
        if each.aspect == "exit":
            return each.expected.startswith("23") and each.actual.startswith("0")
        if each.aspect == "output":
            name = _name(each.line).rstrip(b"/")
            return any(name == other or name.startswith(other + b"/") for other in others)
        name = each.name.split(b"/", 1)[-1]
        return name in others and (each.aspect == "mtime" or each.aspect == "entry" and each.expected is None)
    return [each for each in differences if not (others and is_meant(each))]


@excuse("old-dirs")
def _old_dirs(case, differences):
    return [] if case.has("--old-dirs", "--old-d") else differences


@excuse("usermap-acls")
def _named(case, differences):
    """Who is named in ACLs."""
    if not case.has("--usermap", "--groupmap", "--chown") or not case.has("-A", "--acls"):
        return differences
    return [each for each in differences if each.aspect != "attributes" or not _only_lists(each)]


@excuse("unknown-name")
def _unknown(_, differences):
    return _unless_ended(differences, lambda each: "Unknown --" in each.actual)


@excuse("relative-dots", "inplace-backup")
def _dots(case, differences):
    if not case.has("--temp-dir", "--backup-dir", "--partial-dir"):
        return differences
    if case.has("--inplace") and any(word.startswith("--backup-dir=..") for option in case.options for word in option):
        differences = [each for each in differences if not (each.aspect == "exit" and each.expected.startswith("23"))]
    return _unless_ended(differences, lambda each: each.expected.startswith("23") and "Invalid argument (22)" in each.expected)


@excuse("backup-directories")
def _backed_up(case, differences):
    """What directories of backups have, and when the target changed."""
    if not case.has("--backup-dir"):
        return differences
    return [each for each in differences
            if not (each.aspect in ("owner", "group", "mode", "mtime", "attributes") and each.name.split(b"/")[0] == b"bak"
                    or each.aspect in ("owner", "group", "mode", "mtime") and each.name.startswith(b"dst/bak")
                    or each.aspect == "mtime" and each.name == b"dst" and "new" in (each.expected, each.actual))]


@excuse("unseen-links")
def _unseen(case, differences):
    if not case.has("--existing", "--ignore-non-existing"):
        return differences
    if case.has("-L", "-k", "--copy-links", "--copy-dirlinks"):
        # After an error nothing is deleted.
        differences = _without_lines(differences, lambda each: each.expected is None and b"delet" in each.line)
    return [each for each in differences
            if not (each.aspect == "exit" and each.expected.startswith("23 (") and each.actual.startswith(("0", "25"))
                    and ("symlink has no referent" in each.expected or case.has("-L", "-k", "--copy-links", "--copy-dirlinks")))]


@excuse("stats-duplicates")
def _given_twice(case, differences):
    """Sums where something is given twice."""
    if not (len(case.operands) > 2 or case.has("--files-from")):
        return differences
    return _without_lines(differences, lambda each: each.line.startswith(_LISTED_SUMS))


@excuse("list-count")
def _count_of_names(case, differences):
    if not case.has("-P", "--progress", "--info"):
        return differences
    return _without_lines(differences, lambda each: b" to consider" in each.line or each.line.startswith(b"building file list"))


@excuse("failed-changes")
def _failed(case, differences):
    """Lines about what an ordinary user may not do, and the counts of that."""
    if not case.user:
        return differences
    # What belongs together in other ways is no line that is missing.
    differences = _without_pairs(_mask(case, differences), lambda line: re.sub(rb"^(\.[fd]...)[p.][o.][g.]", rb"\1", line))
    differences = [each for each in differences
                   if not (each.aspect == "attributes" and each.name in case.tree and case.tree[each.name].uid != case.user)]
    return _without_lines(differences, lambda each: each.actual is None and re.match(rb"[.>c][fdLSD]", each.expected)
                          or each.expected is None and re.match(rb"\.d {10}", each.actual)
                          or each.line.startswith(_TRANSFERRED + _LISTED_SUMS))


def _rights(case, node):
    """What who runs the programs may do with something: 4 to read, 2 to write, 1 to search."""
    listed = dict(node.xattrs).get("system.posix_acl_access")
    if listed:
        # The owner's entry is the first one, that of others the last.
        return listed[6] if node.uid == case.user else listed[-6]
    return node.mode >> 6 & 7 if node.uid == case.user else node.mode & 7


@excuse("closed-directories")
def _opened(case, differences):
    """What an ordinary user may not enter, or write to, before he opens it."""
    if not case.user:
        return differences
    differences = [each for each in differences if not (each.aspect == "entry" and each.name.endswith(b"/.~tmp~"))]
    differences = _without_lines(differences, lambda each: each.line.startswith(b"cannot delete non-empty directory"))
    closed = [name for name, node in case.tree.items() if node.kind == "dir" and _rights(case, node) & 3 != 3]
    below = [name.split(b"/", 1)[-1] for name in closed]
    if any(name == os.path.normpath(case.operands[-1]) for name in closed):
        differences = _without_lines(differences, lambda each: each.expected is None)

    def is_below(each):
        name = each.name if each.aspect != "output" else _name(each.line)
        return any(name.startswith(top + b"/") or name == top or name.endswith(b"/" + top) or b"/" + top + b"/" in name for top in below)
    # What was said is cut short.
    left = _unless_ended(differences, lambda each: "Permission denie" in each.expected)
    left = [each for each in left if not (each.aspect == "mode" and int(each.expected, 8) == int(each.actual, 8) | 0o700 & int(each.expected, 8)
                                          or each.aspect == "attributes" and _only_lists(each))]
    return [each for each in left if not (each.aspect in ("entry", "mtime", "output") and is_below(each))]


@excuse("link-dest-backup")
def _backed_up_too(case, differences):
    """Backups of files that become links to what a tree has."""
    if not (case.has("-b", "--backup", "--backup-dir") and case.has("--link-dest", "--compare-dest")):
        return differences
    return [each for each in differences if not (each.aspect == "entry" and each.expected is None
                                                 and (each.actual == "file" or each.name.split(b"/")[0] == b"bak")
                                                 or each.aspect == "output" and each.expected is None and each.line.startswith(b"backed up ")
                                                 or each.aspect == "mtime" and each.actual == "new"
                                                 or each.aspect == "linked with")]


@excuse("delete-excluded-backups")
def _not_deleted(case, differences):
    """Backups of earlier runs, and the directories that they keep."""
    if not (case.has("-b", "--backup") and case.has("--delete-excluded")) or case.has("--backup-dir"):
        return differences
    kept = {each.name.removeprefix(b"dst/") for each in differences
            if each.aspect == "entry" and each.expected is None and each.name.endswith((b"~", b".old", b".b"))}
    above = {name[:end] for name in kept for end in range(len(name)) if name[end:end + 1] == b"/"}
    names = kept | above
    return [each for each in differences if not (
        each.aspect in ("entry", "mtime") and each.name.removeprefix(b"dst/") in names
        or each.aspect == "output" and each.actual is None and each.line.startswith(b"*deleting ")
        and each.line.split(maxsplit=1)[1].rstrip(b"/") in names
        or each.aspect == "output" and each.expected is None
        and each.line.removeprefix(b"cannot delete non-empty directory: ") in above)]


@excuse("delete-missing")
def _missing_listed(case, differences):
    if not case.has("--delete-missing-args"):
        return differences
    return _without_lines(differences, lambda each: each.actual is None and each.expected.startswith(b"*missing"))


@excuse("acls-closed")
def _cannot_read_lists(_, differences):
    return _unless_ended(differences, lambda each: each.expected.startswith("23") and "get_acl" in each.expected)


@excuse("acls-alone")
def _mode_of_a_list(case, differences):
    """Without -p what -A sets says who may do what, all the same."""
    if not (case.has("-A", "--acls") and case.has("--no-p", "--no-perms")):
        return differences
    return [each for each in differences if each.aspect != "mode"]


@excuse("basis-modes")
def _mode_of_a_basis(case, differences):
    """Without -p what is made new beside a tree that has something of its name."""
    if case.has("-p", "-a", "--perms", "--archive") or not case.has("--link-dest", "--copy-dest", "--compare-dest"):
        return differences
    return [each for each in differences if each.aspect != "mode"]


@excuse("limit-code")
def _limited_too(case, differences):
    if not case.has("--max-delete"):
        return differences
    return [each for each in differences if not (each.aspect == "exit" and each.expected.startswith("25") and each.actual.startswith("23")
                                                 or each.aspect == "entry" and each.name.startswith(b"dst"))]


@excuse("unreadable-old")
def _mode_of_what_cannot_be_read(case, differences):
    if not case.user or case.has("-p", "-a", "--perms", "--archive"):
        return differences
    return [each for each in differences if not (each.aspect == "mode" and int(each.actual, 8) & 0o400 == 0)]


@excuse("backup-links")
def _links_kept(case, differences):
    if not case.has("-b", "--backup", "--backup-dir"):
        return differences
    return [each for each in differences if not (each.aspect == "entry" and each.expected is None and each.actual == "symlink")]


@excuse("into-itself")
def _into_itself(_, differences):
    return _unless_ended(differences, lambda each: "not copied into itself" in each.actual)


@excuse("super")
def _may_not(case, differences):
    """What an ordinary user who wants to be taken for root does not get."""
    if not (case.user and case.has("--super")):
        return differences
    return [each for each in differences if not (each.aspect in ("entry", "output") and each.expected is None or each.aspect == "mtime")]


@excuse("foreign-links")
def _other_code(_, differences):
    return _unless_ended(differences, lambda each: "Too many levels of symbolic links" in each.actual and each.expected[:2] in ("3 ", "11"))


@excuse("fake-super-links")
def _link_times(case, differences):
    if not (case.has("--fake-super") and case.has("-J", "--omit-link-times")):
        return differences
    return [each for each in differences if not (each.aspect == "mtime" and each.actual == "new")]


@excuse("mkpath-dots")
def _exists_by_now(case, differences):
    if not case.has("--mkpath"):
        return differences
    return _unless_ended(differences, lambda each: each.expected.startswith("11") and "File exists" in each.expected)


@excuse("list-no-dirs")
def _lone_name(case, differences):
    if not case.has("--files-from"):
        return differences
    target = os.path.normpath(case.operands[-1])
    if not any(each.aspect == "kind" and each.name == target for each in differences):
        return differences
    return [each for each in differences if not (each.name.startswith(target)
                                                 or each.aspect == "output" and each.line.startswith(b"created directory"))]


@excuse("merge-file-errors")
def _copied_before(case, differences):
    """What is copied before a wrong merge file is found."""
    if case.code != 1 or not case.has(*_RULES):
        return differences
    differences = _without_lines(differences, lambda each: each.expected is None)
    # Or what is not copied yet, of directories that rsync has been in.
    return [each for each in differences if not (each.aspect in ("entry", "output") and each.expected is None
                                                 or each.aspect in ("mtime", "mode", "size", "content"))]


@excuse("devices-counted")
def _not_opened(case, differences):
    if not case.has("--copy-devices"):
        return differences
    return [each for each in differences if not (each.aspect == "output" and each.line.startswith(_TRANSFERRED)
                                                 or each.aspect == "entry" and each.expected is None and "device" in str(each.actual)
                                                 or each.aspect == "mtime" and each.expected == "new")]


@excuse("acl-group")
def _group_of_a_list(case, differences):
    """The permissions of the group, which rsync loses in some lists that name users."""
    if not case.has("-A", "--acls"):
        return differences
    key, entry = "system.posix_acl_access", re.compile(rb"\x04\x00.\x00\xff{4}", re.DOTALL)

    def is_meant(each):
        if each.aspect != "attributes" or not _only_lists(each):
            return False
        one, other = ((found or {}).get(key, b"") for found in (each.expected, each.actual))
        return b"\x04\x00\x00\x00" in one and entry.sub(b"", one) == entry.sub(b"", other)
    return [each for each in differences if not is_meant(each)]


@excuse("filter-remarks")
def _remarks(case, differences):
    if case.has("-m", "--prune-empty-dirs"):
        differences = _without_lines(differences, lambda each: each.actual is None and each.expected.startswith(b"[sender] "))
    return _without_lines(differences, lambda each: each.actual is None and (
        each.expected.startswith((b"deleting in ", b"removing duplicate name", b"(new) backup_dir")) or each.expected == b"done"
        or each.expected.startswith(b"[") and b" because of pattern " not in each.expected))


@excuse("delete-while-reading")
def _held_back(case, differences):
    if case.follows_links and case.has("--delete", "--del", "--delete-before", "--delete-during", "--delete-delay", "--delete-after",
                                       "--delete-excluded"):
        # rsync has found by then that a link further down leads nowhere.
        differences = [each for each in differences if not (each.aspect == "entry" and each.actual is None and each.name.startswith(b"dst")
                                                            or each.aspect == "output" and each.expected is None
                                                            and each.actual.startswith(b"*deleting"))]
    if not any(each.aspect == "output" and each.expected is None and each.actual.startswith(b"IO error encountered") for each in differences):
        return differences
    return [each for each in differences
            if not (each.aspect == "output" and (b"deleting" in each.line or each.line.startswith(b"Number of deleted")) or each.aspect == "output" and each.expected is None
                    and each.actual.startswith(b"IO error") or each.aspect == "entry" and each.expected is None or each.aspect == "mtime")]


@excuse("temp-dir-dry")
def _dry(case, differences):
    missing = any(word.endswith("=../missing") for option in case.options for word in option)
    return _unless_ended(differences, lambda each: "temp-dir does not exist" in each.expected
                         or missing and each.expected.startswith("1 "))


@excuse("prune-duplicates")
def _pruned(case, differences):
    if not case.has("-m", "--prune-empty-dirs") or len(case.operands) < 3:
        return differences
    return [each for each in differences if not (each.aspect in ("entry", "kind") and each.expected == "dir" or each.aspect == "mtime"
                                                 or each.aspect == "output" and re.match(rb"(cd\+|\.d|d[r-])", each.expected or b"")
                                                 or each.aspect == "output" and each.line.startswith(b"Number of created"))]


@excuse("several-sources")
def _stays_open(case, differences):
    if len(case.operands) < 3:
        return differences
    if case.has("--out-format"):
        # A directory's size is that of one of the sources.
        differences = _without_pairs(differences, lambda line: re.sub(rb"\d+ *", b"", line))
    return [each for each in differences if not (each.aspect == "mode" and (b"/" not in each.name or _is_top(case, each.name))
                                                 and int(each.expected, 8) & 0o77 == int(each.actual, 8) & 0o77
                                                 or each.aspect == "output" and (re.match(rb"[.c]d.{9} ", each.line) or each.expected is None
                                                                                  and each.line.startswith(b"not creating new directory")))]


@excuse("early-lines")
def _early(case, differences):
    if case.user:
        differences = _without_lines(differences, lambda each: each.expected is None and each.line.startswith(b"skipping directory ")
                                     or each.actual is None and each.line.startswith(b"created directory "))
    if case.has("-R", "--relative", "--files-from"):
        # A list is begun before it turns out that there is nothing in it.
        heads = (b"sending incremental file list", b"building file list")
        differences = _without_lines(differences, lambda each: each.actual is None and each.line.startswith(heads))
    return _without_lines(differences, lambda each: each.line.startswith((b"delta-transmission ", b"copying unsafe symlink "))
                          and (each.actual is None or each.line.startswith(b"delta")))


@excuse("update-nanoseconds")
def _newer_by_less(case, differences):
    if not case.has("-u", "--update"):
        return differences
    source = {name.split(b"/", 1)[-1]: node.mtime_ns for name, node in case.tree.items() if name.startswith(b"src")}
    old = [name for name, node in case.tree.items() if name.startswith(b"dst") and name.split(b"/", 1)[-1] in source
           and 0 <= node.mtime_ns - source[name.split(b"/", 1)[-1]] < (2 if case.exact_times else 1) * 10**9]
    old += [each.name for each in differences if each.aspect == "mtime" and isinstance(each.expected, int) and isinstance(each.actual, int)
           and each.expected // 10**9 == each.actual // 10**9]
    return [each for each in differences if not (each.name in old or old and each.aspect in ("output", "linked with")
                                                 or each.aspect == "mtime" and any(name.startswith(each.name + b"/") for name in old))]


@excuse("remove-source-delete")
def _before_the_copy(case, differences):
    """Times of directories that something was deleted from before they were looked at."""
    if not (case.has("--remove-source-files", "--remove-sent-files") and case.has("--delete-after", "--delete-delay")):
        return differences
    differences = _without_pairs(differences, lambda line: re.sub(rb"^(\.d..)[t.]", rb"\1.", line))
    return _without_lines(differences, lambda each: each.expected is None and each.line.startswith(b".d..t...... "))


@excuse("mkpath-modes")
def _masked(case, differences):
    if case.has("--no-implied-dirs"):
        made = [each for each in differences if each.name not in case.tree]
        differences = [each for each in differences
                       if not (each in made and (each.aspect == "mode" and int(each.actual, 8) & ~int(each.expected, 8) == 0
                                                 or each.aspect == "attributes" and _only_lists(each)))]
    if not case.has("--mkpath"):
        return differences
    differences = _without_lines(differences, lambda each: each.line.endswith(b" ./") or each.line == b"./")
    differences = _without_pairs(differences, lambda line: re.sub(rb"created \d+ director[a-z]* for .*", b"created", line))
    return [each for each in differences if not (each.aspect == "mode" and int(each.actual, 8) & ~int(each.expected, 8) == 0
                                                 and _is_top(case, each.name)
                                                 or each.aspect == "attributes" and _is_top(case, each.name) and _only_lists(each))]


@excuse("link-loops")
def _round(case, differences):
    """Many names below links to directories above, which rsync follows again and again."""
    if not case.follows_links:
        return differences
    # What was said is cut short.
    differences = _unless_ended(differences, lambda each: "Too m" in each.expected)
    deep = [each for each in differences if each.actual is None
            and (each.name if each.aspect == "entry" else each.expected if each.aspect == "output" else b"").count(b"/") > 12]
    return [] if len(deep) > 8 else differences


@excuse("implied-counts")
def _implied(case, differences):
    if not case.has("--no-implied-dirs"):
        return differences
    return _without_lines(differences, lambda each: each.line.startswith(b"Number of created"))


@excuse("log-escapes")
def _escaped(_, differences):
    return _without_lines(differences, lambda each: each.name == b"log" and any(byte > 127 or byte == 92 for byte in each.line))


@excuse("list-log")
def _no_log(case, differences):
    return [each for each in differences if not (each.aspect == "entry" and each.name == b"log" and case.has("--list-only"))]


@excuse("refused-log")
def _refusal_logged(_, differences):
    return [each for each in differences if not (each.aspect == "entry" and each.name == b"log" and each.actual is None)]


@excuse("held-back")
def _said_so(_, differences):
    return _without_lines(differences, lambda each: each.actual is None and each.expected.startswith(b"IO error encountered"))


@excuse("lone-directories")
def _left_out(case, differences):
    if not case.has(*_RULES):
        return differences
    return [each for each in differences
            if not (each.aspect == "output" and each.line.startswith((b"created directory", b"created 1 dir", b"Number of created"))
                    or each.aspect == "entry" and each.expected is None and each.actual == "dir" and _is_top(case, each.name)
                    or each.aspect == "exit" and each.expected.startswith("0") and "is not a directory" in each.actual
                    or each.aspect == "output" and each.expected is None and case.has("--list-only") and each.line.endswith(b" .")
                    or each.aspect == "output" and each.expected is None and case.has("-R", "--relative")
                    and each.line.startswith(b"skipping directory ")
                    or each.aspect == "exit" and each.expected.startswith("3") and each.actual.startswith("11")
                    or each.aspect in ("owner", "group", "mode", "mtime") and each.name == os.path.normpath(case.operands[-1])
                    or each.aspect == "mtime" and any(_is_top(case, below.name) and below.aspect == "entry"
                                                      and below.name.startswith(each.name + b"/") for below in differences))]


def _is_top(case, name):
    """Whether a name is the target, or a directory of what is put into it."""
    target = os.path.normpath(case.operands[-1])
    return bool(name) and (name == target or os.path.dirname(name) in (target, b""))


@excuse("backup-dir-kept")
def _kept_backups(case, differences):
    if case.has("-b", "--backup", "--backup-dir"):
        differences = _without_lines(differences, lambda each: each.line.startswith(b"cannot delete non-empty directory"))
    if not case.has("--backup-dir"):
        return differences
    return [each for each in differences
            if not (each.name.startswith(b"dst/bak")
                    or each.aspect == "output" and (b"bak" in each.line or each.line.startswith(b"Number of deleted files")))]


@excuse("unreadable-target")
def _not_read(case, differences):
    if not case.user:
        return differences
    return _unless_ended(differences, lambda each: each.actual.startswith("23") and (
        "Permission denied" in each.actual or "dest arg does not exist" in each.actual))


@excuse("file-onto-device")
def _device(_, differences):
    return _unless_ended(differences, lambda each: "and a file would take its place" in each.actual)


@excuse("delete-dirlinks")
def _kept_below(case, differences):
    """What is below links of the target, or where these lead."""
    if not case.has("-K", "--keep-dirlinks") or not any(node.kind == "symlink" for name, node in case.tree.items() if name.startswith(b"dst")):
        return differences
    return [each for each in differences
            if not (each.aspect == "output" and b"delet" in each.line or each.aspect == "entry" and each.expected is None
                    or each.aspect == "mtime")]


@excuse("fake-super-owners")
def _nobodys(case, differences):
    """What rsync stores of owners, and that it stores something, where nobody has asked for owners."""
    if not case.has("--fake-super"):
        return differences

    def is_meant(each):
        if each.aspect != "attributes" or not isinstance(each.expected or {}, dict):
            return False
        if each.expected is None:
            return each.actual.keys() == {"user.rsync.%stat"}
        others = [{name: value for name, value in (found or {}).items() if name != "user.rsync.%stat"}
                  for found in (each.expected, each.actual)]
        return others[0] == others[1] and b":" in each.expected.get("user.rsync.%stat", b"")
    return [each for each in differences if not is_meant(each)]


@excuse("atimes-compared")
def _read_to_compare(case, differences):
    if not case.has("-c", "--checksum"):
        return differences
    differences = _without_lines(differences, lambda each: each.actual is None and case.has("-U", "--atimes")
                                 and re.match(rb"\.f\.{6}u\.\. ", each.expected))
    return [each for each in differences if not (each.aspect == "atime" and each.expected == "new")]


@excuse("msgs2stderr-log")
def _not_logged(case, differences):
    if not case.has("--msgs2stderr", "--stderr"):
        return differences
    return _without_lines(differences, lambda each: each.name == b"log")


@excuse("quiet-log")
def _logged_in_full(case, differences):
    """What rsync takes for words about the run is not in its log with -q."""
    if not case.has("-q", "--quiet"):
        return differences
    told = (b"skipping non-regular file ", b"cannot delete non-empty directory: ")
    return _without_lines(differences, lambda each: each.name == b"log" and each.expected is None
                          and each.line.startswith(told))


@excuse("itemized-root")
def _owner_of_the_root(case, differences):
    """Who %U and %G say that the target itself belongs to."""
    if not (case.has("--usermap", "--groupmap", "--chown") and case.has("--out-format", "--log-file-format")):
        return differences
    return _without_lines(differences, lambda each: each.line.endswith(b"/"))


@excuse("append-fuzzy")
def _taken_for_longer(case, differences):
    if not (case.has("--append", "--append-verify") and case.has("--fuzzy", "-y")):
        return differences
    removes = case.has("--remove-source-files", "--remove-sent-files")
    made = [each.name.split(b"/", 1)[-1] for each in differences if each.aspect == "entry" and each.expected is None]
    return [each for each in differences if not (each.aspect == "entry" and each.expected is None and each.actual == "file"
                                                 or removes and each.aspect == "entry" and each.name.startswith(b"src")
                                                 and each.expected == "file" and each.actual is None
                                                 and any(each.name.endswith(b"/" + name) for name in made)
                                                 or each.aspect == "mtime" and each.actual == "new"
                                                 or each.aspect == "output")]


@excuse("remove-source-basis")
def _kept_source(case, differences):
    """What a tree beside the target has stays at the source."""
    if not (case.has("--remove-source-files", "--remove-sent-files") and case.has("--compare-dest")):
        return differences
    beside = [name.split(b"/", 1)[-1] for name in case.tree if name.startswith(b"alt")]
    return [each for each in differences if not (each.name.startswith(b"src") and (
        each.aspect == "entry" and each.expected is None and any(each.name.endswith(b"/" + name) for name in beside)
        or each.aspect == "mtime" and each.expected == "new"))]


@excuse("relative-covered")
def _named_again(case, differences):
    """What is named below a directory that is copied as well, and is left out there by rules."""
    if not (case.has("-R", "--relative", "--files-from") and case.has(*_RULES)):
        return differences
    return [each for each in differences if not (each.aspect == "entry" and each.actual is None or each.aspect == "mtime"
                                                 or each.aspect == "output" and each.actual is None)]


@excuse("basis-root")
def _root_of_a_tree(case, differences):
    """How the target itself is told where a tree beside it has it as well."""
    if not case.has("--link-dest", "--copy-dest", "--compare-dest"):
        return differences
    differences = _without_pairs(differences, lambda line: re.sub(rb"^>f[c.]", b">f.", line))
    if case.has("--out-format"):
        differences = _without_lines(differences, lambda each: re.search(rb"(^|[/ ])\./?( |$)", each.line))
    return _without_lines(differences, lambda each: re.match(rb"[.c]d.{9} ", each.line))


@excuse("copy-dest-counts")
def _not_sent(case, differences):
    if not case.has("--copy-dest", "--link-dest", "--compare-dest"):
        return differences
    return _without_lines(differences, lambda each: each.line.startswith(_TRANSFERRED))


@excuse("link-attributes")
def _of_the_link(case, differences):
    """Attributes of what a link leads to."""
    if not (case.follows_links and case.has("-X", "--xattrs", "-A", "--acls")):
        return differences
    followed = {name.split(b"/", 1)[-1] for name, node in case.tree.items() if node.kind == "symlink"}

    def is_followed(name):
        return any(name.endswith(b"/" + link) or b"/" + link + b"/" in name for link in followed)
    differences = [each for each in differences if not (each.aspect == "attributes" and is_followed(each.name))]
    return _without_pairs(differences, lambda line: re.sub(rb"^([.>ch]f.{7})[x.]", rb"\1.", line) if is_followed(b"/" + _name(line)) else line)


@excuse("itemized-acl")
def _mask(case, differences):
    """Permissions of what has an access control list."""
    if not case.has("-A", "--acls"):
        return differences
    if case.has("--chown", "--usermap", "--groupmap"):
        differences = _without_lines(differences, lambda each: each.line.startswith((b".d.......a.", b".f.......a.")))
    return _without_pairs(differences, lambda line: re.sub(rb"^([.>ch][fd]...)[p.](...)[a.]", rb"\1.\2.", line))


@excuse("existing-root")
def _not_made(case, differences):
    if case.has("--ignore-existing"):
        differences = _without_lines(differences, lambda each: each.line.startswith(b"skipping non-regular file")
                                     or each.line.startswith(b"Number of created")
                                     or case.has("--out-format") and each.actual is None and b"/" in each.line)
    if not case.has("--existing", "--ignore-non-existing"):
        return differences
    differences = _without_lines(differences, lambda each: each.line.startswith(b"not creating new directory ")
                                 and (each.actual is None or case.has("-m", "--prune-empty-dirs"))
                                 or each.line.startswith(b"not creating new file ") and each.expected is None
                                 and case.has("-n", "--dry-run"))
    if not any(each.name == os.path.normpath(case.operands[-1]) for each in differences):
        return differences
    return [each for each in differences if not (_is_top(case, each.name) or each.aspect in ("mtime", "output"))]


@excuse("list-link-dot")
def _led_by_a_link(case, differences):
    if not case.has("--files-from"):
        return differences
    differences = _unless_ended(differences, lambda each: "cannot follow symlink: Too many levels" in each.actual)
    differences = _unless_ended(differences, lambda each: "refusing to follow a symlink" in each.expected)
    theirs = {name for name, node in case.tree.items() if node.kind == "symlink" and node.uid not in (0, case.user)}
    return _without_lines(differences, lambda each: each.expected is None and each.line.startswith(b"skipping non-regular file")
                          and any(each.line.endswith(b'"' + name.split(b"/", 1)[-1] + b'"') for name in theirs))


@excuse("list-rules-dot")
def _dot_left_out(case, differences):
    if not (case.has("--files-from") and case.has(*_RULES)):
        return differences
    differences = _without_lines(differences, lambda each: each.expected is None
                                 and (each.line.endswith(b" ./") or each.line.startswith(_TRANSFERRED)))
    return _unless_ended(differences, lambda each: "link_stat" in each.expected and each.actual.startswith("0"))


@excuse("temp-dir-new")
def _made_before(case, differences):
    if not case.has("--temp-dir", "-T"):
        return differences
    return [each for each in differences if not (each.aspect == "mode" and each.actual == "0o700"
                                                 and each.name == os.path.normpath(case.operands[-1]))]


@excuse("fuzzy-modes")
def _mode_of_another(case, differences):
    if not case.has("--fuzzy", "-y"):
        return differences
    return [each for each in differences if each.aspect != "mode"]


@excuse("fake-super-nodes")
def _no_attribute(case, differences):
    if not case.has("--fake-super"):
        return differences
    nodes = {name.partition(b"/")[2] for name, node in case.tree.items() if node.kind not in ("file", "dir")}
    left = _unless_ended(differences, lambda each: "failed to write xattr" in each.expected)
    left = [each for each in left if not (each.aspect == "mode" and int(each.expected, 8) | 0o600 == int(each.actual, 8) & 0o777 | 0o600)]
    return [each for each in left if not (each.aspect in ("mode", "mtime") and (
        each.name.partition(b"/")[2] in nodes or each.name.partition(b"/")[2].partition(b"/")[2] in nodes))]


@excuse("matched-data")
def _sent_in_part(case, differences):
    if not case.has("--no-whole-file", "--no-W"):
        return differences
    return _without_lines(differences, lambda each: each.line.startswith((b"Literal data", b"Matched data")))


@excuse("closed-source")
def _not_entered(case, differences):
    """A source that an ordinary user can read and not search counts as one that is alone."""
    if not case.user:
        return differences
    target = os.path.normpath(case.operands[-1])
    # Where several sources are given, the target is there all the same.
    sources = [os.path.normpath(name) for name in case.operands[:-1]]
    closed = any(name in sources and node.kind == "dir" and _rights(case, node) & 5 == 4 for name, node in case.tree.items())
    return [each for each in differences
            if not (each.name == target and (each.aspect == "entry" and each.expected is None
                                             or closed and each.aspect in ("mode", "mtime", "owner", "group", "attributes"))
                    or each.aspect == "output" and each.expected is None
                    and (each.line.startswith((b"cd", b"created")) or closed and case.has("--list-only") and each.line.endswith(b" .")))]


@excuse("dry-errors")
def _not_made_yet(case, differences):
    if not case.has("-n", "--dry-run"):
        return differences
    return [each for each in differences if not (each.aspect == "exit" and each.expected.startswith("23") and each.actual.startswith("0"))]


@excuse("append-redo")
def _counted_twice(case, differences):
    """What --append-verify copies once more is told and counts once more."""
    if not case.has("--append-verify"):
        return differences
    differences = _mask(case, differences)
    return [each for each in differences
            if not (each.aspect == "output" and (each.line.startswith(_TRANSFERRED) or each.actual is None))]


@excuse("first-error")
def _nothing_there(case, differences):
    """Whether DEST does is asked also where there is nothing to be put there."""
    if not case.has("--files-from", "--ignore-missing-args"):
        return differences
    return _unless_ended(differences, lambda each: each.expected.startswith("23") and (
        each.actual.startswith("3") and "is not a directory" in each.actual
        or each.actual.startswith("11") and "cannot make directory: File exists" in each.actual))


@excuse("append-basis")
def _longer_elsewhere(case, differences):
    if not (case.has("--append", "--append-verify") and case.has("--link-dest", "--copy-dest", "--compare-dest")):
        return differences
    return [each for each in differences if not (each.aspect == "entry" and each.expected is None and each.actual == "file"
                                                 or each.aspect == "mtime" and each.actual == "new"
                                                 or each.aspect == "content" and not case.has("--append-verify")
                                                 or each.aspect == "output")]
