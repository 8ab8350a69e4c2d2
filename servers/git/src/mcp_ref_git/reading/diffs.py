"""Diffs: the files always all of them, the text a page at a time, of what was asked for without reading the rest."""

import re
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from mcp_ref_git.program.argv import MOST_PATH_BYTES, Argv, size_of
from mcp_ref_git.program.environment import OFFLINE
from mcp_ref_git.program.words import ObjectId, RepoPath, Value
from mcp_ref_git.reading.commits import ENCODED, FIELDS, FORMAT, FileChange
from mcp_ref_git.reading.listing import File, Listing
from mcp_ref_git.reading.paging import Cut, cut, header_of
from mcp_ref_git.repository import Opened
from mcp_ref_kit.paths import is_encoded, show

Merges = Literal["first-parent", "combined", "none"]

# Files whose text one page is made of; more of them have no room in it.
FILES_A_PAGE = 200
# What stands above the first hunk of a file is shown again on each page of it, up to here.
_MOST_HEADER = 2000

GENERATED = re.compile(
    r"(?:.*/)?(?:package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lockb?|poetry\.lock|uv\.lock"
    r"|pdm\.lock|Pipfile\.lock|Cargo\.lock|Gemfile\.lock|composer\.lock|go\.sum|flake\.lock|mix\.lock|packages\.lock\.json"
    r"|[^/]*\.min\.(?:js|css|mjs)|[^/]*\.(?:js|css)\.map)",
    re.DOTALL,
)


class Shape(Struct, frozen=True, kw_only=True):
    """How a diff is to look."""

    context: int = 3
    renames: bool = True
    ignore_whitespace: bool = False
    words: bool = False
    exclude_generated: bool = True
    text: bool = True
    """The text of the diff, beside its files."""
    numbers: bool = True
    """How many lines each file gains and loses."""
    most: int = 100_000


class Compared(Struct, frozen=True, kw_only=True):
    """What is compared: the index or the work tree, two commits, or one commit with its parents."""

    cached: bool = False
    base: ObjectId | None = None
    target: ObjectId | None = None
    commit: Value | None = None
    merges: Merges = "first-parent"
    paths: tuple[RepoPath, ...] = ()


class Position(Struct, frozen=True, omit_defaults=True):
    """Where a page begins: a file by its number, and how much of its text came before; the commits are pinned."""

    file: int = 0
    offset: int = 0
    base: str | None = None
    target: str | None = None


_START = Position()


class Diff(Struct, kw_only=True):
    """A page of a diff. `fields` are those of the commit, where one was shown."""

    files: list[FileChange]
    text: str = ""
    excluded: list[str]
    next: Position | None = None
    fields: tuple[str, ...] = ()


async def read_diff(
    opened: Opened,
    compared: Compared,
    shape: Shape,
    position: Position = _START,
    extra: dict[str, str] | None = None,
) -> Diff:
    """The page of a diff that begins at a position; `extra` are variables for its commands."""
    is_first = position.file == 0 and position.offset == 0
    wanted = replace(shape, numbers=shape.numbers and is_first)
    before = FIELDS if compared.commit is not None else 0
    most = shape.most if is_first and shape.text else 0
    listing = Listing(before=before, most_text=most)
    argv = _command(compared, wanted, listed=True, text=most > 0)
    await opened.git(argv, take=listing.take, extra=extra or OFFLINE)
    files = listing.files
    excluded = [file for file in files if _is_generated(file, shape, compared)]
    diff = Diff(
        files=[file.change for file in files],
        excluded=[show(file.path) for file in excluded],
        fields=tuple(listing.fields),
    )
    kept = [file for file in files if file not in excluded] if excluded else files
    if not shape.text or position.file >= len(kept):
        return diff
    if is_first and not excluded and not any(file.combined or is_encoded(file.path) for file in files):
        return _paged(diff, bytes(listing.text), shape.most, position, b"")
    return await _text_of(opened, compared, shape, (kept, position, extra), diff)


async def _text_of(
    opened: Opened,
    compared: Compared,
    shape: Shape,
    place: tuple[list[File], Position, dict[str, str] | None],
    diff: Diff,
) -> Diff:
    """The text from a position on, of the files that may have room on the page."""
    files, position, extra = place
    paths = _paths_of(files[position.file : position.file + FILES_A_PAGE])
    collected = bytearray()
    most = position.offset + shape.most

    def take(piece: bytes) -> bool:
        collected.extend(piece)
        return len(collected) <= most

    argv = _command(replace(compared, paths=tuple(paths)), shape, listed=False, text=True)
    await opened.git(argv, take=take, extra=extra or OFFLINE)
    whole = bytes(collected)
    header = header_of(whole)[:_MOST_HEADER] if position.offset else b""
    diff = _paged(diff, whole[position.offset :], shape.most, position, header)
    if diff.next is None and position.file + FILES_A_PAGE < len(files):
        diff.next = replace(position, file=position.file + FILES_A_PAGE, offset=0)
    return diff


def _paged(diff: Diff, text: bytes, most: int, position: Position, header: bytes) -> Diff:
    """The page, and where the next one begins."""
    if len(text) > most:
        found = cut(text, most, is_inside=position.offset > 0)
        diff.next = _after(position, found, text)
        text = text[: found.end]
    diff.text = (header + text).decode("utf-8", "replace")
    return diff


def _after(position: Position, found: Cut, text: bytes) -> Position:
    if text.startswith(b"diff --", found.end):
        return replace(position, file=position.file + found.files, offset=0)
    began_here = position.offset if found.files == 1 and position.offset else 0
    return replace(position, file=position.file + max(found.files, 1) - 1, offset=began_here + found.of_last)


def _is_generated(file: File, shape: Shape, compared: Compared) -> bool:
    """Whether a file is left out of the text: a lock file, say, unless it was asked for by its name."""
    named = any(path.text == file.path for path in compared.paths)
    return shape.exclude_generated and not named and GENERATED.fullmatch(file.path) is not None


def _paths_of(files: list[File]) -> list[RepoPath]:
    paths = [RepoPath(name) for file in files for name in (file.old, file.path) if name is not None]
    while size_of(paths) > MOST_PATH_BYTES:
        paths = paths[: len(paths) // 2]
    return paths


def _command(compared: Compared, shape: Shape, *, listed: bool, text: bool) -> Argv:
    one = compared.commit is not None
    argv = Argv("show", ENCODED, "--no-notes", "--no-mailmap") if one else Argv("diff")
    if one:
        argv.add(FORMAT, when=listed).add("--format=", when=not listed)
        argv.add("--diff-merges=first-parent", when=compared.merges == "first-parent")
        argv.add("--diff-merges=dense-combined", when=compared.merges == "combined")
        argv.add("--diff-merges=off", when=compared.merges == "none")
    argv.add("--no-ext-diff", "--no-textconv", "--ignore-submodules=dirty", "--submodule=short", "--no-relative")
    argv.add("--src-prefix=a/", "--dst-prefix=b/", "--inter-hunk-context=0")
    argv.add("--find-renames", when=shape.renames).add("--no-renames", when=not shape.renames)
    argv.add("--ignore-all-space", when=shape.ignore_whitespace)
    argv.add("--raw", "-z", when=listed).add("--numstat", when=listed and shape.numbers)
    if text:
        argv.add("--word-diff=plain", when=shape.words).add("--patch").attach("--unified=", shape.context)
    elif not listed:
        argv.add("--no-patch")
    argv.add("--cached", when=compared.cached).put(compared.base, compared.target, compared.commit)
    return argv.paths(compared.paths)
