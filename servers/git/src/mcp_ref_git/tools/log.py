"""The history: git_log, in one shape whatever the filter."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from mcp_protocol import Output, Toolset, arg
from mcp_ref_git.errors import BadArgument, BadRevision
from mcp_ref_git.pages import Bookmark, Page, Truncation
from mcp_ref_git.program.argv import Argv
from mcp_ref_git.program.redaction import named
from mcp_ref_git.program.words import Glued, ObjectId, Pattern, RepoPath
from mcp_ref_git.reading.changes import MOST_PATCH, patches_of, stats_of
from mcp_ref_git.reading.commits import ENCODED, FORMAT, Commit, as_text, commits
from mcp_ref_git.reading.moments import seconds_of
from mcp_ref_git.repository import Opened
from mcp_ref_git.state import Ctx, State
from mcp_ref_git.tools import arguments
from mcp_ref_git.tools.arguments import LOOKING, Cursor, Paths
from mcp_ref_kit.bookmarks import more
from mcp_ref_kit.content.encodings import safe

history = Toolset[State]("read")

_LINES = re.compile(r"(\d{1,9}),(\d{1,9}):(.+)", re.DOTALL)

Merges = Literal["any", "only", "none"]
Order = Literal["date", "topo", "author"]
Text = Annotated[str, arg("Regular expression.")] | None


class _Log(Page, frozen=True, kw_only=True):
    commits: Sequence[Any]


class LogPage(_Log, frozen=True, kw_only=True, omit_defaults=True):
    """The same with all that is known."""

    commits: Sequence[Commit]
    truncated: bool
    truncation: Truncation | None = None
    next_cursor: str | None = None
    untrusted: bool


class LogQuery(Struct, frozen=True):
    """What a page of the log is asked for."""

    max_count: int = 0
    start_timestamp: str | None = None
    end_timestamp: str | None = None
    ref: str = "HEAD"
    range: str | None = None
    paths: tuple[str, ...] = ()
    author: str | None = None
    committer: str | None = None
    grep: str | None = None
    grep_invert: bool = False
    pickaxe: str | None = None
    pickaxe_regex: str | None = None
    line_range: str | None = None
    merges: Merges = "any"
    first_parent: bool = False
    order: Order = "date"
    follow: bool = False
    stat: bool = False
    patch: bool = False


_PLAIN = LogQuery()


class Start(Struct, frozen=True, omit_defaults=True):
    """Where a page begins: the commits that the question named first, and how many have been shown since."""

    new: str
    old: str | None = None
    common: bool = False
    skip: int = 0
    now: int = 0


@history.tool(**LOOKING)
async def git_log(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    repo_path: arguments.RepoPath = None,
    max_count: Annotated[int, arg("Most.", ge=1, le=5000)] = 10,
    start_timestamp: Annotated[str, arg("ISO 8601, `2 weeks ago`.")] | None = None,
    end_timestamp: Annotated[str, arg("The end.")] | None = None,
    ref: Annotated[str, arg("Begin here.")] = "HEAD",
    range: Annotated[str, arg("A..B or A...B.")] | None = None,  # noqa: A002  as git calls it
    paths: Paths = (),
    author: Text = None,
    committer: Text = None,
    grep: Annotated[str, arg("In messages.")] | None = None,
    grep_invert: Annotated[bool, arg("Not there.")] = False,
    pickaxe: Annotated[str, arg("Text added or removed.")] | None = None,
    pickaxe_regex: Annotated[str, arg("In changed lines.")] | None = None,
    line_range: Annotated[str, arg("L1,L2:path.")] | None = None,
    merges: Annotated[Merges, arg("Merges.")] = "any",
    first_parent: Annotated[bool, arg("Main line.")] = False,
    order: Annotated[Order, arg("Order.")] = "date",
    follow: Annotated[bool, arg("One file through renames.")] = False,
    stat: Annotated[bool, arg("With numbers.")] = False,
    patch: Annotated[bool, arg("With diffs.")] = False,
    cursor: Cursor = None,
) -> Output[_Log]:
    """Show commits by date, author, message, content, path or lines."""
    query = LogQuery(
        max_count, start_timestamp, end_timestamp, ref, range, paths, author, committer, grep, grep_invert, pickaxe,
        pickaxe_regex, line_range, merges, first_parent, order, follow, stat, patch,
    )  # fmt: skip
    async with ctx.state.reading(ctx, repo_path) as opened:
        bookmark = Bookmark(ctx, opened, "git_log", query, Start)
        start = bookmark.open(cursor)
        found = await _from_head(opened, query) if start is None else None
        if not found:
            start = start or await _start(opened, query)
            found = await _found(opened, query, start)
        start = start or Start(found[0].hash)
        cut = len(found) > max_count
        shown = await _with_changes(opened, query, found[:max_count])
    cursor = bookmark.seal(replace(start, skip=start.skip + max_count) if cut else None)
    truncation = Truncation("limit", len(shown)) if cut else None
    page = LogPage(commits=shown, truncated=cut, truncation=truncation, next_cursor=cursor, untrusted=True)
    return Output(page, safe("Commit history:\n" + "\n".join(map(_text, shown)) + more(truncation, cursor)))


async def read_log(opened: Opened, argv: Argv) -> list[Commit]:
    """The commits that a log command lists."""
    return await opened.parsed(commits, await opened.git(argv))


def listing(skip: int, most: int) -> Argv:
    """A log command that `read_log` understands, still without its commits."""
    argv = Argv("log", "-z", FORMAT, ENCODED, "--no-patch", "--no-notes", "--no-mailmap", "--no-show-signature")
    argv.add("--no-textconv", "--no-ext-diff", "--ignore-submodules=dirty")
    return argv.attach("--skip=", skip).attach("--max-count=", most)


async def _from_head(opened: Opened, query: LogQuery) -> list[Commit] | None:
    """The first page of the plain log, without asking first where HEAD is: its first commit says so."""
    if replace(query, max_count=0, stat=False, patch=False) != _PLAIN:
        return None
    answer = await opened.attempt(listing(0, query.max_count + 1).add("HEAD").paths(()))
    return None if answer.code else await opened.parsed(commits, answer)


async def _start(opened: Opened, query: LogQuery) -> Start:
    """The commits that the question names, as they are now."""
    now = int(datetime.now(UTC).timestamp())
    if query.range is None:
        return Start((await opened.commit(query.ref, "ref")).text, now=now)
    common = "..." in query.range
    old, _, new = query.range.partition("..." if common else "..")
    if ".." not in query.range:
        raise BadRevision(f"`range` is of the form A..B or A...B, got `{named(query.range)}`.")
    old_id, new_id = await opened.commits([old or "HEAD", new or "HEAD"], "range")
    return Start(new_id.text, old_id.text, common=common, now=now)


async def _found(opened: Opened, query: LogQuery, start: Start) -> list[Commit]:
    """The commits of the page, and one more if there is one."""
    argv = listing(start.skip, query.max_count + 1)
    now = datetime.fromtimestamp(start.now, UTC)
    if query.start_timestamp is not None:
        argv.attach("--max-age=", seconds_of(query.start_timestamp, "start_timestamp", now))
    if query.end_timestamp is not None:
        argv.attach("--min-age=", seconds_of(query.end_timestamp, "end_timestamp", now))
    _add_patterns(argv, query)
    argv.add("--merges", when=query.merges == "only").add("--no-merges", when=query.merges == "none")
    argv.add("--first-parent", when=query.first_parent)
    argv.add("--topo-order", when=query.order == "topo").add("--author-date-order", when=query.order == "author")
    paths = await opened.paths(query.paths)
    _add_files(argv, query, paths)
    new = ObjectId.of(start.new)
    argv.put(new if start.old is None else Glued.between(ObjectId.of(start.old), new, common=start.common))
    return await read_log(opened, argv.paths(paths))


def _add_patterns(argv: Argv, query: LogQuery) -> None:
    argv.add("--extended-regexp")
    argv.attach("--author=", _pattern(query.author, "author"))
    argv.attach("--committer=", _pattern(query.committer, "committer"))
    argv.attach("--grep=", _pattern(query.grep, "grep"))
    argv.attach("-S", _pattern(query.pickaxe, "pickaxe"))
    argv.attach("-G", _pattern(query.pickaxe_regex, "pickaxe_regex"))
    if query.pickaxe is not None and query.pickaxe_regex is not None:
        raise BadArgument("Give `pickaxe` or `pickaxe_regex`, not both.")
    argv.add("--invert-grep", when=query.grep_invert and query.grep is not None)


def _pattern(text: str | None, argument: str) -> Pattern | None:
    return None if text is None else Pattern.of(text, argument)


def _add_files(argv: Argv, query: LogQuery, paths: list[RepoPath]) -> None:
    if query.follow:
        if len(paths) != 1:
            raise BadArgument("`follow` needs exactly one file in `paths`.")
        argv.add("--follow")
    if query.line_range is None:
        return
    found = _LINES.fullmatch(query.line_range)
    if found is None or not 1 <= int(found[1]) <= int(found[2]):
        raise BadArgument("`line_range` is of the form L1,L2:path, with 1 <= L1 <= L2.")
    if paths or query.follow:
        raise BadArgument("`line_range` names its own path; leave out `paths` and `follow`.")
    argv.attach("-L", Glued.span(int(found[1]), int(found[2]), RepoPath.of(found[3])))


async def _with_changes(opened: Opened, query: LogQuery, shown: list[Commit]) -> list[Commit]:
    """The commits with what they changed, where that was asked."""
    ids = [one.hash for one in shown]
    paths = await opened.paths(query.paths) if not query.follow else []
    if query.stat and ids:
        stats = await stats_of(opened, ids, paths)
        shown = [replace(one, stat=stats[one.hash]) for one in shown]
    if query.patch and ids:
        patches = await patches_of(opened, ids, opened.settings.max_diff_chars, paths)
        shown = [_patched(one, patches.get(one.hash)) for one in shown]
    return shown


def _patched(commit: Commit, patch: bytes | None) -> Commit:
    if patch is None:
        return replace(commit, patch="", patch_truncated=True)
    text = patch[:MOST_PATCH].decode("utf-8", "replace")
    return replace(commit, patch=text, patch_truncated=len(patch) > MOST_PATCH)


def _text(commit: Commit) -> str:
    text = as_text(commit)
    if commit.stat is not None:
        text += "".join(f"  {one.path} (+{one.additions} -{one.deletions})\n" for one in commit.stat)
    if commit.patch is not None:
        text += commit.patch + ("\n[diff cut; git_show has the rest]\n" if commit.patch_truncated else "")
    return text
