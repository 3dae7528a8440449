# SPDX-License-Identifier: Apache-2.0
"""The commands that documents tell their readers to type."""


def manual_examples(page):
    """[(heading, command)] of the examples in a manual page as `man` shows it."""
    heading, found = None, []
    lines = iter(page.splitlines())
    for line in lines:
        if line == "EXAMPLES":
            break
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if not line.strip():
            found.append(None)
        elif indent == 0:
            break
        elif indent == 3:
            heading = line.strip()
        elif indent > 7:
            # The first line of a paragraph begins a command, the others continue it.
            if found and found[-1]:
                found[-1] = (heading, f"{found[-1][1]}\n{line[11:]}")
            else:
                found.append((heading, line[11:]))
    return [example for example in found if example]


def readme_commands(text):
    """[(heading, command)] of the indented lines; what follows ` # ` is a remark."""
    heading, found = None, []
    for line in text.splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ")
        elif line.startswith("    ") and not line.startswith("    fastsync [OPTION]"):
            found.append((heading, line.split("  # ")[0].strip()))
    return found
