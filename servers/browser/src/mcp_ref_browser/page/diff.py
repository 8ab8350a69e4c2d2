"""What has changed between two snapshots of a page, as whole lines that can be acted on. Pure."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher

from mcp_ref_browser.page.tree import ancestors, comparable, parents, ref_of

CONTEXT = 1
# More lines than anybody reads the difference of.
MOST_DIFFERENT = 20_000
# Comparing each line with each is cubic where a page repeats itself, so that is done in small gaps alone.
_MOST_COMPARED = 2500

Change = tuple[int, int, int, int]
"""Lines `[a, b)` of the old snapshot became `[c, d)` of the new one."""


def changes(old: Sequence[str], new: Sequence[str]) -> list[Change] | None:
    """The places where they differ; None where they differ in too much."""
    before, after = [comparable(line) for line in old], [comparable(line) for line in new]
    begin = _common(before, after)
    end = _common(before[begin:][::-1], after[begin:][::-1])
    middle_old, middle_new = before[begin : len(before) - end], after[begin : len(after) - end]
    if max(len(middle_old), len(middle_new)) > MOST_DIFFERENT:
        return None
    out: list[Change] = []
    done = (0, 0)
    for one, other in [*_anchors(middle_old, middle_new), (len(middle_old), len(middle_new))]:
        gap = _between(middle_old[done[0] : one], middle_new[done[1] : other])
        at, to = begin + done[0], begin + done[1]
        out += [(at + a, at + b, to + c, to + d) for a, b, c, d in gap]
        done = one + 1, other + 1
    return out


def rendered(old: Sequence[str], new: Sequence[str], found: Sequence[Change]) -> list[str]:
    """The changes as a diff: `+` and `-` lines, and what they are in.

    A node that is still there is shown as it is now, and needs no line of context, since its ref says where it is. A
    removed one is shown without what was in it, which is gone as well.
    """
    out: list[str] = []
    above = parents(new)
    shown = -1
    for a, b, c, d in found:
        now = {ref for line in new[c:d] if (ref := ref_of(line))}
        gone = _outermost([line for line in old[a:b] if ref_of(line) not in now])
        margin = 0 if len(now) == d - c and not gone and now <= {ref_of(line) for line in old[a:b]} else CONTEXT
        first = max(c - margin, shown + 1, 0)
        last = min(d + margin, len(new))
        around = ancestors(above, min(c, len(new) - 1)) if new else []
        out += [f"  {new[at]}" for at in around if shown < at < first]
        out += [f"  {new[at]}" for at in range(first, min(c, len(new)))]
        out += [f"- {line}" for line in gone]
        out += [f"+ {line}" for line in new[c:d]]
        out += [f"  {new[at]}" for at in range(d, last)]
        shown = max(shown, last - 1)
    return out


def _anchors(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """The places of lines that stand once in each, as many as there are in the same order: most lines have a ref."""
    singles = _singles(new)
    pairs = [(at, singles[line]) for line, at in _singles(old).items() if line in singles]
    lasts: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for number, (_, place) in enumerate(pairs):
        rank = bisect_left(lasts, place)
        before.append(ends[rank - 1] if rank else -1)
        lasts[rank : rank + 1] = [place]
        ends[rank : rank + 1] = [number]
    chain: list[tuple[int, int]] = []
    number = ends[-1] if ends else -1
    while number >= 0:
        chain.append(pairs[number])
        number = before[number]
    return chain[::-1]


def _singles(lines: Sequence[str]) -> dict[str, int]:
    counts = Counter(lines)
    return {line: at for at, line in enumerate(lines) if counts[line] == 1}


def _between(old: Sequence[str], new: Sequence[str]) -> list[Change]:
    """The changes in a gap; where it is large, all of it."""
    if not old and not new:
        return []
    if len(old) * len(new) > _MOST_COMPARED:
        return [(0, len(old), 0, len(new))]
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    return [(a, b, c, d) for tag, a, b, c, d in matcher.get_opcodes() if tag != "equal"]


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count


def _outermost(lines: Sequence[str]) -> list[str]:
    out: list[str] = []
    depth = -1
    for line in lines:
        indent = len(line) - len(line.lstrip(" "))
        if depth < 0 or indent <= depth:
            depth = indent
            out.append(line)
    return out
