"""Unified diffs in bounded time, whatever the text. Pure: no I/O, no clock.

Lines that occur once on both sides anchor the comparison (patience diff); only what lies between two anchors is
compared line by line. A budget of steps caps hostile input: what is left when it is spent shows as replaced whole.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from msgspec import Struct

NO_NEWLINE = "\\ No newline at end of file\n"
# SequenceMatcher is cubic at worst: 100 x 100 lines take about 10 ms on hostile input.
SMALL_GAP = 10_000
# The longest diff handed out: a reader gains nothing from more, and the answer has to stay under its own limit.
DIFF_CHARS = 60_000


class Change(Struct, frozen=True):
    """Old lines [old_start, old_end) became new lines [new_start, new_end)."""

    old_start: int
    old_end: int
    new_start: int
    new_end: int


def unified(old: str, new: str, path: str, *, context: int = 3) -> str:
    """The change from `old` to `new` as a unified diff; empty when they are equal.

    Lines end at LF alone, so the diff applies byte for byte; a carriage return before it is part of the line.
    """
    if old == new:
        return ""
    first, old_lines, new_lines = _window(old, new, context)
    rule = "=" * 67
    head = f"Index: {path}\n{rule}\n--- {path}\toriginal\n+++ {path}\tmodified\n"
    hunks = _hunks(changes(old_lines, new_lines), context)
    return head + "".join(_hunk(hunk, first, (old_lines, new_lines), context) for hunk in hunks)


def fenced(diff: str) -> str:
    """The diff as a Markdown block whose fence is longer than any run of backticks inside."""
    fence = "```"
    while fence in diff:
        fence += "`"
    return f"{fence}diff\n{diff}{fence}\n\n"


def clipped(diff: str, most: int = DIFF_CHARS) -> str:
    """The diff, cut on a line with a note when it is longer than `most` characters."""
    if len(diff) <= most:
        return diff
    kept = diff[: diff.rfind("\n", 0, most) + 1]
    return f"{kept}... {diff.count(chr(10), len(kept))} more lines of the diff are left out\n"


def similarity(old: str, new: str) -> float:
    """The share of lines that both texts have in common, from 0 to 1."""
    if old == new:
        return 1.0
    old_lines, new_lines = lines_of(old), lines_of(new)
    changed = sum(c.old_end - c.old_start + c.new_end - c.new_start for c in changes(old_lines, new_lines))
    return 1 - changed / (len(old_lines) + len(new_lines))


def lines_of(text: str) -> list[str]:
    """The lines of a text with their line feeds; `splitlines` would also cut at form feeds and U+2028."""
    pieces = text.split("\n")
    last = pieces.pop()
    lines = [piece + "\n" for piece in pieces]
    if last:
        lines.append(last)
    return lines


def changes(old: Sequence[str], new: Sequence[str]) -> list[Change]:
    """The ranges in which two lists of lines differ, from the first to the last."""
    budget = 100_000 + 50 * (len(old) + len(new))
    found: list[Change] = []
    stack = [Change(0, len(old), 0, len(new))]
    while stack:
        gap = _trimmed(old, new, stack.pop())
        if gap.old_start == gap.old_end or gap.new_start == gap.new_end:
            if gap.old_end > gap.old_start or gap.new_end > gap.new_start:
                found.append(gap)
            continue
        height, width = gap.old_end - gap.old_start, gap.new_end - gap.new_start
        budget -= height + width
        parts = _between_anchors(old, new, gap) if budget > 0 else []
        if parts:
            stack.extend(reversed(parts))
        elif height * width <= min(SMALL_GAP, budget):
            budget -= height * width
            found.extend(_compared(old, new, gap))
        else:
            found.append(gap)
    return found


def common_prefix(old: str, new: str) -> int:
    """How many characters both texts begin with; halving keeps the work in memory comparisons."""
    low, high = 0, min(len(old), len(new))
    while low < high:
        middle = (low + high + 1) // 2
        if old[low:middle] == new[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def common_suffix(old: str, new: str, prefix: int) -> int:
    """How many characters both texts end with, not counting their first `prefix`."""
    low, high = 0, min(len(old), len(new)) - prefix
    while low < high:
        middle = (low + high + 1) // 2
        if old[len(old) - middle : len(old) - low] == new[len(new) - middle : len(new) - low]:
            low = middle
        else:
            high = middle - 1
    return low


def _window(old: str, new: str, context: int) -> tuple[int, list[str], list[str]]:
    """The lines that differ with their context, and the number of lines before them."""
    start = common_prefix(old, new)
    end = common_suffix(old, new, start)
    start = old.rfind("\n", 0, start) + 1
    for _ in range(context):
        start = old.rfind("\n", 0, max(0, start - 1)) + 1
    old_end, new_end = len(old) - end, len(new) - end
    # One line more than the context: the cut may lie inside the last line that differs.
    tail = 0
    for _ in range(context + 1):
        at = old.find("\n", old_end + tail)
        tail = (len(old) if at < 0 else at + 1) - old_end
    return old.count("\n", 0, start), lines_of(old[start : old_end + tail]), lines_of(new[start : new_end + tail])


def _trimmed(old: Sequence[str], new: Sequence[str], gap: Change) -> Change:
    old_start, old_end, new_start, new_end = gap.old_start, gap.old_end, gap.new_start, gap.new_end
    while old_start < old_end and new_start < new_end and old[old_start] == new[new_start]:
        old_start += 1
        new_start += 1
    while old_start < old_end and new_start < new_end and old[old_end - 1] == new[new_end - 1]:
        old_end -= 1
        new_end -= 1
    return Change(old_start, old_end, new_start, new_end)


def _between_anchors(old: Sequence[str], new: Sequence[str], gap: Change) -> list[Change]:
    """The gaps between lines that occur once on each side; none when there is no such line."""
    in_old = _once(old, gap.old_start, gap.old_end)
    in_new = _once(new, gap.new_start, gap.new_end)
    pairs = [(at, in_new[line]) for line, at in in_old.items() if at >= 0 and in_new.get(line, -1) >= 0]
    parts: list[Change] = []
    old_at, new_at = gap.old_start, gap.new_start
    for anchor_old, anchor_new in _rising(pairs):
        parts.append(Change(old_at, anchor_old, new_at, anchor_new))
        old_at, new_at = anchor_old + 1, anchor_new + 1
    if parts:
        parts.append(Change(old_at, gap.old_end, new_at, gap.new_end))
    return parts


def _once(lines: Sequence[str], start: int, end: int) -> dict[str, int]:
    """Each line and where it stands, or -1 when it stands there more than once."""
    places: dict[str, int] = {}
    for at in range(start, end):
        line = lines[at]
        places[line] = -1 if line in places else at
    return places


def _rising(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest run of pairs that rises on both sides (patience sorting); the first members rise already."""
    tops: list[int] = []
    heads: list[int] = []
    before: list[int] = []
    for index, (_, place) in enumerate(pairs):
        pile = bisect_left(tops, place)
        tops[pile : pile + 1] = [place]
        heads[pile : pile + 1] = [index]
        before.append(heads[pile - 1] if pile else -1)
    run: list[tuple[int, int]] = []
    at = heads[-1] if heads else -1
    while at >= 0:
        run.append(pairs[at])
        at = before[at]
    return run[::-1]


def _compared(old: Sequence[str], new: Sequence[str], gap: Change) -> Iterator[Change]:
    matcher = SequenceMatcher(None, old[gap.old_start : gap.old_end], new[gap.new_start : gap.new_end], autojunk=False)
    for tag, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        if tag != "equal":
            yield Change(
                gap.old_start + old_start, gap.old_start + old_end, gap.new_start + new_start, gap.new_start + new_end
            )


def _hunks(found: list[Change], context: int) -> list[list[Change]]:
    hunks: list[list[Change]] = []
    for change in found:
        if hunks and change.old_start - hunks[-1][-1].old_end <= 2 * context:
            hunks[-1].append(change)
        else:
            hunks.append([change])
    return hunks


def _hunk(hunk: list[Change], first: int, sides: tuple[list[str], list[str]], context: int) -> str:
    old, new = sides
    start = max(0, hunk[0].old_start - context)
    end = min(len(old), hunk[-1].old_end + context)
    new_start = hunk[0].new_start - (hunk[0].old_start - start)
    new_end = hunk[-1].new_end + (end - hunk[-1].old_end)
    lines = [f"@@ -{_range(first + start, end - start)} +{_range(first + new_start, new_end - new_start)} @@\n"]
    at = start
    for change in hunk:
        lines += [_marked(" ", line) for line in old[at : change.old_start]]
        lines += [_marked("-", line) for line in old[change.old_start : change.old_end]]
        lines += [_marked("+", line) for line in new[change.new_start : change.new_end]]
        at = change.old_end
    lines += [_marked(" ", line) for line in old[at:end]]
    return "".join(lines)


def _range(start: int, count: int) -> str:
    """`line,count` as diff writes it: an empty range names the line before it."""
    if count == 1:
        return str(start + 1)
    return f"{start + 1 if count else start},{count}"


def _marked(mark: str, line: str) -> str:
    return f"{mark}{line}" if line.endswith("\n") else f"{mark}{line}\n{NO_NEWLINE}"
