"""Tools that change data: one statement, or several in one transaction."""

import time
from collections.abc import Sequence
from typing import Annotated, Any

from msgspec import Struct

from mcp_protocol import Toolset, arg
from mcp_ref_kit.db.calls.arguments import Confirm, DatabaseName, TimeoutSeconds
from mcp_ref_kit.db.calls.deadline import off_loop
from mcp_ref_kit.db.calls.errors import bad_argument
from mcp_ref_kit.db.rows.envelope import Untrusted
from mcp_ref_postgres.engine.database import Isolation
from mcp_ref_postgres.gate.keywords import kind_of, runs_alone
from mcp_ref_postgres.state import Ctx, Opened, State
from mcp_ref_postgres.tools.arguments import WRITING, Sql, Values
from mcp_ref_postgres.writing.admitting import checked, deed_of
from mcp_ref_postgres.writing.batches import Batch, OnError, run_batch
from mcp_ref_postgres.writing.deeds import Danger, danger
from mcp_ref_postgres.writing.running import alone, commit, run

writing = Toolset[State]("core")

_NONE: list[Any] = []
DEFINES = frozenset({"CREATE", "ALTER", "DROP", "COMMENT", "GRANT", "REVOKE"})

DryRun = Annotated[bool, arg("Run, then roll back.")]


class Executed(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """rows: of RETURNING, as query gives them."""

    command_tag: str
    row_count: int | None = None
    rows: Any = None
    notices: list[str] = []
    dry_run: bool = False
    elapsed_ms: float
    untrusted: Untrusted = True


class BatchStatement(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """params_list runs it for each."""

    sql: str
    params: list[Any] | None = None
    params_list: Annotated[list[list[Any]], arg("Several params.", min_length=1, max_length=10_000)] | None = None


class BatchDone(Struct, frozen=True, kw_only=True):
    """results: command_tag, row_count or error of each."""

    results: Sequence[Any]
    committed: bool
    failed_index: int | None = None
    elapsed_ms: float
    untrusted: Untrusted = True


@writing.tool(**WRITING)
async def execute(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    sql: Sql,
    params: Values = _NONE,
    dry_run: DryRun = False,
    confirm: Confirm | None = None,
    timeout_s: TimeoutSeconds = 30.0,
    database: DatabaseName | None = None,
) -> Executed:
    """Run one statement that changes data or structure."""
    opened = ctx.state.of(database)
    statement = await off_loop(len(sql), checked, opened, sql)
    found = danger(statement)
    is_alone = runs_alone(statement.words)
    if is_alone and dry_run:
        raise bad_argument("dry_run", f"cannot be: {kind_of(statement.words).text} runs outside of a transaction")
    await _permitted(ctx, opened)
    if found is not None and not dry_run:
        deed = await deed_of(ctx, opened, found, f"{sql}\0{params!r}")
        await ctx.state.confirmation.require(ctx, deed, confirm)
    began = time.monotonic()
    async with ctx.state.slots.enter(timeout_s) as deadline:
        if is_alone:
            tag, notices = await alone(opened, statement.text, deadline)
            result = Executed(command_tag=tag, notices=notices, elapsed_ms=_since(began))
        else:
            async with opened.engine.writing(deadline.at) as session:
                _, done = await run(opened, session, sql, params, ctx.state.bounds())
                if not dry_run:
                    await commit(opened, session, ctx.state.group)
                result = Executed(
                    command_tag=done.command_tag,
                    row_count=done.row_count,
                    rows=done.rows,
                    notices=list(session.notices),
                    dry_run=dry_run,
                    elapsed_ms=_since(began),
                )
    if not dry_run:
        await _announce(ctx, opened, defines=statement.words[0] in DEFINES)
    return result


@writing.tool(**WRITING)
async def execute_batch(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    statements: Annotated[list[BatchStatement], arg("In order.", min_length=1, max_length=100)],
    isolation: Annotated[Isolation, arg("Isolation.")] = "read_committed",
    on_error: Annotated[OnError, arg("continue: keep what succeeded.")] = "rollback",
    dry_run: DryRun = False,
    confirm: Confirm | None = None,
    database: DatabaseName | None = None,
) -> BatchDone:
    """Run several statements in one transaction."""
    opened = ctx.state.of(database)
    dangers: list[Danger] = []
    defines = False
    for each in statements:
        if each.params is not None and each.params_list is not None:
            raise bad_argument("statements", "must not have both `params` and `params_list`")
        statement = await off_loop(len(each.sql), checked, opened, each.sql)
        if runs_alone(statement.words):
            raise bad_argument("statements", f"must not have {kind_of(statement.words).text}, which runs alone")
        found = danger(statement)
        dangers += [found] if found else []
        defines = defines or statement.words[0] in DEFINES
    await _permitted(ctx, opened)
    if dangers and not dry_run:
        targets = ", ".join(dict.fromkeys(each.target for each in dangers))
        whole = dangers[0] if len(dangers) == 1 else Danger("Destroy in several statements", targets)
        text = "\0".join(f"{each.sql}\0{each.params!r}\0{each.params_list!r}" for each in statements)
        await ctx.state.confirmation.require(ctx, await deed_of(ctx, opened, whole, text), confirm)
    began = time.monotonic()
    batch = Batch([(each.sql, each.params, each.params_list) for each in statements], isolation, on_error, dry_run)
    async with ctx.state.slots.enter(ctx.state.settings.timeout) as deadline:
        results, committed, failed = await run_batch(ctx, opened, batch, deadline)
    if committed:
        await _announce(ctx, opened, defines=defines)
    return BatchDone(results=results, committed=committed, failed_index=failed, elapsed_ms=_since(began))


async def _permitted(ctx: Ctx, opened: Opened) -> None:
    """Whether the role may write at all is said before anybody is asked."""
    async with ctx.state.slots.enter(ctx.state.settings.timeout) as deadline:
        await opened.engine.permitted(deadline.at)


async def _announce(ctx: Ctx, opened: Opened, *, defines: bool) -> None:
    if defines:
        ctx.state.changed(opened)
        await ctx.list_changed("resources")


def _since(began: float) -> float:
    return round((time.monotonic() - began) * 1000, 3)
