# ruff: noqa: N803  argument names are the wire's
"""Tools of the optional toolset for edits: by line number, and by pattern in many files."""

from functools import partial
from typing import Annotated

from msgspec import Struct
from msgspec.structs import asdict

from mcp_protocol import Output, ToolError, Toolset, arg
from mcp_ref_filesystem.access.located import Located
from mcp_ref_filesystem.change.recording import Job, Recording
from mcp_ref_filesystem.change.replacing import Plan, Query, planned, write_all
from mcp_ref_filesystem.change.rewriting import Edited, EditResult, Wish, rewrite
from mcp_ref_filesystem.search.needle import Way
from mcp_ref_filesystem.state import Ctx, State
from mcp_ref_filesystem.text.diff import fenced
from mcp_ref_filesystem.text.line_edits import LineEdit, apply_lines
from mcp_ref_filesystem.tools.arguments import ContextLines, DryRun, Exclude, FilePath, IfMatch
from mcp_ref_kit.content.encodings import safe

edit = Toolset[State]("edit", default=False)

TOOL = "replace_in_files"


class Replaced(Struct, frozen=True):
    """One file: how many replacements, and the diff."""

    path: str
    count: int
    diff: str


class Totals(Struct, frozen=True):
    """Files that change, replacements in them, files looked at, files left alone: denied, unreadable or too large."""

    files: int
    replacements: int
    scanned: int
    skipped: int


class Replacements(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What is replaced; applyToken: give it back with dryRun=false to write just this."""

    files: list[Replaced]
    totals: Totals
    dry_run: bool
    apply_token: str | None = None
    change_id: str | None = None
    untrusted: bool = True


@edit.tool(destructive=True, idempotent=False, open_world=False)
async def edit_lines(
    ctx: Ctx,
    *,
    path: FilePath,
    edits: Annotated[
        list[LineEdit], arg("All line numbers are those before the edits; they may not overlap.", min_length=1)
    ],
    dryRun: DryRun = False,
    context: ContextLines = 3,
    ifMatch: IfMatch = None,
) -> Output[Edited]:
    """Replace, insert or delete lines of a file by their numbers. Answers a diff."""
    target = await ctx.state.locate(ctx, path, write=True)
    wish = Wish(dry_run=dryRun, context=context, if_match=ifMatch)
    done = await ctx.state.changes.run(ctx, "edit_lines", [target], edit_line_content, target, edits, wish)
    return Output(done, fenced(safe(done.diff)))


@edit.tool(destructive=True, idempotent=False, open_world=False)
async def replace_in_files(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    pattern: Annotated[str, arg("What to replace; a regular expression is RE2 and stays within a line.", min_length=1)],
    replacement: Annotated[str, arg(r"What replaces it; with mode regex \1 and \g<name> are groups.")],
    path: Annotated[str, arg("Directory to work in.")] = ".",
    mode: Annotated[Way, arg("How pattern is read.")] = "regex",
    include: Annotated[tuple[str, ...], arg("Globs of files to change; without: all.", max_length=100)] = (),
    excludePatterns: Exclude = None,
    dryRun: Annotated[bool, arg("Only show the diffs, and give an applyToken.")] = True,
    maxFiles: Annotated[int, arg("Refuse if more files would change.", ge=1, le=1000)] = 100,
    applyToken: Annotated[str, arg("From the dry run; needed to write.")] | None = None,
) -> Output[Replacements]:
    """Replace text in all files of a directory: first a dry run, then the same call with its applyToken."""
    query = Query(
        pattern=pattern,
        replacement=replacement,
        path=path,
        mode=mode,
        include=include,
        exclude=excludePatterns or (),
        max_files=maxFiles,
    )
    return await _replace(ctx, query, dry_run=dryRun, token=applyToken)


def edit_line_content(job: Job, target: Located, edits: list[LineEdit], wish: Wish) -> EditResult:
    """Apply the edits to a file, or only see what they would do."""
    return rewrite(job, target, partial(apply_lines, edits=edits), wish)


async def _replace(ctx: Ctx, query: Query, *, dry_run: bool, token: str | None) -> Output[Replacements]:
    arguments = asdict(query)
    scope = (await ctx.state.reach(ctx)).fingerprint
    cursors = ctx.state.cursors
    expected = None
    if not dry_run:
        if token is None:
            message = "Writing needs the applyToken of a dry run with the same arguments."
            raise ToolError(message, code="invalid_argument", hint="Call it with dryRun=true first.")
        expected = cursors.open(token, TOOL, arguments, ctx.principal, position=str, scope=scope)
    start = await ctx.state.locate(ctx, query.path, write=True)
    settings = ctx.state.settings
    limits = Limits(settings.max_depth, settings.tool_timeout * 0.8)
    plan, change = await ctx.state.changes.run(ctx, TOOL, [start], replace_all, start, query, limits, expected)
    new_token = None
    if dry_run and plan.rewrites:
        new_token = cursors.seal(TOOL, arguments, ctx.principal, plan.digest, scope=scope)
    done = _result(plan, dry_run=dry_run, token=new_token, change=change)
    return Output(done, _text(done))


class Limits(Struct, frozen=True):
    """How deep, and for how long files are looked for."""

    depth: int
    seconds: float


def replace_all(
    job: Job, start: Located, query: Query, limits: Limits, expected: str | None
) -> tuple[Plan, str | None]:
    """Work out the replacements and, if they are those expected, write them."""
    plan = planned(job, start, query, max_depth=limits.depth, seconds=limits.seconds)
    if expected is None:
        return plan, None
    if plan.digest != expected:
        message = "The files have changed since the dry run; nothing was written."
        raise ToolError(message, code="conflict", hint="Make a new dry run.")
    with Recording(job) as record:
        return plan, write_all(record, start, plan)


def _result(plan: Plan, *, dry_run: bool, token: str | None, change: str | None) -> Replacements:
    return Replacements(
        files=[Replaced(rewrite.path, rewrite.count, rewrite.diff) for rewrite in plan.rewrites],
        totals=Totals(
            files=len(plan.rewrites),
            replacements=sum(rewrite.count for rewrite in plan.rewrites),
            scanned=plan.scanned,
            skipped=plan.skipped,
        ),
        dry_run=dry_run,
        apply_token=token,
        change_id=change,
    )


def _text(done: Replacements) -> str:
    totals = done.totals
    verb = "would change" if done.dry_run else "changed"
    head = f"{totals.replacements} replacements {verb} {totals.files} files"
    token = f"\napplyToken: {done.apply_token}" if done.apply_token else ""
    diffs = "".join(file.diff for file in done.files)
    return f"{head}{token}\n{fenced(safe(diffs))}" if diffs else head
