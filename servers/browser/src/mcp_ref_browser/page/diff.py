"""What has changed between two snapshots of a page, as whole lines that can be acted on. Pure."""

from collections.abc import Sequence
from difflib import SequenceMatcher

from mcp_ref_browser.page.tree import ancestors, comparable, ref_of

CONTEXT = 1
# Comparing is quadratic in the lines that differ; beyond this a full snapshot is the better answer anyway.
MOST_DIFFERENT = 1500

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
    matcher = SequenceMatcher(None, middle_old, middle_new, autojunk=False)
    return [(begin + a, begin + b, begin + c, begin + d) for tag, a, b, c, d in matcher.get_opcodes() if tag != "equal"]


def rendered(old: Sequence[str], new: Sequence[str], found: Sequence[Change]) -> list[str]:
    """The changes as a diff: `+` and `-` lines, and what they are in.

    A node that is still there is shown as it is now, and needs no line of context, since its ref says where it is. A
    removed one is shown without what was in it, which is gone as well.
    """
    out: list[str] = []
    shown = -1
    for a, b, c, d in found:
        now = {ref for line in new[c:d] if (ref := ref_of(line))}
        gone = _outermost([line for line in old[a:b] if ref_of(line) not in now])
        margin = 0 if len(now) == d - c and not gone and now <= {ref_of(line) for line in old[a:b]} else CONTEXT
        first = max(c - margin, shown + 1, 0)
        last = min(d + margin, len(new))
        around = ancestors(new, min(c, len(new) - 1)) if new else []
        out += [f"  {new[at]}" for at in around if shown < at < first]
        out += [f"  {new[at]}" for at in range(first, min(c, len(new)))]
        out += [f"- {line}" for line in gone]
        out += [f"+ {line}" for line in new[c:d]]
        out += [f"  {new[at]}" for at in range(d, last)]
        shown = max(shown, last - 1)
    return out


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
