# SPDX-License-Identifier: Apache-2.0
"""Trees with files of rules in them, and rule sets; all of them follow from a seed.

A tree is a dictionary from names to what has them: `None` for a directory, bytes for a file, text
for a symbolic link. A case is a list of options, the sources, and files that options name.
"""

from dataclasses import dataclass, field

_NAMES = ["a", "b", "c", "ab", "abc", "foo", "bar", "baz", "foobar", "x.c", "x.o", "y.c", "y.o", "foo.c", "core", "tags", "b~", "CVS",
          "t.bak", ".git", ".hidden", "#x#", "sp ace", "st*r", "q?", "[br]", "back\\slash", "A", "Foo", "7", "_u", "-d", "+p", "!n"]
MERGE_FILES = [".f", ".g", ".rsync-filter", ".cvsignore"]
_SINGLE = ["rules1", "rules2"]


@dataclass
class Case:
    options: list = field(default_factory=list)
    sources: list = field(default_factory=list)
    lists: dict = field(default_factory=dict)
    environment: dict = field(default_factory=dict)
    home: str = ""


def _parts(rng, names):
    """Names that the pattern is made from: those of a path that is there."""
    return rng.choice(names).split("/") if names else ["a"]


def _blurred(rng, name):
    """A name with wildcards in the place of some of its bytes."""
    form = rng.randrange(12)
    if form < 4 or not name:
        return name
    at = rng.randrange(len(name))
    start, rest = name[:at], name[at + 1:]
    return (start + "?" + rest, start + "*", "*" + name[at:], start + "*" + rest, start + f"[{name[at]}x]" + rest,
            start + "[a-m]" + rest, start + "[!a-m]" + rest, start + "[[:alpha:]]" + rest)[form - 4]


def pattern(rng, names):
    parts = _parts(rng, names)
    form = rng.randrange(26)
    last = _blurred(rng, parts[-1])
    path = "/".join(_blurred(rng, part) if rng.random() < 0.4 else part for part in parts)
    tail = "/".join(path.split("/")[-rng.randrange(1, 4):])
    made = (
        last, last, last, "/" + path, "/" + path, tail, tail, "/" + tail, last + "/", path + "/", "/" + path + "/",
        "**/" + last, last + "/**", "/" + path + "/**", last + "/***", "/" + path + "/***", "*", "*/", "/*", "/*/*", "**", "*.c",
        parts[0] + "/**/" + last, "/" + parts[0] + "**" + last, "**" + last, parts[0][:1] + "**")[form]
    if rng.random() < 0.03:
        made = rng.choice(["[", "[a", "\\", "a\\", "[[:nope:]]", "[]a]", "[!]a]", "\\[br\\]", "back\\slash", "back\\\\slash*", "***", "/", "//",
                           "a//b", "a/b//", "./a", "[^a]*", "st\\*r", "?**?", "*/**/*", "/**/", "**/"])
    return made or "a"


def modifiers(rng):
    return "".join(rng.sample("!/psr", rng.randrange(1, 3))) if rng.random() < 0.15 else ""


def rule(rng, names, sided=True):
    """A rule about names, in one of its spellings."""
    kind = rng.choices(["-", "+", "P", "R", "S", "H"], [8, 6, 1, 1, 2, 2] if sided else [8, 6, 0, 0, 0, 0])[0]
    more = modifiers(rng)
    if kind in "PRSH" or not sided:
        more = more.replace("s", "").replace("r", "")
    comma = "," if rng.random() < 0.3 else ""
    if rng.random() < 0.25:
        kind = {"-": "exclude", "+": "include", "P": "protect", "R": "risk", "S": "show", "H": "hide"}[kind]
        comma = ","
    between = rng.choice("  _")
    return kind + (comma + more if more else "") + between + pattern(rng, names)


def merge(rng):
    """A rule that names files of rules in directories."""
    name = rng.choice(MERGE_FILES[:3])
    more = "".join(rng.sample("newps/", rng.randrange(1, 3))) if rng.random() < 0.5 else ""
    if rng.random() < 0.2:
        more += rng.choice("+-")
    if rng.random() < 0.12:
        return rng.choice([":C", ":sC", ":Cp", "dir-merge,C .f", ":C .g"])
    word = "dir-merge," if more and rng.random() < 0.3 else ":"
    return f"{word}{more} {rng.choice(['', '', '', '/', '../'])}{name}"


def content(rng, names, form="rules"):
    """What stands in a file of rules: lines, or words."""
    lines = []
    for _ in range(rng.randrange(1, 5)):
        kind = rng.random()
        if form == "patterns":
            lines.append(rng.choice(["", "", "- ", "+ "]) + pattern(rng, names))
        elif form == "words":
            lines.append(pattern(rng, names).replace(" ", "?"))
        elif kind < 0.06:
            lines.append(rng.choice(["# comment", "; comment", ""]))
        elif kind < 0.1:
            lines.append(rng.choice(["!", "clear"]))
        elif kind < 0.15:
            lines.append(merge(rng))
        elif kind < 0.17:
            lines.append("-C")
        else:
            lines.append(rule(rng, names))
    return rng.choice(["\n", "\n", "\n", "\r\n", "\n\n"]).join(lines) + rng.choice(["\n", ""])


def tree(rng):
    made, directories = {}, [""]
    for _ in range(rng.choice([6, 15, 30, 45])):
        parent = rng.choice(directories)
        last = rng.choice(_NAMES)
        name = parent + last
        if name in made or name.count("/") > 6:
            continue
        kind = rng.random()
        # rsync takes such a directory's name for a pattern: the difference `merge-file-directory`.
        if kind < 0.4 and not set(last) & set("*?[\\"):
            made[name] = None
            directories.append(name + "/")
        else:
            made[name] = "../a" if kind > 0.95 else b""
    names = [name for name in made]
    for directory in directories:
        for file in MERGE_FILES:
            if rng.random() < 0.25:
                below = [name[len(directory):] for name in names if name.startswith(directory)]
                form = "words" if file == ".cvsignore" else "rules"
                made[directory + file] = content(rng, below or names, form).encode()
    return made


def option(rng, names, case):
    kind = rng.randrange(24)
    if kind < 8:
        case.options += rng.choice([["-f"], ["--filter"]]) + [rule(rng, names)]
    elif kind < 11:
        case.options.append("--exclude=" + pattern(rng, names))
    elif kind < 13:
        case.options.append("--include=" + pattern(rng, names))
    elif kind < 17:
        case.options += ["-f", merge(rng)]
    elif kind < 18:
        case.options.append(rng.choice(["-F", "-FF", "-C"]))
    elif kind < 20:
        name = f"list{len(case.lists)}"
        case.lists[name] = content(rng, names, "patterns")
        case.options.append(rng.choice(["--exclude-from", "--include-from"]) + "=" + "{lists}/" + name)
    elif kind < 22:
        name = f"list{len(case.lists)}"
        more = rng.choice(["", "", "-", "+", "w-", "s", "p", "/", "C"])
        form = "words" if "w" in more or "C" in more else "patterns" if "-" in more or "+" in more else "rules"
        case.lists[name] = content(rng, names, form)
        case.options += ["-f", rng.choice([".", "merge,"]) + more + " {lists}/" + name]
    elif kind < 23:
        case.options += ["-f", rng.choice(["!", "clear", "-C", "-p,C", "-C", "+C", "-sC"])]
    else:
        case.options += ["-f", rng.choice(["-x user.x", "-q x", "foo", "-", "!x", "-sr,x", ".n", "Hs x", ":! x", "- ", "_ x", "exclude"])]


def case(rng, made):
    """A rule set, with the sources that it is about."""
    case = Case()
    names = [name for name in made]
    directories = [name for name, what in made.items() if what is None]
    for _ in range(rng.choice([1, 1, 2, 3, 4, 6])):
        # Paths in the transfer begin with src where no slash is behind it.
        option(rng, names if rng.random() < 0.7 else ["src/" + name for name in names], case)
    form = rng.random()
    if form < 0.6 or not directories:
        case.sources = ["src/"]
    elif form < 0.8:
        case.sources = ["src"]
    elif form < 0.9:
        case.sources = ["src/" + rng.choice(directories) + rng.choice(["", "/"])]
    else:
        case.sources = ["src/" + name for name in rng.sample(names, min(len(names), 2))]
    if rng.random() < 0.15:
        case.options.append("-m")
    if rng.random() < 0.1:
        case.environment["CVSIGNORE"] = content(rng, names, "words").replace("\r", "")
    if rng.random() < 0.1:
        case.home = content(rng, names, "words")
    return case
