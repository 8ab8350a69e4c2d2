"""git_show: a commit, tag, directory or file as it was."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from msgspec import Struct, field, structs

from mcp_protocol import ContentBlock, Output, ToolError, Toolset, arg
from mcp_ref_git.errors import BadRevision
from mcp_ref_git.pages import Bookmark, Page, Truncation
from mcp_ref_git.program.argv import Argv
from mcp_ref_git.program.parsing import records
from mcp_ref_git.program.redaction import named
from mcp_ref_git.program.words import Glued, ObjectId, RepoPath, Rev
from mcp_ref_git.reading.blobs import blob_uri, read_blob
from mcp_ref_git.reading.commits import ENCODED, FIELDS, FORMAT, Commit, FileChange, as_text, commit
from mcp_ref_git.reading.diffs import Compared, Diff, Merges, Position, Shape, read_diff
from mcp_ref_git.reading.tags import Tag, parse_tag
from mcp_ref_git.reading.trees import TreeEntry, list_tree
from mcp_ref_git.repository import Opened, Thing
from mcp_ref_git.state import Ctx, State
from mcp_ref_git.tools import arguments
from mcp_ref_git.tools.arguments import LOOKING, ContextLines, Cursor, Paths
from mcp_ref_git.tools.diff import MaxChars, Stat, text_of
from mcp_ref_kit.bookmarks import more
from mcp_ref_kit.content.encodings import safe
from mcp_ref_kit.processes import Bounds

showing = Toolset[State]("read")

# Names of a directory on one page.
MOST_ENTRIES = 1000
_TAG_BYTES = 1_000_000


class _Shown(Page, frozen=True, kw_only=True):
    kind: str


class ShownCommit(Commit, frozen=True, kw_only=True, omit_defaults=True):
    """A commit, and a page of its diff; `tag` where one led to it."""

    kind: Literal["commit", "tag"]
    files: Sequence[FileChange]
    diff: str
    excluded: list[str]
    truncated: bool
    truncation: Truncation | None = None
    next_cursor: str | None = None
    tag: Tag | None = None
    untrusted: bool


class ShownTree(_Shown, frozen=True, kw_only=True, omit_defaults=True):
    """A directory."""

    entries: Sequence[TreeEntry]
    truncated: bool
    truncation: Truncation | None = None
    next_cursor: str | None = None
    tag: Tag | None = None
    untrusted: bool


class ShownBlob(_Shown, frozen=True, kw_only=True, omit_defaults=True):
    """A file; its content is text, and that of a binary file in a block of its own."""

    size: int
    mime_type: str = field(name="mimeType")
    encoding: str
    content: str | None = None
    truncated: bool
    truncation: Truncation | None = None
    next_cursor: str | None = None
    untrusted: bool


class ShowQuery(Struct, frozen=True):
    """What a page is asked for."""

    revision: str
    context_lines: int
    paths: tuple[str, ...]
    stat: bool
    merge_diff: Merges
    max_chars: int


class Place(Struct, frozen=True):
    """Where the page begins: pinned to an object, by its position in the diff, the entries or the text."""

    object: str
    at: Position


@showing.tool(**LOOKING)
async def git_show(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    repo_path: arguments.RepoPath = None,
    revision: Annotated[str, arg("Commit, tag or rev:path.")],
    context_lines: ContextLines = 3,
    paths: Paths = (),
    stat: Stat = False,
    merge_diff: Annotated[Merges, arg("Of merges.")] = "first-parent",
    max_chars: MaxChars = 100_000,
    cursor: Cursor = None,
) -> Output[_Shown]:
    """Show a commit, tag, directory or file."""
    query = ShowQuery(revision, context_lines, paths, stat, merge_diff, max_chars)
    async with ctx.state.reading(ctx, repo_path) as opened:
        bookmark = Bookmark(ctx, opened, "git_show", query, Place)
        place = bookmark.open(cursor)
        found = await _head(opened, query) if place is None else None
        found = found or await _found(opened, query, place)
        cursor = bookmark.seal(None if found.next is None else Place(found.object, found.next))
    return found.output(cursor)


class Named(Struct, frozen=True):
    """What the revision names: an object, the tag that led to it, the path in a commit."""

    thing: Thing
    tag: Tag | None = None
    path: str = ""


class Found(Struct):
    """A page on its way: the data still without its cursor."""

    object: str
    data: ShownCommit | ShownTree | ShownBlob
    text: str
    next: Position | None = None
    blocks: tuple[ContentBlock, ...] = ()

    def output(self, cursor: str | None) -> Output[Any]:
        """The page with the way to the next one."""
        data = structs.replace(self.data, next_cursor=cursor)
        return Output(data, safe(self.text + more(data.truncation, cursor)), *self.blocks)


async def _head(opened: Opened, query: ShowQuery) -> Found | None:
    """The first page of HEAD without asking first where that is; None where it takes more than that."""
    if query.revision != "HEAD" or query.paths:
        return None
    try:
        diff = await read_diff(opened, Compared(commit=Glued("HEAD"), merges=query.merge_diff), _shape(opened, query))
    except ToolError:
        return None  # before the first commit, say; the other way has the words for it
    return _shown(diff, diff.fields, _shape(opened, query).most)


async def _found(opened: Opened, query: ShowQuery, place: Place | None) -> Found:
    named = await _named(opened, query.revision)
    if place is not None:
        (pinned,) = await opened.things([place.object])
        named = named if pinned is None else Named(pinned, named.tag, named.path)
    return await _SHOWERS[named.thing.kind](opened, named, query, Position() if place is None else place.at)


async def _named(opened: Opened, revision: str) -> Named:
    """What the text names, tags followed to what they are for."""
    rev, colon, path = revision.partition(":")
    if colon and rev:
        commit_id = await opened.commit(rev)
        inside = RepoPath.of(path or ".")
        thing = await opened.inside(commit_id, inside)
        if thing is None and inside.other is not None:
            thing = await opened.inside(commit_id, inside.other)
        if thing is None:
            raise BadRevision(f"`{named(path)}` is not in `{named(rev)}`.")
        return Named(thing, path=inside.text)
    text = Rev.of(revision).text
    thing, peeled = await opened.things([text, f"{text}^{{}}"])
    if thing is None or peeled is None:
        raise BadRevision(f"`{named(revision)}` names nothing in this repository.")
    if thing.kind != "tag":
        return Named(thing)
    bounds = Bounds(seconds=opened.settings.timeout, stdout=_TAG_BYTES)
    answer = await opened.git(Argv("cat-file", "tag").put(thing.id), bounds=bounds)
    return Named(peeled, parse_tag(answer.out))


async def _commit(opened: Opened, named: Named, query: ShowQuery, position: Position) -> Found:
    paths = tuple(await opened.paths(query.paths))
    compared = Compared(commit=named.thing.id, merges=query.merge_diff, paths=paths)
    diff = await read_diff(opened, compared, _shape(opened, query), position)
    fields = diff.fields or await _fields(opened, named.thing.id)
    return _shown(diff, fields, _shape(opened, query).most, named.tag)


def _shape(opened: Opened, query: ShowQuery) -> Shape:
    return Shape(
        context=query.context_lines,
        text=not query.stat and query.merge_diff != "none",
        most=min(query.max_chars, opened.settings.max_diff_chars),
    )


def _shown(diff: Diff, fields: tuple[str, ...], most: int, tag: Tag | None = None) -> Found:
    shown = commit(fields, most)
    truncation = None if diff.next is None else Truncation("chars", len(diff.text))
    data = ShownCommit(
        **structs.asdict(shown),
        kind="commit" if tag is None else "tag",
        files=diff.files,
        diff=diff.text,
        excluded=diff.excluded,
        tag=tag,
        truncated=diff.next is not None,
        truncation=truncation,
        untrusted=True,
    )
    return Found(shown.hash, data, f"{_heading(tag)}{as_text(shown)}{text_of(diff)}", diff.next)


async def _fields(opened: Opened, commit_id: ObjectId) -> tuple[str, ...]:
    """The fields of a commit that none of the paths is in: git shows nothing of it then."""
    answer = await opened.git(Argv("show", "-z", FORMAT, ENCODED, "--no-patch", "--no-notes").put(commit_id))
    return next(records(answer.out, FIELDS))


async def _tree(opened: Opened, named: Named, query: ShowQuery, position: Position) -> Found:
    del query
    skip = position.file
    listed = await list_tree(opened, named.thing.id, skip + MOST_ENTRIES + 1)
    entries = listed[skip : skip + MOST_ENTRIES]
    cut = len(listed) > skip + MOST_ENTRIES
    data = ShownTree(
        kind="tree",
        entries=entries,
        tag=named.tag,
        truncated=cut,
        truncation=Truncation("limit", len(entries)) if cut else None,
        untrusted=True,
    )
    lines = "\n".join(f"{one.mode} {one.type} {one.object} {one.path}" for one in entries)
    return Found(
        named.thing.id.text, data, f"{_heading(named.tag)}{lines}", Position(file=skip + MOST_ENTRIES) if cut else None
    )


async def _blob(opened: Opened, named: Named, query: ShowQuery, position: Position) -> Found:
    blob = await read_blob(opened, named.thing, named.path)
    facts: dict[str, Any] = {"size": named.thing.size, "mime_type": blob.mime_type, "encoding": blob.encoding}
    if blob.text is None:
        name = opened.repository.found.path.name
        data = ShownBlob(kind="blob", truncated=False, untrusted=True, **facts)
        block = blob.block(blob_uri(name, named.thing.id, named.path))
        return Found(named.thing.id.text, data, f"{blob.mime_type}, {named.thing.size} bytes", blocks=(block,))
    most = min(query.max_chars, opened.settings.max_diff_chars)
    start = position.offset
    end = start + most
    if end < len(blob.text):
        end = blob.text.rfind("\n", start, end) + 1 or end
    text, cut = blob.text[start:end], end < len(blob.text)
    truncation = Truncation("chars", len(text), len(blob.text)) if cut else None
    data = ShownBlob(kind="blob", content=text, truncated=cut, truncation=truncation, untrusted=True, **facts)
    return Found(named.thing.id.text, data, text, Position(offset=end) if cut else None)


_SHOWERS = {"commit": _commit, "tree": _tree, "blob": _blob}


def _heading(tag: Tag | None) -> str:
    if tag is None:
        return ""
    tagger = f"Tagger: {tag.tagger.name} <{tag.tagger.email}>\n" if tag.tagger else ""
    return f"Tag: {tag.name}\n{tagger}Date: {tag.date}\nMessage: {tag.message}\n\n"
