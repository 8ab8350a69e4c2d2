"""Who last changed each line, from `blame --porcelain`, in groups. Pure."""

import re
from datetime import UTC, datetime

from msgspec import Struct

from mcp_ref_git.reading.commits import Person
from mcp_ref_kit.paths import show

_HEAD = re.compile(r"([0-9a-f]{40,64}) (\d+) (\d+)(?: \d+)?")
# A line is shown up to here.
MOST_LINE = 1000


class Hunk(Struct, frozen=True):
    """Lines that one commit wrote; orig_path is what the file was called there."""

    commit: str
    author: Person
    date: str
    summary: str
    start: int
    end: int
    orig_path: str
    lines: list[str]


class _Facts(Struct):
    """What is said of a commit where it comes up first."""

    author: str = ""
    mail: str = ""
    time: int = 0
    summary: str = ""


def parse_blame(data: bytes) -> list[Hunk]:
    """The groups of `blame --porcelain`."""
    known: dict[str, _Facts] = {}
    hunks: list[Hunk] = []
    commit, number, path = "", 0, ""
    for line in data.decode("utf-8", "surrogateescape").split("\n"):
        head = _HEAD.fullmatch(line)
        if line.startswith("\t"):
            _add(hunks, (commit, known[commit], path), number, line[1:])
        elif head is not None:
            commit, number = head[1], int(head[3])
            known.setdefault(commit, _Facts())
        elif commit:
            key, _, value = line.partition(" ")
            path = value if key == "filename" else path
            _note(known[commit], key, value)
    return hunks


def _note(facts: _Facts, key: str, value: str) -> None:
    if key == "author":
        facts.author = value
    elif key == "author-mail":
        facts.mail = value.strip("<>")
    elif key == "author-time" and value.isdecimal():
        facts.time = int(value)
    elif key == "summary":
        facts.summary = value


def _add(hunks: list[Hunk], origin: tuple[str, _Facts, str], number: int, text: str) -> None:
    commit, facts, path = origin
    line = _clean(text)[:MOST_LINE]
    last = hunks[-1] if hunks else None
    if last is not None and last.commit == commit and last.end == number - 1 and last.orig_path == show(path):
        hunks[-1] = Hunk(
            commit, last.author, last.date, last.summary, last.start, number, last.orig_path, [*last.lines, line]
        )
        return
    person = Person(_clean(facts.author), _clean(facts.mail))
    date = datetime.fromtimestamp(min(facts.time, 253402300799), UTC).isoformat()  # the last second of year 9999
    hunks.append(Hunk(commit, person, date, _clean(facts.summary), number, number, show(path), [line]))


def _clean(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
