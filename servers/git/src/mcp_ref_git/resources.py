"""Repositories as resources: their state, history, refs, and files and commits by id; watched, completed."""

from collections.abc import AsyncIterator, Mapping

from msgspec import json

from mcp_protocol import Completion, Resource, ResourceContents, ResourceNotFound, ToolError, Toolset
from mcp_ref_git.completing import commits_named, paths_at, refs_named, repositories_named
from mcp_ref_git.program.words import ObjectId, RepoPath
from mcp_ref_git.reading.blobs import read_blob
from mcp_ref_git.reading.commits import as_text, commit
from mcp_ref_git.reading.diffs import Compared, Position, Shape, read_diff
from mcp_ref_git.reading.refs import read_branches, read_refs, read_tags, ref_listing
from mcp_ref_git.reading.status import command, parse
from mcp_ref_git.repository import Opened
from mcp_ref_git.state import Ctx, State
from mcp_ref_git.tools.log import listing, read_log
from mcp_ref_git.watching import Aspect, Changes
from mcp_ref_kit.content.encodings import safe

resources = Toolset[State]("read")

JSON = "application/json"
# What a full id names never changes.
FOREVER_MS = 86_400_000
MOST_COMMITS = 200
MOST_REFS = 2000

# What looks the same to whoever may not know: there is no oracle for what lies outside.
_ABSENT = frozenset(
    {"denied_outside_root", "not_a_repository", "bad_revision", "unsafe_repository", "invalid_argument"}
)


@resources.resources
async def repositories(ctx: Ctx) -> list[Resource]:
    """The state of each repository."""
    found = await ctx.state.repositories.named(ctx)
    return [Resource(uri=f"git-status://{_encoded(name)}", name=name, mime_type=JSON) for name in found]


@resources.resource("git-status://{repo}", name="status", title="State of a repository", mime_type=JSON)
async def status(ctx: Ctx, repo: str) -> str:
    """Branch, and what is staged, changed, new and in conflict."""
    opened = await _opened(ctx, repo)
    if opened.is_bare:
        raise ResourceNotFound(_uri(ctx))
    async with ctx.state.locks.hold(opened.repository.found.common_dir, write=False):
        seen = await opened.parsed(parse, await opened.git(command("normal", ignored=False)))
    return _told(seen)


@resources.resource("git-log://{repo}{?ref,n}", name="log", title="History", mime_type="text/plain")
async def log(ctx: Ctx, repo: str, ref: str = "HEAD", n: str = "20") -> str:
    """The latest commits of a branch."""
    opened = await _opened(ctx, repo)
    if not n.isdecimal() or not 1 <= int(n[:6]) <= MOST_COMMITS:
        raise ResourceNotFound(_uri(ctx))
    start = await _found(ctx, opened, ref)
    commits = await read_log(opened, listing(0, int(n)).put(start).paths(()))
    return safe("\n".join(map(as_text, commits)))


@resources.resource("git-branches://{repo}", name="branches", title="Branches", mime_type=JSON)
async def branches(ctx: Ctx, repo: str) -> str:
    """Local branches, latest first."""
    opened = await _opened(ctx, repo)
    argv = ref_listing().add("--sort=-committerdate", "refs/heads/").attach("--count=", MOST_REFS)
    return _told(await read_branches(opened, await read_refs(opened, argv)))


@resources.resource("git-tags://{repo}", name="tags", title="Tags", mime_type=JSON)
async def tags(ctx: Ctx, repo: str) -> str:
    """Tags, latest first."""
    opened = await _opened(ctx, repo)
    argv = ref_listing().add("--sort=-creatordate", "refs/tags/").attach("--count=", MOST_REFS)
    return _told(await read_tags(opened, await read_refs(opened, argv)))


@resources.resource("git-blob://{repo}/{rev}/{+path}", name="file", title="File at a revision")
async def blob(ctx: Ctx, repo: str, rev: str, path: str) -> ResourceContents:
    """The text or bytes of a file as a commit has it."""
    opened = await _opened(ctx, repo)
    start = await _found(ctx, opened, rev)
    try:
        inside = RepoPath.of(path)
        thing = await opened.inside(start, inside)
        if thing is None and inside.other is not None:
            thing = await opened.inside(start, inside.other)
    except ToolError as error:
        raise ResourceNotFound(_uri(ctx)) from error
    if thing is None or thing.kind != "blob":
        raise ResourceNotFound(_uri(ctx))
    read = await read_blob(opened, thing, inside.text)
    return ResourceContents(
        uri=_uri(ctx),
        mime_type=read.mime_type,
        text=None if read.text is None else safe(read.text),
        blob=None if read.text is not None else read.data,
        meta={"mcp-ref/object": thing.id.text, "mcp-ref/commit": start.text},
    )


@resources.resource(
    "git-commit://{repo}/{sha}", name="commit", title="Commit", mime_type="text/plain", ttl_ms=FOREVER_MS
)
async def one_commit(ctx: Ctx, repo: str, sha: str) -> str:
    """A commit by its full id, with its diff."""
    opened = await _opened(ctx, repo)
    try:
        named = ObjectId.of(sha)
    except ToolError as error:
        raise ResourceNotFound(_uri(ctx)) from error
    if await _found(ctx, opened, named.text) != named:
        raise ResourceNotFound(_uri(ctx))
    found = await read_diff(opened, Compared(commit=named), _shape(opened), Position())
    return safe(f"{as_text(commit(found.fields))}\n{found.text}{_rest(found.next)}")


@resources.resource("git-diff://{repo}/{base}/{head}", name="diff", title="Differences", mime_type="text/x-diff")
async def difference(ctx: Ctx, repo: str, base: str, head: str) -> str:
    """What differs between two commits."""
    opened = await _opened(ctx, repo)
    old, new = await _found(ctx, opened, base), await _found(ctx, opened, head)
    found = await read_diff(opened, Compared(base=old, target=new), _shape(opened), Position())
    return safe(f"{found.text}{_rest(found.next)}")


@resources.watch(status)
async def status_changes(ctx: Ctx, repo: str) -> AsyncIterator[object]:
    """Changes of HEAD, the index, refs and the work tree."""
    return await _watched(ctx, repo, "status")


@resources.watch(branches)
async def branch_changes(ctx: Ctx, repo: str) -> AsyncIterator[object]:
    """Changes of branches."""
    return await _watched(ctx, repo, "branches")


@resources.watch(tags)
async def tag_changes(ctx: Ctx, repo: str) -> AsyncIterator[object]:
    """Changes of tags."""
    return await _watched(ctx, repo, "tags")


@resources.complete(status, "repo")
@resources.complete(log, "repo")
@resources.complete(branches, "repo")
@resources.complete(tags, "repo")
@resources.complete(blob, "repo")
@resources.complete(one_commit, "repo")
@resources.complete(difference, "repo")
async def repository_names(ctx: Ctx, typed: str) -> Completion:
    """Names of repositories."""
    return await repositories_named(ctx, typed)


@resources.complete(log, "ref")
@resources.complete(blob, "rev")
@resources.complete(difference, "base")
@resources.complete(difference, "head")
async def ref_names(ctx: Ctx, typed: str, settled: Mapping[str, str]) -> Completion:
    """Branches and tags of the repository that is settled."""
    opened = await _settled(ctx, settled)
    return Completion([]) if opened is None else await refs_named(opened, typed)


@resources.complete(one_commit, "sha")
async def commit_ids(ctx: Ctx, typed: str, settled: Mapping[str, str]) -> Completion:
    """Ids of recent commits."""
    opened = await _settled(ctx, settled)
    return Completion([]) if opened is None else await commits_named(opened, typed)


@resources.complete(blob, "path")
async def blob_paths(ctx: Ctx, typed: str, settled: Mapping[str, str]) -> Completion:
    """Paths at the revision that is settled."""
    opened = await _settled(ctx, settled)
    return Completion([]) if opened is None else await paths_at(opened, settled.get("rev", "HEAD"), typed)


async def _opened(ctx: Ctx, name: str) -> Opened:
    try:
        return ctx.state.opened(await ctx.state.repositories.by_name(ctx, name))
    except ToolError as error:
        if error.code in _ABSENT:
            raise ResourceNotFound(_uri(ctx)) from error
        raise


async def _settled(ctx: Ctx, settled: Mapping[str, str]) -> Opened | None:
    """The repository that the other arguments name, or the only one."""
    try:
        if "repo" in settled:
            return ctx.state.opened(await ctx.state.repositories.by_name(ctx, settled["repo"]))
        return ctx.state.opened(await ctx.state.repositories.find(ctx, settled.get("repo_path")))
    except ToolError:
        return None


async def _found(ctx: Ctx, opened: Opened, revision: str) -> ObjectId:
    try:
        return await opened.commit(revision)
    except ToolError as error:
        raise ResourceNotFound(_uri(ctx)) from error


async def _watched(ctx: Ctx, name: str, aspect: Aspect) -> AsyncIterator[object]:
    try:
        opened = ctx.state.opened(await ctx.state.repositories.by_name(ctx, name))
    except ToolError as error:
        raise ResourceNotFound(f"git-{aspect}://{_encoded(name)}") from error
    return await Changes.of(ctx.state, opened, aspect)


def _shape(opened: Opened) -> Shape:
    return Shape(most=opened.settings.max_diff_chars)


def _rest(position: Position | None) -> str:
    return "" if position is None else "\n[cut; the tools git_show and git_diff have the rest]\n"


def _told(data: object) -> str:
    return json.encode(data).decode()


def _uri(ctx: Ctx) -> str:
    return str(ctx.call.params.get("uri", ""))


def _encoded(name: str) -> str:
    from urllib.parse import quote  # noqa: PLC0415  5 ms of import that a start does without

    return quote(name, safe="")
