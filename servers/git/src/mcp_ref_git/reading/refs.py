"""Branches and tags from `for-each-ref`. Pure, but for the commands."""

from typing import LiteralString

from msgspec import Struct

from mcp_ref_git.program.argv import Argv
from mcp_ref_git.program.parsing import records
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


def branch_listing() -> Argv:
    """A command that `read_branches` understands, still without patterns."""
    return Argv("for-each-ref", _BRANCH)


def tag_listing() -> Argv:
    """A command that `read_tags` understands, still without patterns."""
    return Argv("for-each-ref", _TAG)


async def read_branches(opened: Opened, argv: Argv) -> list[Branch]:
    """The branches that the command lists."""
    answer = await opened.git(argv)
    return [_branch(fields) for fields in records(answer.out.replace(b"\0\n", b"\0"), _FIELDS)]


async def read_tags(opened: Opened, argv: Argv) -> list[TagEntry]:
    """The tags that the command lists."""
    answer = await opened.git(argv)
    return [_tag(fields) for fields in records(answer.out.replace(b"\0\n", b"\0"), _FIELDS)]


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
