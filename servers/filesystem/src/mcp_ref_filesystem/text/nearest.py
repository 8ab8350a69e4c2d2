"""The blocks of a text that come nearest to one that is not in it, within a deadline."""

import re
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from difflib import SequenceMatcher

from msgspec import Struct

from mcp_ref_filesystem.text.diff import unified

# Below this two blocks only look alike by chance.
LEAST_ALIKE = 0.5
# Lines or words looked up, places taken of each, and windows compared: enough for a good hit, bounded on hostile text.
MOST_NEEDLES = 16
MOST_HITS = 200
MOST_WINDOWS = 60
# Lines and characters of a window that are compared; a longer block is judged by its beginning.
LINES_COMPARED = 60
CHARS_COMPARED = 200
DIFF_LINES = 24

WORD = re.compile(r"\w+")
# What word processors make of plain quotes, dashes and dots.
PLAIN = str.maketrans({
    "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u00ab": '"', "\u00bb": '"',
    "\u2013": "-", "\u2014": "-", "\u2026": "...", "\u00a0": " ",
})  # fmt: skip

Clock = Callable[[], float]


class Block(Struct, frozen=True, kw_only=True):
    """Lines of the text that come near, how near, in what they differ, and the difference."""

    line: int
    similarity: float
    kind: str
    diff: str


def nearest(
    text: str, old: str, *, most: int = 3, seconds: float = 0.05, clock: Clock = time.perf_counter
) -> list[Block]:
    """The blocks of as many lines as `old` that are most like it, best first. Both texts have line feeds only."""
    deadline = clock() + seconds
    twin = text.replace("\r", "\n").find(old) if "\r" in text else -1
    if twin >= 0:
        end = "The file has a lone carriage return where oldText has a line feed."
        return [Block(line=text.count("\n", 0, twin) + 1, similarity=1.0, kind="line end", diff=end)]
    wanted = old.strip("\n").split("\n")
    last = max(0, text.count("\n") + 1 - len(wanted))
    votes: Counter[int] = Counter()
    for needles in (_whole_lines(wanted), _words(wanted)):
        for needle, line in needles:
            if clock() < deadline:
                votes.update(min(start, last) for start in _starts(text, needle, line))
        if votes:
            break
    lines = text.split("\n")
    scored: list[tuple[float, int]] = []
    for start, _ in votes.most_common(MOST_WINDOWS):
        window = lines[start : start + len(wanted)]
        scored.append((_alike(wanted, window, clock, deadline), start))
        if clock() > deadline:
            break
    return [_block(wanted, lines, start, score) for score, start in _apart(scored, len(wanted))[:most]]


def _whole_lines(wanted: list[str]) -> list[tuple[str, int]]:
    """The longest lines of the block, each with its number there."""
    lines = [(line.strip(), number) for number, line in enumerate(wanted)]
    return sorted((pair for pair in lines if pair[0]), key=_length, reverse=True)[:MOST_NEEDLES]


def _words(wanted: list[str]) -> list[tuple[str, int]]:
    """The longest words of the block, each with the number of the first line that has it."""
    words: dict[str, int] = {}
    for number, line in enumerate(wanted[:LINES_COMPARED]):
        for word in WORD.findall(line[: 10 * CHARS_COMPARED]):
            words.setdefault(word, number)
    return sorted(words.items(), key=_length, reverse=True)[:MOST_NEEDLES]


def _length(needle: tuple[str, int]) -> int:
    return len(needle[0])


def _starts(text: str, needle: str, line: int) -> Iterator[int]:
    """Where a window would begin, for each place at which the needle stands."""
    number = seen = 0
    at = text.find(needle)
    for _ in range(MOST_HITS):
        if at < 0:
            return
        number += text.count("\n", seen, at)
        seen = at
        yield max(0, number - line)
        at = text.find(needle, at + len(needle))


def _alike(wanted: list[str], window: list[str], clock: Clock, deadline: float) -> float:
    """The mean likeness of the lines, weighed by their length."""
    total = weight = 0.0
    for old, new in zip(wanted[:LINES_COMPARED], window, strict=False):
        old_line, new_line = old.strip()[:CHARS_COMPARED], new.strip()[:CHARS_COMPARED]
        size = len(old_line) + 1
        weight += size
        if old_line == new_line:
            total += size
        elif clock() < deadline:
            total += size * SequenceMatcher(None, old_line, new_line, autojunk=False).ratio()
    return total / weight


def _apart(scored: list[tuple[float, int]], height: int) -> list[tuple[float, int]]:
    """The best windows that do not overlap a better one."""
    kept: list[tuple[float, int]] = []
    for score, start in sorted(scored, key=lambda item: (-item[0], item[1])):
        if score >= LEAST_ALIKE and all(abs(start - other) >= height for _, other in kept):
            kept.append((score, start))
    return kept


def _block(wanted: list[str], lines: list[str], start: int, score: float) -> Block:
    window = lines[start : start + len(wanted)]
    diff = unified("\n".join(wanted) + "\n", "\n".join(window) + "\n", "").split("\n")[5:-1]
    shown = "\n".join(line[: CHARS_COMPARED + 1] for line in diff[:DIFF_LINES])
    more = f"\n... {len(diff) - DIFF_LINES} more lines" if len(diff) > DIFF_LINES else ""
    kind = _kind("\n".join(wanted), "\n".join(window))
    return Block(line=start + 1, similarity=round(score, 2), kind=kind, diff=shown + more)


def _kind(old: str, new: str) -> str:
    """The first difference whose removal makes the two equal; the removals add up."""
    for kind, removed in KINDS:
        old, new = removed(old), removed(new)
        if old == new:
            return kind
    return "text"


def _stripped(text: str) -> str:
    return "\n".join(line.strip(" \t") for line in text.split("\n"))


def _spaced(text: str) -> str:
    return " ".join(text.split())


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _plain(text: str) -> str:
    return text.translate(PLAIN)


# In this order: the first ones are the most frequent and the least deep.
KINDS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("indentation", _stripped),
    ("white space", _spaced),
    ("unicode form", _composed),
    ("quotes", _plain),
    ("letter case", str.casefold),
)
