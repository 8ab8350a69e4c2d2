"""Branches and tags from `for-each-ref`. Pure, but for the commands.

It works out every field of the format for every ref before it sorts them (measured: 12 s for a million branches, 0.4 s
for their names). So names are sorted first, and only those of the page are looked at.
"""

import os
from collections.abc import Iterator, Sequence
from typing import LiteralString

from msgspec import Struct

from mcp_ref_git.program.argv import MOST_PATH_BYTES, Argv
from mcp_ref_git.program.parsing import records
from mcp_ref_git.program.words import Value
from mcp_ref_git.reading.commits import Person
from mcp_ref_git.repository import Opened

_BRANCH: LiteralString = (
    "--format=%(refname)%00%(objectname)%00%(upstream:short)%00%(upstream:track,nobracket)%00%(HEAD)%00"
    "%(contents:subject)%00%(committerdate:iso-strict)%00%(worktreepath)%00"
)
_TAG: LiteralString = (
    "--format=%(refname)%00%(objectname)%00%(objecttype)%00%(*objectname)%00%(taggername)%00%(taggeremail)%00"
    "%(creatordate:iso-strict)%00%(contents:subject)%00"
)
_FIELDS = 8


class Branch(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A branch; `gone`: its upstream is no more. `worktree`: where it is checked out."""

    name: str
    commit: str
    subject: str
    date: str
    current: bool
    upstream: str | None = None
    ahead: int | None = None
    behind: int | None = None
    gone: bool = False
    remote: bool = False
    worktree: str | None = None


class TagEntry(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A tag, and the commit that it leads to."""

    name: str
    commit: str
    annotated: bool
    date: str | None
    subject: str
    tagger: Person | None = None


def ref_listing() -> Argv:
    """A command that `read_refs` understands, still without patterns."""
    return Argv("for-each-ref", "--format=%(refname)")


async def read_refs(opened: Opened, argv: Argv) -> list[str]:
    """The whole names of the refs that the command lists, in its order."""
    answer = await opened.git(argv)
    return [os.fsdecode(name) for name in answer.out.splitlines()]


async def read_branches(opened: Opened, refs: Sequence[str]) -> list[Branch]:
    """The branches of these names; one that is gone by now is left out."""
    return [_branch(fields) for fields in await _details(opened, _BRANCH, refs)]


async def read_tags(opened: Opened, refs: Sequence[str]) -> list[TagEntry]:
    """The tags of these names."""
    return [_tag(fields) for fields in await _details(opened, _TAG, refs)]


async def _details(opened: Opened, form: LiteralString, refs: Sequence[str]) -> list[tuple[str, ...]]:
    """Fields of refs in the order of their names as they are given."""
    found: list[tuple[str, ...]] = []
    for some in _portions(refs):
        answer = await opened.git(Argv("for-each-ref", form).put(*map(Value, some)))
        found += records(answer.out.replace(b"\0\n", b"\0"), _FIELDS)
    order = {os.fsencode(name).decode("utf-8", "replace"): place for place, name in enumerate(refs)}
    # A name is a pattern too: what lies beneath it came into being meanwhile.
    return sorted((fields for fields in found if fields[0] in order), key=lambda fields: order[fields[0]])


def _portions(refs: Sequence[str]) -> Iterator[list[str]]:
    """As many names at a time as a command line takes."""
    some: list[str] = []
    size = 0
    for name in refs:
        if size > MOST_PATH_BYTES:
            yield some
            some, size = [], 0
        some.append(name)
        size += len(name)
    if some:
        yield some


def _branch(fields: tuple[str, ...]) -> Branch:
    ref, commit, upstream, track, head, subject, date, worktree = fields
    counts = {word: int(number) for word, _, number in (part.partition(" ") for part in track.split(", ")) if number}
    in_step = bool(upstream) and track != "gone"
    return Branch(
        name=ref.removeprefix("refs/heads/").removeprefix("refs/remotes/"),
        commit=commit,
        subject=subject,
        date=date,
        current=head == "*",
        upstream=upstream or None,
        ahead=counts.get("ahead", 0) if in_step else None,
        behind=counts.get("behind", 0) if in_step else None,
        gone=track == "gone",
        remote=ref.startswith("refs/remotes/"),
        worktree=worktree or None,
    )


def _tag(fields: tuple[str, ...]) -> TagEntry:
    ref, object_id, kind, peeled, name, email, date, subject = fields
    return TagEntry(
        name=ref.removeprefix("refs/tags/"),
        commit=peeled or object_id,
        annotated=kind == "tag",
        date=date or None,
        subject=subject,
        tagger=Person(name, email.strip("<>")) if name else None,
    )
