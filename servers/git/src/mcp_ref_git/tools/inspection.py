"""Tools of the toolset `inspect`: looks that few need every day."""

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from msgspec import Struct

from mcp_protocol import Output, Toolset, arg
from mcp_ref_git.changing.staging import dotted
from mcp_ref_git.errors import BadArgument
from mcp_ref_git.pages import Bookmark, Page, Truncation
from mcp_ref_git.program.argv import Argv
from mcp_ref_git.program.environment import EACH_LITERAL
from mcp_ref_git.program.parsing import records
from mcp_ref_git.program.redaction import named, without_credentials
from mcp_ref_git.program.words import Glued, ObjectId, Rev
from mcp_ref_git.reading.status import look
from mcp_ref_git.reading.trees import TreeEntry, list_tree
from mcp_ref_git.repository import Opened
from mcp_ref_git.state import Ctx, State
from mcp_ref_git.tools import arguments
from mcp_ref_git.tools.arguments import LOOKING, Cursor, Limit, Revision
from mcp_ref_kit.bookmarks import more
from mcp_ref_kit.content.encodings import safe
from mcp_ref_kit.paths import show

inspection = Toolset[State]("inspect", default=False)

# What says nothing of secrets, programs or places of the disk.
_HARMLESS = re.compile(
    r"user\.name|user\.email|init\.defaultbranch|core\.autocrlf|core\.ignorecase"
    r"|remote\.[^\x00-\x1f]+\.url|branch\.[^\x00-\x1f]+\.(?:remote|merge)"
)

_NAMELESS = (b"No names found", b"No tags can describe", b"No annotated tags")


class _Tree(Page, frozen=True, kw_only=True):
    entries: Sequence[Any]


class TreePage(_Tree, frozen=True, kw_only=True, omit_defaults=True):
    """The same with all that is known."""

    entries: Sequence[TreeEntry]
    truncated: bool
    truncation: Truncation | None = None
    next_cursor: str | None = None
    untrusted: bool


class TreeQuery(Struct, frozen=True):
    """What a page of a tree is asked for."""

    revision: str
    path: str | None
    recursive: bool
    limit: int


class TreeStart(Struct, frozen=True):
    """Where a page begins; the tree is pinned."""

    tree: str
    skip: int


class Movement(Struct, frozen=True):
    """Where a ref was moved to, by what, and when."""

    index: int
    commit: str
    action: str
    message: str
    date: str


class Reflog(Struct, frozen=True):
    """The movements of a ref, latest first."""

    entries: list[Movement]
    truncated: bool
    untrusted: bool


class Described(Struct, frozen=True):
    """A name for a commit; null where no tag leads to it."""

    description: str | None
    commit: str


class Contributor(Struct, frozen=True):
    """Who, and how many commits."""

    name: str
    email: str
    commits: int


class Shortlog(Struct, frozen=True):
    """Contributors, most commits first."""

    contributors: list[Contributor]
    truncated: bool
    untrusted: bool


class Ignored(Struct, frozen=True):
    """A path, and the rule that ignores it, if one does."""

    path: str
    ignored: bool
    source: str | None
    line: int | None
    pattern: str | None


class IgnoreRules(Struct, frozen=True):
    """Each path and its rule."""

    paths: list[Ignored]


class ConfigValue(Struct, frozen=True):
    """A value, null where it is not set; `scope` says whose it is."""

    name: str
    value: str | None
    scope: str | None
    untrusted: bool


@inspection.tool(**LOOKING)
async def git_ls_tree(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    repo_path: arguments.RepoPath = None,
    revision: Revision,
    path: Annotated[str, arg("Directory, else the top.")] | None = None,
    recursive: Annotated[bool, arg("With all beneath.")] = False,
    limit: Limit = 1000,
    cursor: Cursor = None,
) -> Output[_Tree]:
    """List the files of a commit."""
    query = TreeQuery(revision, path, recursive, limit)
    async with ctx.state.reading(ctx, repo_path) as opened:
        bookmark = Bookmark(ctx, opened, "git_ls_tree", query, TreeStart)
        start = bookmark.open(cursor) or TreeStart((await _tree_of(opened, query)).text, 0)
        listed = await list_tree(opened, ObjectId.of(start.tree), start.skip + limit + 1, recursive=recursive)
    entries, cut = listed[start.skip : start.skip + limit], len(listed) > start.skip + limit
    cursor = bookmark.seal(TreeStart(start.tree, start.skip + limit) if cut else None)
    truncation = Truncation("limit", len(entries)) if cut else None
    page = TreePage(entries=entries, truncated=cut, truncation=truncation, next_cursor=cursor, untrusted=True)
    lines = "\n".join(f"{one.mode} {one.type} {one.object} {one.path}" for one in entries)
    return Output(page, safe(lines + more(truncation, cursor)))


@inspection.tool(**LOOKING)
async def git_reflog(
    ctx: Ctx,
    *,
    repo_path: arguments.RepoPath = None,
    ref: Annotated[str, arg("Branch, or HEAD.")] = "HEAD",
    limit: Limit = 50,
) -> Output[Reflog]:
    """Show where a branch or HEAD has been; what was lost can be found here."""
    async with ctx.state.reading(ctx, repo_path) as opened:
        name = await _ref_of(opened, ref)
        argv = Argv("log", "--walk-reflogs", "-z", "--no-patch", "--format=%H%x00%gs%x00%gd", "--date=iso-strict")
        answer = await opened.git(argv.attach("--max-count=", limit + 1).put(name).paths(()))
    found = [_movement(number, fields) for number, fields in enumerate(records(answer.out, 3))]
    data = Reflog(found[:limit], truncated=len(found) > limit, untrusted=True)
    lines = "\n".join(f"{one.index}: {one.commit[:12]} {one.action}: {one.message}" for one in data.entries)
    return Output(data, safe(lines))


@inspection.tool(**LOOKING)
async def git_describe(
    ctx: Ctx,
    *,
    repo_path: arguments.RepoPath = None,
    revision: Revision = "HEAD",
    tags: Annotated[bool, arg("Lightweight tags too.")] = False,
    dirty: Annotated[bool, arg("Say whether the work tree has changes.")] = False,
) -> Output[Described]:
    """Name a commit by the nearest tag."""
    async with ctx.state.reading(ctx, repo_path) as opened:
        commit = await opened.commit(revision)
        if dirty and revision != "HEAD":
            raise BadArgument("`dirty` is about HEAD; leave out `revision`.")
        if dirty:
            _ = opened.top  # a bare repository has none
        answer = await opened.attempt(Argv("describe").add("--tags", when=tags).put(commit))
        if answer.code and not any(words in answer.err for words in _NAMELESS):
            raise opened.failed("describe", answer)
        # Not by describe itself, which would look into submodules.
        changed = dirty and (await look(opened)).total > 0
    description = None if answer.code else answer.text.strip() + ("-dirty" if changed else "")
    return Output(Described(description, commit.text), safe(description or "No tag leads to it."))


@inspection.tool(**LOOKING)
async def git_shortlog(
    ctx: Ctx,
    *,
    repo_path: arguments.RepoPath = None,
    range: Annotated[str, arg("A..B, or a branch.")] = "HEAD",  # noqa: A002  as git calls it
    by: Annotated[Literal["author", "committer"], arg("Who is counted.")] = "author",
    limit: Limit = 100,
) -> Output[Shortlog]:
    """Count commits by contributor."""
    async with ctx.state.reading(ctx, repo_path) as opened:
        span = await _span(opened, range)
        argv = Argv("shortlog", "--summary", "--numbered", "--email")
        argv.add("--committer", when=by == "committer").put(span)
        answer = await opened.git(argv)
    found = [one for line in answer.lines if (one := _contributor(line)) is not None]
    data = Shortlog(found[:limit], truncated=len(found) > limit, untrusted=True)
    lines = "\n".join(f"{one.commits}\t{one.name} <{one.email}>" for one in data.contributors)
    return Output(data, safe(lines))


@inspection.tool(**LOOKING)
async def git_check_ignore(
    ctx: Ctx,
    *,
    repo_path: arguments.RepoPath = None,
    paths: Annotated[tuple[str, ...], arg("Paths.", min_length=1, max_length=1000)],
) -> Output[IgnoreRules]:
    """Say whether paths are ignored, and by which rule."""
    async with ctx.state.reading(ctx, repo_path) as opened:
        _ = opened.top
        given = await opened.paths(paths)
        asking = Argv("check-ignore", "--verbose", "--non-matching", "--no-index", "-z", "--stdin").feed(dotted(given))
        answer = await opened.attempt(asking, extra=EACH_LITERAL)
        if answer.code not in (0, 1):  # 1: none is ignored
            raise opened.failed("check-ignore", answer)
    found = [_rule(fields) for fields in records(answer.out, 4)]
    lines = [f"{one.path}: " + (f"{one.source}:{one.line}" if one.ignored else "not ignored") for one in found]
    return Output(IgnoreRules(found), safe("\n".join(lines)))


@inspection.tool(**LOOKING)
async def git_config_get(
    ctx: Ctx,
    *,
    repo_path: arguments.RepoPath = None,
    name: Annotated[str, arg("Such as user.name, core.autocrlf, remote.origin.url, branch.main.merge.")],
) -> Output[ConfigValue]:
    """Read one harmless setting."""
    section, _, rest = name.partition(".")
    middle, dot, last = rest.rpartition(".")
    key = f"{section.lower()}.{middle}{dot}{last.lower()}"
    if not _HARMLESS.fullmatch(key):
        raise BadArgument(f"`{named(name)}` is not among the settings that can be read here.")
    repository = await ctx.state.repositories.find(ctx, repo_path)
    entry = next((one for one in reversed(repository.entries) if one.key == key), None)
    value = None if entry is None else without_credentials(entry.value)
    data = ConfigValue(name, value, None if entry is None else entry.scope, untrusted=True)
    return Output(data, safe(f"{name} is not set" if value is None else f"{name} = {value}"))


async def _tree_of(opened: Opened, query: TreeQuery) -> ObjectId:
    if query.path is None or query.path == ".":
        return await opened.tree(query.revision)
    commit = await opened.commit(query.revision)
    thing = await opened.inside(commit, await opened.path(query.path))
    if thing is None or thing.kind != "tree":
        raise BadArgument(f"`{named(query.path)}` is no directory of that commit.")
    return thing.id


async def _ref_of(opened: Opened, text: str) -> Glued:
    """HEAD, or a branch by its whole name: a reflog belongs to a name, not to a commit."""
    if text == "HEAD":
        return Glued("HEAD")
    rev = Rev.of(text, "ref").text
    tries = [f"refs/heads/{rev}", f"refs/remotes/{rev}", f"refs/{rev.removeprefix('refs/')}"]
    for name, thing in zip(tries, await opened.things(tries), strict=True):
        if thing is not None:
            return Glued(name)
    raise BadArgument(f"`{named(text)}` is no branch.")


async def _span(opened: Opened, text: str) -> Glued | ObjectId:
    old, dots, new = text.partition("..")
    if not dots:
        return await opened.commit(text, "range")
    first, second = await opened.commits([old or "HEAD", new.removeprefix(".") or "HEAD"], "range")
    return Glued.between(first, second, common=new.startswith("."))


def _movement(index: int, fields: tuple[str, ...]) -> Movement:
    commit, said, selector = fields
    action, _, message = said.partition(": ")
    return Movement(index, commit, action, message, selector.rpartition("@{")[2].rstrip("}"))


def _contributor(line: str) -> Contributor | None:
    number, _, who = line.strip().partition("\t")
    name, _, email = who.rpartition(" <")
    return Contributor(name, email.rstrip(">"), int(number)) if number.isdecimal() else None


def _rule(fields: tuple[str, ...]) -> Ignored:
    source, line, pattern, path = fields
    path = path.removeprefix("./")
    ignored = bool(source) and not pattern.startswith("!")
    if not source:
        return Ignored(show(path), ignored=False, source=None, line=None, pattern=None)
    # A file of the operator's own is named, its place is not.
    name = source if not source.startswith("/") else source.rpartition("/")[2]
    return Ignored(show(path), ignored, show(name), int(line), pattern)
