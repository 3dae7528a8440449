# SPDX-License-Identifier: Apache-2.0
"""Random filter rules, whose patterns are made from names that are there."""


def _text(name):
    return name.decode("utf-8", "surrogateescape")


def pattern(rng, names):
    """A pattern that a name of the tree may match, or not."""
    name = _text(rng.choice(names)) if names else "a"
    last = name.rsplit("/", 1)[-1]
    tail = "/".join(name.split("/")[-2:])
    # What stands in a line, or in a list of words, has to stay one.
    made = rng.choice((
        last, last, last, f"/{name}", f"/{name}", tail, f"{last}/", f"/{name}/", "*.o", "*.c", "*~", "*", f"{last[:1]}*",
        f"*{last[-1:]}", f"**/{last}", f"{last}/**", f"{last}/***", f"/{name}/***", f"/{name}/*", "?", "??*",
        "[a-c]", "[!a-c]", "[[:alpha:]]", f"{last[:2]}?", "/*/", "*/", "foo*", "**.c", "/**/a", ".*", f"/*/{last}", "sub*/**/b", "[^.]*"))
    return made.replace("\n", "?").replace("\r", "?") or "a"


def rule(rng, names):
    """A rule in one of its spellings."""
    if rng.random() < 0.04:
        return rng.choice(("!", "clear"))
    kind = rng.choices(("-", "+", "P", "R", "S", "H"), (8, 6, 2, 2, 1, 1))[0]
    if rng.random() < 0.2:
        kind = {"-": "exclude", "+": "include", "P": "protect", "R": "risk", "S": "show", "H": "hide"}[kind]
        modifiers = rng.choice(("", "", ",!", ",/", ",p", ",s", ",r"))
    else:
        modifiers = rng.choice(("",) * 6 + ("!", "/", "p", "s", "r", "C"))
    if kind not in ("-", "+", "exclude", "include"):
        modifiers = modifiers.replace("s", "").replace("r", "").replace("C", "")
        modifiers = "" if modifiers == "," else modifiers
    if "C" in modifiers:
        return f"{kind}C"
    return f"{kind}{modifiers} {pattern(rng, names)}"


def lines(rng, names, count=4):
    """What may stand in a file of rules."""
    found = []
    for _ in range(rng.randrange(1, count + 1)):
        found.append(rng.choice(("# a comment", "; another", "")) if rng.random() < 0.15 else rule(rng, names))
    return ("\n".join(found) + "\n").encode("utf-8", "surrogateescape")


def rule_file(rng, tree):
    """Rules for a merge file in a tree, by names of which the last parts are in it."""
    return lines(rng, [name.split(b"/", 1)[-1] for name in tree], 3)


def patterns(rng, names):
    """What may stand in a file of --exclude-from."""
    found = [pattern(rng, names) for _ in range(rng.randrange(1, 5))]
    return ("\n".join(found) + "\n").encode("utf-8", "surrogateescape")


def name_list(rng, names):
    """What may stand in a list of --files-from: names that are there, and some that are not."""
    found = []
    for _ in range(rng.randrange(1, 6)):
        name = rng.choice(names) if names else b"a"
        found.append(rng.choice((name, name, name, b"./" + name, name + b"/", b"/" + name, b"missing", name + b"/.",
                                 name.replace(b"/", b"/./", 1), b"../src/" + name)))
    return found
