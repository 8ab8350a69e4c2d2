"""advise_indexes: candidates are tried in an empty copy of the schema in memory; the file itself is never touched."""

import sqlite3
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import pairwise

from msgspec import Struct

from mcp_ref_kit.db.calls.deadline import Deadline
from mcp_ref_kit.db.sql.lexer import SQLITE, Token, significant
from mcp_ref_kit.db.sql.statements import identifier
from mcp_ref_sqlite.engine.database import Database
from mcp_ref_sqlite.engine.gate import WRITING, Gate
from mcp_ref_sqlite.health.checks import redundant
from mcp_ref_sqlite.reading.objects import Object, objects
from mcp_ref_sqlite.reading.plans import full_scan, prepared, steps
from mcp_ref_sqlite.reading.statements import Statement
from mcp_ref_sqlite.results import Advice
from mcp_ref_sqlite.state import Ctx

_EQUALITIES = frozenset({"=", "=="})
_ORDERS = frozenset({"<", ">", "<=", ">="})
_MOST_CANDIDATES = 60
_MOST_COLUMNS = 3
_STATISTICS = ("sqlite_stat1", "sqlite_stat4")


class Suggestion(Struct, frozen=True, kw_only=True):
    """An index that would help, with the plans that show it."""

    ddl: str
    reason: str
    plan_before: list[str]
    plan_after: list[str]
    helps: list[int]


class Redundant(Struct, frozen=True):
    """An index whose columns begin another one."""

    index: str
    covered_by: str


class Copied(Struct, frozen=True, kw_only=True):
    """What the file says of its schema."""

    ddl: list[str]
    statistics: list[tuple[str, list[tuple[object, ...]]]]
    tables: dict[str, list[str]]
    redundant: list[Redundant]


async def advise(ctx: Ctx, database: Database, queries: Sequence[str], most: int) -> Advice:
    """Indexes that turn scans and sorts of these queries into searches."""
    async with ctx.state.running(database, None) as deadline:
        copied = await database.read(_copied, deadline)
        asked = [prepared(sql, {}) for sql in queries]
        for statement in asked:  # what is wrong with one is told in the words of the file itself
            await database.read(partial(_planned, statement), deadline, statement.sql)
        found = await database.read(partial(_tried, copied, asked, most, deadline), deadline)
    return Advice(suggestions=found, redundant=copied.redundant)


def _planned(statement: Statement, connection: sqlite3.Connection) -> None:
    steps(connection, statement)


def _copied(connection: sqlite3.Connection) -> Copied:
    """On a reader's thread."""
    everything = objects(connection)
    tables = [each for each in everything if each.kind == "table" and not each.internal]
    order = {"table": 0, "virtual": 0, "index": 1, "view": 2}
    kept = sorted((each for each in everything if _is_copied(each)), key=lambda each: order[each.kind])
    return Copied(
        ddl=[each.ddl or "" for each in kept],
        statistics=[found for name in _STATISTICS if (found := _statistics(connection, name))],
        tables={table.name: _columns(connection, table.name) for table in tables},
        redundant=[Redundant(*pair) for table in tables for pair in redundant(connection, table)],
    )


def _is_copied(each: Object) -> bool:
    # Virtual tables would be built with their modules; plans of other tables do not need them.
    return each.ddl is not None and not each.internal and each.kind in {"table", "index", "view"}


def _statistics(connection: sqlite3.Connection, name: str) -> tuple[str, list[tuple[object, ...]]] | None:
    reading = f"SELECT * FROM {identifier(name)} LIMIT 100000"  # noqa: S608  one of two names
    try:
        rows = connection.execute(reading).fetchall()
    except sqlite3.OperationalError:  # ANALYZE has not been run, or not with that kind
        return None
    return (name, rows) if rows else None


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [name for (name,) in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))]


def _tried(
    copied: Copied, asked: Sequence[Statement], most: int, deadline: Deadline, connection: sqlite3.Connection
) -> list[Suggestion]:
    """Plan with each candidate in turn. On a reader's thread, but not on its connection."""
    del connection
    memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    memory.execute("PRAGMA trusted_schema=0").close()
    memory.set_authorizer(Gate(WRITING))  # the schema is a stranger's text
    try:
        trial = _Trial(memory, copied)
        return trial.best(asked, most, deadline)
    finally:
        memory.close()


class _Trial:
    """The copy, and what is found in it."""

    def __init__(self, memory: sqlite3.Connection, copied: Copied) -> None:
        self._memory = memory
        self._tables = copied.tables
        for ddl in copied.ddl:
            try:
                memory.execute(ddl)
            except sqlite3.Error:  # it needs a module or collation that the copy has not
                continue
        memory.execute("ANALYZE")
        for name, rows in copied.statistics:
            self._fill(name, rows)
        memory.execute("ANALYZE sqlite_schema")

    def _fill(self, name: str, rows: Sequence[tuple[object, ...]]) -> None:
        places = ", ".join("?" * len(rows[0]))
        filling = f"INSERT INTO {name} VALUES ({places})"  # noqa: S608  one of two names
        try:
            self._memory.executemany(filling, rows)
        except sqlite3.Error:  # this build keeps no such statistics
            return

    def best(self, asked: Sequence[Statement], most: int, deadline: Deadline) -> list[Suggestion]:
        before = [self._plan(statement) for statement in asked]
        scored: list[tuple[int, int, Suggestion]] = []
        for at, (table, columns) in enumerate(_candidates(asked, before, self._tables)):
            if deadline.left == 0:  # planning looks at no clock
                raise deadline.expired()
            suggestion = self._suggestion(table, columns, asked, before)
            if suggestion is not None:
                scored.append((-len(suggestion.helps), at, suggestion))
        kept: list[Suggestion] = []
        for _, _, suggestion in sorted(scored, key=lambda one: one[:2]):
            if not any(set(suggestion.helps) <= set(other.helps) for other in kept):
                kept.append(suggestion)
        return kept[:most]

    def _plan(self, statement: Statement) -> list[str]:
        try:
            return [step.detail for step in steps(self._memory, statement)]
        except sqlite3.Error:  # it reads a virtual table, which the copy has not
            return []

    def _suggestion(
        self, table: str, columns: tuple[str, ...], asked: Sequence[Statement], before: Sequence[list[str]]
    ) -> Suggestion | None:
        name = "_".join(["idx", table, *columns])
        ddl = f"CREATE INDEX {identifier(name)} ON {identifier(table)} ({', '.join(map(identifier, columns))})"
        try:
            self._memory.execute(ddl)
        except sqlite3.Error:  # there is one of that name
            return None
        after = [self._plan(statement) for statement in asked]
        dropping = f"DROP INDEX {identifier(name)}"
        self._memory.execute(dropping)
        helps = [at for at in range(len(asked)) if _cost(after[at]) < _cost(before[at]) and name in " ".join(after[at])]
        if not helps:
            return None
        first = helps[0]
        return Suggestion(
            ddl=ddl,
            reason=_reason(before[first], after[first], table),
            plan_before=before[first],
            plan_after=after[first],
            helps=helps,
        )


def _cost(plan: Sequence[str]) -> int:
    """A scan is worse than a sort, and that than anything else."""
    scans = sum(1 for detail in plan if full_scan(detail))
    sorts = sum(1 for detail in plan if "TEMP B-TREE" in detail or "AUTOMATIC" in detail)
    return 10 * scans + sorts


def _reason(before: Sequence[str], after: Sequence[str], table: str) -> str:
    scans = [name for detail in before if (name := full_scan(detail))]
    if len(scans) > sum(1 for detail in after if full_scan(detail)):
        return f"{table} is searched instead of read whole."
    return f"Rows of {table} come in the order that is wanted, without a sort."


def _candidates(
    asked: Sequence[Statement], plans: Sequence[list[str]], tables: dict[str, list[str]]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Columns that are compared, then those that are ordered by: for each table that a plan reads."""
    seen: set[tuple[str, tuple[str, ...]]] = set()
    for statement, plan in zip(asked, plans, strict=True):
        words = significant(statement.sql, SQLITE)
        for table, names in tables.items():
            if not _is_read(table, words, plan):
                continue
            for columns in _combinations(words, names):
                if (table, columns) not in seen and len(seen) < _MOST_CANDIDATES:
                    seen.add((table, columns))
                    yield table, columns


def _is_read(table: str, words: Sequence[Token], plan: Sequence[str]) -> bool:
    return bool(plan) and any(word.kind in {"word", "name"} and word.value.lower() == table.lower() for word in words)


def _combinations(words: Sequence[Token], names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    equal, ranged, ordered = _compared(words, names), _ranged(words, names), _ordered(words, names)
    for last in (*ranged, *ordered):
        if last not in equal and equal:
            yield (*equal[: _MOST_COLUMNS - 1], last)
    if equal:
        yield tuple(equal[:_MOST_COLUMNS])
    for column in (*equal, *ranged):
        yield (column,)
    if ordered:
        yield tuple(ordered[:_MOST_COLUMNS])


def _compared(words: Sequence[Token], names: Sequence[str]) -> list[str]:
    return _beside(words, names, _EQUALITIES, ("in", "is"))


def _ranged(words: Sequence[Token], names: Sequence[str]) -> list[str]:
    return _beside(words, names, _ORDERS, ("between", "like", "glob"))


def _beside(words: Sequence[Token], names: Sequence[str], signs: frozenset[str], verbs: tuple[str, ...]) -> list[str]:
    """Columns next to one of these signs or words."""
    known = {name.lower(): name for name in names}
    found: list[str] = []
    for left, right in pairwise(words):
        for one, other in ((left, right), (right, left)):
            is_compared = (other.kind == "sign" and other.value in signs) or (one is left and other.is_word(*verbs))
            name = known.get(one.value.lower()) if one.kind in {"word", "name"} else None
            if is_compared and name and name not in found:
                found.append(name)
    return found


def _ordered(words: Sequence[Token], names: Sequence[str]) -> list[str]:
    """Columns after ORDER BY or GROUP BY."""
    known = {name.lower(): name for name in names}
    found: list[str] = []
    taking = False
    for before, word in pairwise(words):
        if before.is_word("order", "group") and word.is_word("by"):
            taking = True
        elif taking and word.is_word("limit", "having", "union", "window"):
            taking = False
        elif taking and word.kind in {"word", "name"} and (name := known.get(word.value.lower())) and name not in found:
            found.append(name)
    return found
