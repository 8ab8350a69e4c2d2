"""Shifts new lines from the indentation a caller assumed to the one a file has. Pure."""

from itertools import pairwise

Pair = tuple[str, str]


def reindented(lines: list[str], pairs: list[Pair]) -> list[str]:
    """The lines with the file's indentation.

    `pairs` are lines as the caller believed them and as they are. A depth that occurs among them is copied; another
    one is measured from the nearest, in the file's own unit (tabs for spaces and the like).
    """
    known: dict[str, str] = {}
    for assumed, real in pairs:
        if real.strip():
            known.setdefault(_indent(assumed), _indent(real))
    step = _step(known)
    return [_shifted(line, known, step) if line.strip() else line for line in lines]


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _step(known: dict[str, str]) -> Pair | None:
    """What one step of assumed depth is in the file, from two depths that both have."""
    depths = sorted(known, key=len)
    for shallow, deep in pairwise(depths):
        if deep.startswith(shallow) and known[deep].startswith(known[shallow]):
            assumed, real = deep[len(shallow) :], known[deep][len(known[shallow]) :]
            if assumed and real:
                return assumed, real
    return None


def _shifted(line: str, known: dict[str, str], step: Pair | None) -> str:
    indent = _indent(line)
    body = line[len(indent) :]
    if indent in known:
        return known[indent] + body
    deeper = [depth for depth in known if indent.startswith(depth)]
    if deeper:
        depth = max(deeper, key=len)
        return known[depth] + _translated(indent[len(depth) :], step) + body
    shallower = [depth for depth in known if depth.startswith(indent)]
    if shallower:
        depth = min(shallower, key=len)
        lost = _translated(depth[len(indent) :], step)
        real = known[depth]
        return (real.removesuffix(lost) if real.endswith(lost) else real[: max(0, len(real) - len(lost))]) + body
    return line


def _translated(indent: str, step: Pair | None) -> str:
    return indent.replace(*step) if step else indent
