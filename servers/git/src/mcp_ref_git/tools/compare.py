"""git_compare: what one branch has that another has not."""

from collections.abc import Sequence
from typing import Annotated, Any

from msgspec import Struct, structs

from mcp_protocol import Output, Toolset, arg
from mcp_ref_git.pages import Bookmark, Page, Truncation
from mcp_ref_git.program.argv import Argv
from mcp_ref_git.program.words import Glued, ObjectId
from mcp_ref_git.reading.commits import Commit, FileChange, as_text
from mcp_ref_git.reading.diffs import Compared, Position, Shape, read_diff
from mcp_ref_git.state import Ctx, State
from mcp_ref_git.tools import arguments
from mcp_ref_git.tools.arguments import LOOKING, Cursor, Limit
from mcp_ref_git.tools.diff import merge_base
from mcp_ref_git.tools.log import listing, read_log
from mcp_ref_kit.bookmarks import more
from mcp_ref_kit.content.encodings import safe

comparing = Toolset[State]("read")


class _Comparison(Page, frozen=True, kw_only=True):
    ahead: int
    behind: int
    commits: Sequence[Any]
    files: Sequence[Any]


class ComparisonPage(_Comparison, frozen=True, kw_only=True, omit_defaults=True):
    """The same with all that is known."""

    merge_base: str
    base_commit: str
    head_commit: str
    commits: Sequence[Commit]
    files: Sequence[FileChange]
    truncated: bool
    truncation: Truncation | None = None
    next_cursor: str | None = None
    untrusted: bool


class CompareQuery(Struct, frozen=True):
    """What a page is asked for."""

    base: str
    head: str
    limit: int


class Sides(Struct, frozen=True):
    """The two commits as they were first, and where the page begins."""

    base: str
    head: str
    skip: int = 0


@comparing.tool(**LOOKING)
async def git_compare(
    ctx: Ctx,
    *,
    repo_path: arguments.RepoPath = None,
    base: Annotated[str, arg("From here.")],
    head: Annotated[str, arg("To here.")],
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Output[_Comparison]:
    """Compare branches by commits ahead and files changed."""
    query = CompareQuery(base, head, limit)
    async with ctx.state.reading(ctx, repo_path) as opened:
        bookmark = Bookmark(ctx, opened, "git_compare", query, Sides)
        sides = bookmark.open(cursor)
        if sides is None:
            first, second = await opened.commits([base, head], "base")
            sides = Sides(first.text, second.text)
        old, new = ObjectId.of(sides.base), ObjectId.of(sides.head)
        parted = await merge_base(opened, old, new)
        span = Glued.between(old, new, common=True)
        counted = await opened.git(Argv("rev-list", "--left-right", "--count").put(span))
        behind, ahead = (int(number) for number in counted.text.split())
        log = listing(sides.skip, limit + 1).put(Glued.between(old, new, common=False)).paths(())
        commits = await read_log(opened, log)
        compared = Compared(base=parted, target=new)
        changed = await read_diff(opened, compared, Shape(text=False), Position())
    cut = len(commits) > limit
    cursor = bookmark.seal(structs.replace(sides, skip=sides.skip + limit) if cut else None)
    truncation = Truncation("limit", limit, ahead) if cut else None
    page = ComparisonPage(
        merge_base=parted.text,
        base_commit=old.text,
        head_commit=new.text,
        ahead=ahead,
        behind=behind,
        commits=commits[:limit],
        files=changed.files,
        truncated=cut,
        truncation=truncation,
        next_cursor=cursor,
        untrusted=True,
    )
    lines = [f"{head} is {ahead} ahead of {base} and {behind} behind; they parted at {parted.text}"]
    lines += [as_text(one) for one in page.commits]
    lines += [f"{one.status}: {one.path} (+{one.additions} -{one.deletions})" for one in page.files]
    return Output(page, safe("\n".join(lines) + more(truncation, cursor)))
