"""Commits as git prints them in fields that NUL ends, and as tools return them. Pure."""

from typing import LiteralString

from msgspec import Struct

from mcp_ref_git.program.parsing import records

# Sixteen fields; none of them can hold a NUL. The last is empty where a commit has no declared encoding.
FORMAT: LiteralString = (
    "--format=%H%x00%h%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%D%x00%s%x00%b%x00"
    "%(trailers:only,unfold,separator=%x01)"
)
FIELDS = 13
# git puts the text of a commit into this encoding, from the one that the commit declares.
ENCODED: LiteralString = "--encoding=UTF-8"

# In a list a message is shown up to here; longer ones are generated, and git_show has more of them.
MOST_BODY = 10_000
MOST_SUBJECT = 2_000
MOST_TRAILERS = 200
# Refs that are shown beside a commit; of more it is told how many there are.
MOST_REFS = 100
_CUT = "[message cut; it has {} characters]"


class Person(Struct, frozen=True):
    """Who wrote or committed; a name is not verified by anybody."""

    name: str
    email: str


class FileChange(Struct, frozen=True, omit_defaults=True):
    """A file that a diff changes; the numbers are lines, null for a binary file or where they were not asked for."""

    path: str
    status: str
    additions: int | None
    deletions: int | None
    binary: bool = False
    old_path: str | None = None
    name_encoded: bool = False


class Commit(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One commit."""

    hash: str
    short: str
    author: Person
    date: str
    committer: Person
    commit_date: str
    subject: str
    body: str
    trailers: list[tuple[str, str]]
    parents: list[str]
    refs: list[str]
    stat: list[FileChange] | None = None
    patch: str | None = None
    patch_truncated: bool = False


def commits(data: bytes) -> list[Commit]:
    """The commits of `log -z` with `FORMAT`."""
    return [commit(fields) for fields in records(data, FIELDS)]


def commit(fields: tuple[str, ...], most_body: int = MOST_BODY) -> Commit:
    """The commit of one record, its message cut where it is too long."""
    (full, short, parents, name, email, date, committer, c_email, c_date, refs, subject, body, trailers) = fields
    return Commit(
        hash=full,
        short=short,
        author=Person(name, email),
        date=date,
        committer=Person(committer, c_email),
        commit_date=c_date,
        subject=_cut(subject, MOST_SUBJECT, " "),
        body=_cut(body.rstrip("\n"), most_body, "\n"),
        trailers=[_trailer(line) for line in trailers.split("\x01", MOST_TRAILERS)[:MOST_TRAILERS] if line],
        parents=parents.split(" ") if parents else [],
        refs=_refs(refs),
    )


def as_text(commit: Commit) -> str:
    """A commit in the form of the official server."""
    message = f"{commit.subject}\n\n{commit.body}" if commit.body else commit.subject
    return (
        f"Commit: {commit.hash}\nAuthor: {commit.author.name} <{commit.author.email}>\n"
        f"Date: {commit.date}\nMessage: {message}\n"
    )


def _refs(text: str) -> list[str]:
    names = text.split(", ", MOST_REFS) if text else []
    return names if len(names) <= MOST_REFS else [*names[:MOST_REFS], f"and {names[MOST_REFS].count(', ') + 1} more"]


def _cut(text: str, most: int, before: str) -> str:
    return text if len(text) <= most else f"{text[:most]}{before}{_CUT.format(len(text))}"


def _trailer(line: str) -> tuple[str, str]:
    key, _, value = line.partition(": ")
    return key, _cut(value, MOST_SUBJECT, " ")
