"""A snapshot as lines: one a node, two blanks a level. Pure."""

import re
from collections.abc import Callable, Iterable, Sequence

# Role, quoted name, marks, rest. A name is the page's, and may hold what looks like marks: only those behind it count.
# Where YAML needs it the first three are in single quotes.
_NODE = re.compile(r""" *- '?([\w/-]+)((?: "(?:[^"\\]|\\.)*")?)((?: \[[^\]"]*\])*)'?(.*)""", re.DOTALL)
_REF = re.compile(r"\[ref=((?:f[0-9]+)?e[0-9]+)\]")
_BOX = re.compile(r" \[box=(-?[0-9]+),(-?[0-9]+),([0-9]+),([0-9]+)\]")
_ACTIVE = " [active]"
_MOST_SHOWN = 80

Box = tuple[int, int, int, int]


def level(line: str) -> int:
    """How deep a line is."""
    return (len(line) - len(line.lstrip(" "))) // 2


def ref_of(line: str) -> str | None:
    """The ref of a node."""
    found = _REF.search(_marks(line))
    return found[1] if found else None


def role_of(line: str) -> str:
    """The role of a node; `text` is one as well."""
    found = _NODE.match(line)
    return found[1] if found else ""


def box_of(line: str) -> Box | None:
    """Where a node is drawn."""
    found = _BOX.search(_marks(line))
    return (int(found[1]), int(found[2]), int(found[3]), int(found[4])) if found else None


def head_of(line: str) -> str:
    """The line without what the node says."""
    found = _NODE.match(line)
    return line[: found.start(4)] if found else line


def said(line: str) -> str:
    """What the node says, as it stands in the line."""
    found = _NODE.match(line)
    return found[4].removeprefix(":").strip() if found else ""


def reworded(line: str, change: Callable[[str], str]) -> str:
    """The line with its name and what it says changed, which are the page's; role and marks are not."""
    found = _NODE.match(line)
    if found is None:
        return change(line)
    return f"{line[: found.start(2)]}{change(found[2])}{line[found.end(2) : found.start(4)]}{change(found[4])}"


def points(line: str) -> bool:
    """Whether the mouse shows that something can be clicked there."""
    return "[cursor=pointer]" in _marks(line)


def without_box(line: str) -> str:
    """The line without where it is drawn."""
    return _without(line, lambda marks: _BOX.sub("", marks, count=1)) if "[box=" in line else line


def comparable(line: str) -> str:
    """What must be equal for a node to count as unchanged: not where the focus is, nor where it is drawn."""
    line = without_box(line)
    return _without(line, lambda marks: marks.replace(_ACTIVE, "", 1)) if _ACTIVE in line else line


def parents(lines: Sequence[str]) -> list[int]:
    """For each node the index of the one that it is directly in; -1 where there is none."""
    found: list[int] = []
    path: list[tuple[int, int]] = []
    for at, line in enumerate(lines):
        depth = level(line)
        while path and path[-1][0] >= depth:
            path.pop()
        found.append(path[-1][1] if path else -1)
        path.append((depth, at))
    return found


def ancestors(above: Sequence[int], index: int) -> list[int]:
    """The indices of the nodes that a node is in, outermost first, by the parents of all."""
    found: list[int] = []
    while (index := above[index]) >= 0:
        found.append(index)
    return found[::-1]


def trail(lines: Sequence[str], index: int) -> str:
    """The nodes that a node is in, in one line without refs."""
    around = [lines[at].strip().removeprefix("- ") for at in ancestors(parents(lines), index)]
    words = [_REF.sub("", line).rstrip(": ").strip() for line in around]
    return " > ".join(" ".join(word.split())[:_MOST_SHOWN] for word in words)


def dropped(lines: Sequence[str], gone: Iterable[int]) -> list[str]:
    """The lines without some nodes; what was inside them moves up a level."""
    out: list[str] = []
    missing = set(gone)
    lifted: list[int] = []
    for index, line in enumerate(lines):
        depth = level(line)
        while lifted and lifted[-1] >= depth:
            lifted.pop()
        if index in missing:
            lifted.append(depth)
            continue
        out.append(line[2 * len(lifted) :])
    return out


def _marks(line: str) -> str:
    found = _NODE.match(line)
    return found[3] if found else ""


def _without(line: str, change: Callable[[str], str]) -> str:
    found = _NODE.match(line)
    return f"{line[: found.start(3)]}{change(found[3])}{line[found.end(3) :]}" if found else line
