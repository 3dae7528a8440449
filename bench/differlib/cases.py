# SPDX-License-Identifier: Apache-2.0
"""A case: trees, options and operands, all from one seed; and how it is told to somebody who repeats it."""

import os
import random
import shlex
from dataclasses import dataclass, field

from . import options as option_sets
from . import rules
from .entries import Content, Node
from .trees import TreeMaker, outside



@dataclass
class Case:
    """All that the two programs are given."""

    seed: int
    tree: dict                       # name within the case's directory -> Node
    options: list                    # of tuples of arguments
    operands: list                   # bytes
    umask: int = 0o022
    user: int = 0                    # who runs the programs
    bundled: bool = False
    bare: bool = False               # fastsync without any option of selection
    exact_times: bool = False
    locale: str = "C.UTF-8"
    code: int | None = field(default=None, compare=False)    # how both programs have ended, where that is the same

    def arguments(self, program):
        """Without an option of selection fastsync does what `rsync -aHAXSU` does."""
        options = self.options
        if self.bare and program == "rsync":
            options = [("-aHAXSU",), *options]
        return [os.fsencode(word) for word in option_sets.typed(options, self.bundled)]

    def has(self, *names):
        return any(option_sets.key(word) in names for option in self.options for word in option)

    @property
    def follows_links(self):
        """Whether links of the source may be followed."""
        return self.has("-L", "-k", "--copy-links", "--copy-dirlinks", "--copy-unsafe-links")


def generate(seed, able, refused, areas=None, plain=False):
    """The case of a seed; options whose names are in `refused` are left out.

    A plain one has the contents of one source with permissions, a target that is there, and is run by root.
    """
    rng = random.Random(f"case {seed}")
    exact = rng.random() < 0.25 and not refused & {"-@", "--modify-window"}
    maker = TreeMaker(rng, able, exact_times=exact, rules=rules.rule_file if rng.random() < 0.3 else None)
    tree = outside()
    source = maker.source()
    # A link's target has to be the owner's, so what is hard-linked is made in its own tree.
    tree.update(source)
    for root, share in ((b"src2", 0.3), (b"dst", 0.85), (b"alt1", 0.35), (b"alt2", 0.2)):
        if rng.random() < share:
            tree.update(maker.varied(source, b"src", root))
    names = [name[4:] for name in source if name != b"src"] or [b"a"]
    chosen = option_sets.choose(rng, names, areas)
    if exact:
        chosen.append((rng.choice(("--modify-window=-1", "-@-1")),))
    tree.update(_lists(rng, names))
    case = Case(seed, tree, chosen, _operands(rng, tree, names),
                umask=rng.choice((0o022, 0o022, 0o022, 0o077, 0o002, 0)), bundled=rng.random() < 0.5, exact_times=exact,
                locale=rng.choice(("C.UTF-8", "C.UTF-8", "C.UTF-8", "C")))
    if plain:
        case.operands = [b"src/", b"dst/"]
        quiet = [option for option in case.options if option[0] != "-v"]
        case.options = quiet + [("-v",)] * (len(quiet) < len(case.options)) + [("-r",), ("-p",)]
        tree.setdefault(b"dst", Node("dir", 0o755))
    elif "device" in able and rng.random() < 0.15:
        case.user = 65534
        _give_to(case, rng)
    case.options = [option for option in case.options
                    if not any(option_sets.key(word) in refused for word in option)]
    if not any(word in option_sets.SELECTING for option in case.options for word in option):
        # fastsync would copy everything.
        case.options.append(("-a",))
    if case.has("--remove-source-files") and len(case.operands) > 2:
        # Which of two that overlap comes first is a race, of which some end with "vanished".
        case.operands = case.operands[-2:]
    return case


def _lists(rng, names):
    """Files that options name."""
    listed = rules.name_list(rng, names)
    texts = {b"lists/exclude": rules.patterns(rng, names), b"lists/rules": rules.lines(rng, names),
             b"lists/files": b"\n".join(name for name in listed if b"\n" not in name) + b"\n",
             b"lists/files0": b"\0".join(listed) + b"\0"}
    return {name: Node("file", content=Content(literal=text)) for name, text in texts.items()}


def _operands(rng, tree, names):
    """Sources and target as they may be typed."""
    below = b"src/" + rng.choice(names)
    other = b"src/" + rng.choice(names)
    sources = rng.choice(([b"src/"],) * 12 + (
        [b"src"], [b"src"], [b"src"], [b"src/."], [b"./src/"], [b"src//"], [below], [below], [below + b"/"], [below, other],
        [below, other], [below, b"src/"], [b"src/", b"src2/"], [b"src/", b"src2/"], [b"src/", b"src2/"], [b"src", b"src2"],
        [b"src2/", b"src/"], [b"./src/./" + rng.choice(names)], [b"src/./" + rng.choice(names), b"src2/"], [b"missing", b"src/"],
        [b"missing"], [b"src/../src/"], [b"src/", b"src/"], [b"src", b"src/"], [b"outside/file"], [b"outside/file", below]))
    if b"src2" not in tree:
        sources = [b"src/" if source.startswith(b"src2") else source for source in sources]
    target = rng.choice([b"dst/"] * 8 + [b"dst"] * 4 + [b"dst/."] + [b"new/"] * 2 + [b"new"] * 2 + [
        b"dst/made/", b"dst/made", b"no/such/", b"dst/" + rng.choice(names)])
    return [*sources, target]


def _give_to(case, rng):
    """An ordinary user has to own most of the case to do something in it."""
    changed = {}
    for name, node in case.tree.items():
        if node.link is not None or rng.random() < 0.1 and name.startswith(b"dst/"):
            continue
        changed[name] = Node(**{**vars(node), "uid": case.user, "gid": case.user})
    case.tree.update(changed)
    for name, node in case.tree.items():
        if node.link is not None:
            case.tree[name] = Node(**{**vars(case.tree[node.link]), "link": node.link})


# Telling it

def command(program, case):
    words = [program, *map(os.fsdecode, case.arguments(program)), *map(os.fsdecode, case.operands)]
    return " ".join(_quoted(word) for word in words)


def _quoted(word):
    data = os.fsencode(word) if isinstance(word, str) else word
    if all(32 <= byte < 127 for byte in data):
        return shlex.quote(data.decode())
    text = "".join(chr(byte) if 32 <= byte < 127 and byte not in b"\\'" else f"\\{byte:03o}" for byte in data)
    return f"$'{text}'"


def script(case):
    """Commands of a shell that make the trees."""
    lines = [f"umask {case.umask:04o}"] if case.umask != 0o022 else []
    if case.user:
        lines.append(f"# to be run as user {case.user}: chown -hR {case.user}:{case.user} .; setpriv --reuid=...")
    late = []
    for name in sorted(case.tree):
        lines += _made(case.tree[name], name)
        if case.tree[name].link is None:
            late.insert(0, _dressed(case.tree[name], name))
    return "\n".join(lines + [line for line in late if line])


def _made(node, name):
    path = _quoted(name if not name.startswith(b"-") else b"./" + name)
    if node.link is not None:
        return [f"ln {_quoted(node.link)} {path}"]
    if node.kind == "dir":
        return [f"mkdir {path}"]
    if node.kind == "file":
        content = node.content
        if content.literal is not None:
            return [f"printf %s {_quoted(content.literal)} >{path}"]
        if not content.size:
            return [f": >{path}"]
        if content.hole[1] == content.size and not content.hole[0]:
            return [f"truncate -s {content.size} {path}"]
        remark = "".join(f"  # {what}: {range_}" for what, range_ in (("hole", content.hole), ("zeros", content.zeros))
                         if range_[1])
        return [f"yes {content.number} | head -c {content.size} >{path}{remark}"]
    if node.kind == "symlink":
        return [f"ln -s {_quoted(node.target)} {path}"]
    if node.kind == "fifo":
        return [f"mkfifo {path}"]
    if node.kind == "socket":
        return [f"python3 -c 'import os,sys; os.mknod(sys.argv[1], 0o140600)' {path}"]
    return [f"mknod {path} {' '.join(map(str, node.device))}"]


def _dressed(node, name):
    path, steps = _quoted(name), []
    if node.uid or node.gid:
        steps.append(f"chown -h {node.uid}:{node.gid} {path}")
    if node.kind != "symlink":
        if node.mode != (0o755 if node.kind == "dir" else 0o644):
            steps.append(f"chmod {node.mode:04o} {path}")
        steps += [f"setfattr -n {key} -v 0x{value.hex()} {path}" for key, value in node.xattrs]
    steps.append(f"touch -h -d @{node.mtime_ns // 10**9}.{node.mtime_ns % 10**9:09} {path}")
    return "; ".join(steps)
