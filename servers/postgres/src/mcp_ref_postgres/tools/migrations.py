"""Tools for migrations: several statements under one name, applied once, in one transaction."""

from collections.abc import Sequence
from typing import Annotated, Any

from msgspec import Struct

from mcp_protocol import Toolset, arg
from mcp_ref_kit.db.calls.arguments import Confirm, DatabaseName
from mcp_ref_kit.db.calls.deadline import MOST_SECONDS, Progress
from mcp_ref_kit.db.calls.errors import DbError, bad_argument
from mcp_ref_kit.db.rows.envelope import Untrusted
from mcp_ref_postgres.engine.faults import mapped
from mcp_ref_postgres.gate.keywords import kind_of, runs_alone
from mcp_ref_postgres.gate.statements import Statement
from mcp_ref_postgres.migrating.history import Migration, applied, digest_of, parts_of, prepare, record, schema_of
from mcp_ref_postgres.migrating.risks import Risk, risks
from mcp_ref_postgres.reading.transaction import ours
from mcp_ref_postgres.state import Ctx, Opened, State
from mcp_ref_postgres.tools.arguments import LOOKING, WRITING
from mcp_ref_postgres.writing.admitting import checked, deed_of
from mcp_ref_postgres.writing.deeds import Danger, danger
from mcp_ref_postgres.writing.running import commit, run

migrations = Toolset[State]("migrations", default=False)


class Migrations(Struct, frozen=True):
    """migrations: version, name, digest, applied_at, applied_by."""

    migrations: Sequence[Any]
    untrusted: Untrusted = True


class Applied(Struct, frozen=True, kw_only=True):
    """Whether it is in the database now; risks: severity, text; results: command_tag, row_count."""

    applied: bool
    version: int | None
    risks: Sequence[Any]
    results: Sequence[Any]


@migrations.tool(**LOOKING)
async def list_migrations(ctx: Ctx, *, database: DatabaseName | None = None) -> Migrations:
    """List the migrations that were applied."""
    schema = schema_of(ctx.state.settings)
    async with ours(ctx, database) as turn:
        return Migrations(await applied(turn.session, schema))


@migrations.tool(**WRITING)
async def apply_migration(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    name: Annotated[str, arg("Name of the migration.", min_length=1, max_length=200)],
    sql: Annotated[str, arg("Its statements, with semicolons between.")],
    dry_run: Annotated[bool, arg("Run all of it, then roll back.")] = True,
    lint: Annotated[bool, arg("Say what it locks and loses.")] = True,
    confirm: Confirm | None = None,
    database: DatabaseName | None = None,
) -> Applied:
    """Apply a migration in one transaction, and note it in the history."""
    opened = ctx.state.of(database)
    schema = schema_of(ctx.state.settings)
    statements = parts_of(sql)
    _check(opened, statements)
    found = [one for statement in statements if (one := danger(statement))]
    if found and not dry_run:
        whole = found[0] if len(found) == 1 else Danger("Destroy in a migration", name)
        await ctx.state.confirmation.require(ctx, await deed_of(ctx, opened, whole, f"{name}\0{sql}"), confirm)
    warned = risks(statements) if lint else []
    async with ctx.state.slots.enter(MOST_SECONDS) as deadline:
        await opened.engine.permitted(deadline.at)
        async with opened.engine.writing(deadline.at) as session:
            with mapped(opened.engine.scrub):
                await prepare(session, schema)
                known = {each.name: each for each in await applied(session, schema)}
                if name in known:
                    return _again(known[name], digest_of(sql), warned)
            results: list[dict[str, Any]] = []
            progress = Progress(ctx, len(statements))
            for number, statement in enumerate(statements, 1):
                _, done = await run(opened, session, statement.text, [], ctx.state.bounds())
                results.append({"command_tag": done.command_tag, "row_count": done.row_count})
                await progress.report(number)
            with mapped(opened.engine.scrub):
                version = await record(session, schema, name, digest_of(sql))
            if not dry_run:
                await commit(opened, session, ctx.state.group)
    if not dry_run:
        ctx.state.changed(opened)
        await ctx.list_changed("resources")
    return Applied(applied=not dry_run, version=None if dry_run else version, risks=warned, results=results)


def _check(opened: Opened, statements: list[Statement]) -> None:
    for number, statement in enumerate(statements, 1):
        checked(opened, statement.text)
        if runs_alone(statement.words):
            raise bad_argument("sql", f"has {kind_of(statement.words).text} as statement {number}, which runs alone")


def _again(known: Migration, digest: str, warned: list[Risk]) -> Applied:
    """The same once more changes nothing; another under its name is a mistake."""
    if known.digest != digest:
        raise DbError(
            f"The migration {known.name!r} was applied as version {known.version} with other statements.",
            code="conflict",
            hint="Give this one a name of its own.",
        )
    return Applied(applied=True, version=known.version, risks=warned, results=[])
