# SPDX-License-Identifier: Apache-2.0
"""Random sets of options, of those that rsync has for local copies.

An option is a tuple of arguments: ("--delete",) or ("--filter", "- *.o"). Names in values come from the
trees of the case, so that rules and lists meet something.
"""

from . import rules

# What is preserved: some of it in every case, since fastsync without any copies everything.
_BASES = [
    (10, ["-a"]), (4, ["-a", "-H"]), (4, ["-a", "-H", "-A", "-X"]), (3, ["-a", "-X"]), (2, ["-a", "-A"]),
    (3, ["-r"]), (3, ["-r", "-t"]), (3, ["-r", "-l", "-t"]), (2, ["-r", "-l", "-p"]), (2, ["-d"]), (1, ["-d", "-l", "-t"]),
    (1, ["-l", "-t"]), (2, ["-r", "-l", "-p", "-t", "-g", "-o", "-D"]), (1, ["-t"]), (1, ["-p"]), (1, ["-D"]),
]
_TAKEN_BACK = ["--no-r", "--no-l", "--no-p", "--no-t", "--no-g", "--no-o", "--no-D", "--no-perms", "--no-times",
               "--no-links", "--no-devices", "--no-specials", "--no-implied-dirs", "--no-H", "--no-dirs"]

# Their names: with none of them fastsync copies everything.
SELECTING = {letter for _, letters in _BASES for letter in letters}


def _one(*arguments):
    return lambda rng, names: arguments


def _of(name, *values):
    return lambda rng, names: (f"{name}={rng.choice(values)}",)


def _rule(rng, names):
    rule = rules.rule(rng, names)
    form = rng.choice(("--filter", "-f", "--exclude", "--exclude", "--include"))
    if form in ("--exclude", "--include"):
        rule = rules.pattern(rng, names)
    return (form, rule)


def _files_from(rng, names):
    return ("--files-from=lists/files" + ("0" if rng.random() < 0.3 else ""),)


# Area -> (weight, option).
AREAS = {
    "selection": [
        (2, _one("-L")), (2, _one("-k")), (2, _one("-K")), (2, _one("--copy-unsafe-links")), (2, _one("--safe-links")),
        (2, _one("--munge-links")), (3, _one("-u")), (3, _one("--existing")), (3, _one("--ignore-existing")),
        (1, _one("--ignore-non-existing")), (3, _one("--size-only")), (3, _one("-I")), (3, _one("-c")),
        (2, _of("--max-size", "100", "700", "5000", "1K", "64K", "4096+1", "4k-1", "1KB", "0")),
        (2, _of("--min-size", "1", "101", "701", "5k", "1", "32K")), (3, _one("-m")), (1, _one("-x")), (1, _one("-xx")),
        (2, _of("--modify-window", "0", "1", "2", "-1", "100000")),
    ],
    "filter": [(20, _rule), (2, _one("-F")), (1, _one("-FF")), (3, _one("-C")),
               (2, _of("--exclude-from", "lists/exclude")), (1, _of("--include-from", "lists/exclude")),
               (2, _of("--filter", "merge lists/rules", ". lists/rules")),
               (3, _of("--filter", "dir-merge .rules", ": .rules", ":- .rules", ":n .rules", ":e .rules", ":en- .rules",
                       ":w- .rules", ":C", "dir-merge,- .rsync-filter", ":s .rules", ":p .rules", ":+ .rules", ":/ .rules"))],
    "preservation": [
        (2, _one("-E")), (2, _one("-O")), (2, _one("-J")), (2, _one("-S")), (2, _one("--numeric-ids")), (2, _one("-U")),
        (2, _one("-H")), (2, _one("-X")), (2, _one("-A")), (1, _one("--fake-super")), (1, _one("--super")), (1, _one("--no-super")),
        (3, _of("--chmod", "u+w", "Dg+s,ug+w,Fo-w,+X", "F600", "D700,F644", "go=", "a+rX", "ug=rw,D+x", "F+x", "D2755", "o=u")),
        (2, _of("--chown", "12345:1", "1", ":7", "0:0", "*:1")), (1, _of("--usermap", "0:1", "*:7", "1-20000:9", "1:2,*:3")),
        (1, _of("--groupmap", "0:1", "*:7", "1-20000:9", ":5")), (1, _one("--open-noatime")), (1, _one("--copy-devices")),
        (4, lambda rng, names: (rng.choice(_TAKEN_BACK),)),
    ],
    "deletion": [
        (8, _one("--delete")), (2, _one("--del")), (3, _one("--delete-before")), (3, _one("--delete-during")),
        (3, _one("--delete-delay")), (3, _one("--delete-after")), (3, _one("--delete-excluded")),
        (3, _of("--max-delete", "0", "1", "2", "5", "-1")), (2, _one("--ignore-errors")), (3, _one("--force")),
        (3, _one("--remove-source-files")), (2, _one("--ignore-missing-args")), (2, _one("--delete-missing-args")),
    ],
    "target": [
        (4, _one("-b")), (2, _of("--suffix", ".old", "~", ".b")), (3, _of("--backup-dir", "bak", "../bak", "bak/deep")),
        (4, _of("--link-dest", "../alt1")), (1, _of("--link-dest", "../alt2")), (2, _of("--copy-dest", "../alt1", "../alt2")),
        (2, _of("--compare-dest", "../alt1", "../alt2")), (2, _of("--temp-dir", "/tmp", "/tmp", "../missing")), (2, _one("--partial")),
        (2, _of("--partial-dir", ".part", "~part")), (2, _one("--delay-updates")), (2, _one("--inplace")), (1, _one("--append")),
        (1, _one("--append-verify")), (1, _one("--preallocate")), (1, _one("--fsync")), (1, _one("--fuzzy")), (1, _one("-W")),
        (1, _one("--no-whole-file")), (1, _one("--mkpath")),
    ],
    "names": [
        (4, _one("-R")), (1, _one("--no-implied-dirs")), (3, _files_from), (1, _one("-0")), (2, _one("--mkpath")), (1, _one("-r")),
        (1, _one("--no-R")), (1, _one("--old-dirs")), (1, _one("--dirs")), (1, _one("--list-only")), (1, _one("--no-inc-recursive")),
    ],
    "limits": [
        (1, _of("--bwlimit", "100m", "0", "50000")), (1, _of("--timeout", "60", "0")), (1, _of("--stop-after", "10")),
        (1, _of("--max-alloc", "1g", "0")), (1, _of("-B", "1024", "700")), (1, _one("--no-timeout")),
        (1, _of("--stop-at", "2037-01-01T00:00")), (1, _of("--block-size", "8192")), (1, _one("--qsort")),
    ],
    "output": [
        (3, _one("-v")), (2, _one("-v", "-v")), (1, _one("-q")), (2, _one("-i", "-i")), (5, _one("-n")), (4, _one("--stats")),
        (1, _one("-8")), (1, _one("-h")), (1, _one("-h", "-h")), (1, _one("--no-h")), (1, _one("--progress")), (1, _one("-P")),
        (2, _of("--out-format", "%i %n%L", "%n", "%f %l", "%o %i %n %L %l %M", "%B %U %G %n", "[%%] %n", "%'l %n", "%10n|%-5l|")),
        (1, _of("--info", "all0", "name1", "name2,del", "skip", "skip2", "misc2", "stats2", "flist2", "remove", "copy", "nonreg0", "backup", "symsafe", "name0,del2")),
        (1, _of("--log-file", "log")), (1, _of("--log-file-format", "%i %n", "%n%L")), (1, _of("--outbuf", "L", "N", "B")),
        (1, _of("--stderr", "all", "client", "errors")), (1, _one("--no-v")), (1, _one("--msgs2stderr")),
    ],
}

_LETTERS = "arlptgoDHAXSxnvqiLkKucImRUEOJbCd8hE"


def choose(rng, names, areas=None):
    """A list of options; `areas` are those that most come from, or a few at random."""
    areas = areas or rng.sample(sorted(AREAS), rng.choice((1, 1, 2, 2, 3)))
    weights, bases = zip(*_BASES)
    chosen = [(letter,) for letter in rng.choices(bases, weights)[0]]
    for area in areas:
        weights, makers = zip(*AREAS[area])
        for maker in rng.choices(makers, weights, k=rng.choice((1, 1, 2, 2, 3, 4))):
            chosen.append(maker(rng, names))
    for area in sorted(AREAS):
        if rng.random() < 0.06:
            weights, makers = zip(*AREAS[area])
            chosen.append(rng.choices(makers, weights)[0](rng, names))
    if rng.random() < 0.8:
        chosen.append(("-i",))
    if rng.random() < 0.3:
        chosen.append(("--stats",))
    if rng.random() < 0.2:
        rng.shuffle(chosen)
    # What more of it says is about rsync's own processes.
    loud = [option for option in chosen if option[0] == "-v"]
    while sum(map(len, loud)) > 2:
        chosen.remove(loud.pop(0))
    return chosen


def typed(options, bundled):
    """The arguments as somebody may type them: letters bundled, or each on its own."""
    if not bundled:
        return [argument for option in options for argument in option]
    arguments, letters = [], ""
    for option in options:
        if all(len(each) == 2 and each[0] == "-" and each[1] in _LETTERS for each in option):
            letters += "".join(each[1] for each in option)
            continue
        if letters:
            arguments.append(f"-{letters}")
            letters = ""
        arguments += option
    return arguments + ([f"-{letters}"] if letters else [])


def every():
    """A sample of each option, for finding out which are refused: its name -> arguments."""
    import random
    found, rng = {}, random.Random(0)
    for options in AREAS.values():
        for _, maker in options:
            for _ in range(12):
                option = maker(rng, [b"a", b"sub/b"])
                for argument in option[:1]:
                    found.setdefault(key(argument), option)
    for _, base in _BASES:
        found.update({letter: (letter,) for letter in base})
    found.update({word: (word,) for word in _TAKEN_BACK})
    found["-@"] = ("-@-1",)
    return found


def key(argument):
    """The option's name, without its value."""
    return "-@" if argument.startswith("-@") else argument.split("=", 1)[0]
