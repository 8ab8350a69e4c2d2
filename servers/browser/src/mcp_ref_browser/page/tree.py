"""A snapshot as lines: one a node, two blanks a level. Pure."""

import re
from collections.abc import Iterable, Sequence

_REF = re.compile(r"\[ref=((?:f[0-9]+)?e[0-9]+)\]")
_BOX = re.compile(r" \[box=(-?[0-9]+),(-?[0-9]+),([0-9]+),([0-9]+)\]")
_NODE = re.compile(r"^ *- '?\"?([\w/]+)")
_MOST_SHOWN = 80

Box = tuple[int, int, int, int]


def level(line: str) -> int:
    """How deep a line is."""
    return (len(line) - len(line.lstrip(" "))) // 2


def ref_of(line: str) -> str | None:
    """The ref of a node. What page text says of refs comes after the node's own."""
    found = _REF.search(line)
    return found[1] if found else None


def role_of(line: str) -> str:
    """The role of a node."""
    found = _NODE.match(line)
    return found[1] if found else ""


def box_of(line: str) -> Box | None:
    """Where a node is drawn."""
    found = _BOX.search(line)
    return (int(found[1]), int(found[2]), int(found[3]), int(found[4])) if found else None


def without_box(line: str) -> str:
    """The line without where it is drawn."""
    return _BOX.sub("", line, count=1)


def comparable(line: str) -> str:
    """What must be equal for a node to count as unchanged: not where the focus is, nor where it is drawn."""
    return without_box(line).replace(" [active]", "", 1)


def ancestors(lines: Sequence[str], index: int) -> list[int]:
    """The indices of the nodes that a node is in, outermost first."""
    found: list[int] = []
    depth = level(lines[index])
    for at in range(index - 1, -1, -1):
        if depth == 0:
            break
        if level(lines[at]) < depth:
            depth = level(lines[at])
            found.append(at)
    return found[::-1]


def trail(lines: Sequence[str], index: int) -> str:
    """The nodes that a node is in, in one line without refs."""
    words = [_REF.sub("", lines[at].strip().removeprefix("- ")).rstrip(": ").strip() for at in ancestors(lines, index)]
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
