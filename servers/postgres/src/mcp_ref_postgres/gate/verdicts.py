"""The statement gate: a caller's text passes if the engine's own grammar takes it after `DECLARE .. CURSOR FOR`.

Nothing runs when a statement is parsed. What may stand there is a SELECT, VALUES, TABLE or WITH that changes nothing,
and exactly one; the same text alone then means the same.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence

from msgspec import Struct

from mcp_ref_kit.db.calls.deadline import off_loop
from mcp_ref_kit.db.calls.errors import DbError
from mcp_ref_postgres.engine.connecting import Session
from mcp_ref_postgres.engine.database import Engine
from mcp_ref_postgres.engine.driver import Attribute, TypeName
from mcp_ref_postgres.engine.faults import broken, fault
from mcp_ref_postgres.gate.functions import LOOK_UP, Rules, judge
from mcp_ref_postgres.gate.statements import Statement
from mcp_ref_postgres.reading.columns import Shape, shape_of
from mcp_ref_postgres.reading.parameters import cast_in_place

PREFIX = "DECLARE _g NO SCROLL CURSOR FOR "
KEPT = 512
LONGEST_KEPT = 8192
# As long a changed function may still be judged by what it was.
SECONDS = 30
LONGEST = 262_144

_DATA_MODIFYING = "0A000"
_GRAMMAR = "42601"


class Verdict(Struct):
    """What is known of a text that passed. `small`: it gave few rows when it ran, so one fetch is enough."""

    statement: Statement
    text: str
    """What runs: the statement with its parameters read from text."""
    parameters: tuple[TypeName, ...]
    attributes: tuple[Attribute, ...]
    composites: frozenset[int]
    until: float
    small: bool = False
    ready: dict[int, tuple[Shape, str]] = {}
    """By the longest cell, how the columns are asked for, and the statement that does."""

    def asked(self, most: int) -> tuple[Shape, str]:
        """The columns and the statement that runs, with no cell longer than this."""
        found = self.ready.get(most)
        if found is None:
            shape = shape_of(self.attributes, most, self.composites)
            found = self.ready[most] = shape, shape.around(self.text)
        return found


class Gate:
    """Judges texts for one database, and remembers its verdicts for a while."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        settings = engine.settings
        self._rules = Rules(tuple(settings.allow_functions), tuple(settings.deny_functions))
        self._verdicts: OrderedDict[str, Verdict] = OrderedDict()

    def forget(self) -> None:
        """The catalogue has changed: everything is judged anew."""
        self._verdicts.clear()

    def drop(self, text: str) -> None:
        """Judge this text anew: it did not fit what was remembered."""
        self._verdicts.pop(text, None)

    def remembers(self, text: str) -> bool:
        """Whether a verdict on this text is at hand."""
        return text in self._verdicts

    async def admit(self, session: Session, text: str) -> Verdict:
        """Let a reading statement pass; the session is in a READ ONLY transaction.

        Raises:
            DbError: `syntax`, `read_only`, `permission`, or what else the engine says of it.
        """
        known = self._verdicts.get(text)
        now = asyncio.get_running_loop().time()
        if known is not None and known.until > now:
            self._verdicts.move_to_end(text)
            return await self._renewed(session, known)
        statement = await off_loop(len(text), statement_of, text)
        verdict = await self._judged(session, statement, now + SECONDS)
        if len(text) <= LONGEST_KEPT:
            self._verdicts[text] = verdict
        while len(self._verdicts) > KEPT:
            self._verdicts.popitem(last=False)
        return verdict

    async def would_admit(self, session: Session, text: str) -> bool:
        """Whether a statement would pass; the transaction goes on either way."""
        await session.connection.execute("SAVEPOINT one_text")
        try:
            await self.admit(session, text)
        except DbError as error:
            if error.code == "connection":
                raise
            await session.connection.execute("ROLLBACK TO SAVEPOINT one_text")
            return False
        await session.connection.execute("RELEASE SAVEPOINT one_text")
        return True

    async def check_functions(self, session: Session, statement: Statement, *, writes: bool = False) -> None:
        """Refuse functions that the engine would not stop.

        Raises:
            DbError: `permission`.
        """
        called = statement.calls()
        if not called:
            return
        path = (await self._engine.facts(asyncio.get_running_loop().time() + 1)).path
        schemas, names = [each.schema for each in called], [each.name for each in called]
        rows = await session.connection.fetch(LOOK_UP, schemas, names, path)
        refused = judge(rows, self._rules, writes=writes)
        if refused is not None:
            raise DbError(
                f"The function {refused.name} may not be called here: {refused.reason}.",
                code="permission",
                hint="An operator who trusts it can name it in --allow-functions.",
            )

    async def _judged(self, session: Session, statement: Statement, until: float) -> Verdict:
        connection, text, name = session.connection, statement.text, session.statement_name
        try:
            declared = await connection.prepare(PREFIX + text, name=name)
        except broken() as error:
            raise self._refused(error, statement) from error
        parameters = declared.get_parameters()
        await self.check_functions(session, statement)
        try:
            if parameters:
                text = cast_in_place(text, statement.tokens, statement.shift, parameters)
                await connection.prepare(PREFIX + text, name=name)  # what runs has passed, too
            attributes = (await connection.prepare(text, name=name)).get_attributes()
        except broken() as error:
            raise fault(error, self._engine.scrub, length=-1) from error
        return Verdict(statement, text, parameters, attributes, await composites_of(session, attributes), until)

    async def _renewed(self, session: Session, known: Verdict) -> Verdict:
        """The same, with the columns that a star stands for today."""
        if known.statement.is_starred:
            name = session.statement_name
            attributes = (await session.connection.prepare(known.text, name=name)).get_attributes()
            known.small = known.small and attributes == known.attributes
            if attributes != known.attributes:
                known.ready.clear()
            known.attributes = attributes
            known.composites = await composites_of(session, attributes)
        return known

    def _refused(self, error: Exception, statement: Statement) -> DbError:
        found = fault(error, self._engine.scrub, shift=len(PREFIX) - statement.shift, length=statement.end)
        state = found.engine_code
        if state == _DATA_MODIFYING and statement.has_changing_verb:
            words = "A statement in WITH that changes data cannot run here."
            return DbError(words, code="read_only", hint=_WRITES, engine_code=state)
        if state == _GRAMMAR and (verb := statement.foreign_verb()):
            words = f"Only one SELECT, VALUES, TABLE or WITH can run here, got {verb}."
            return DbError(words, code="read_only", hint=_WRITES, engine_code=state, position=found.position)
        if state == _GRAMMAR and "multiple commands" in found.message:
            hint = "Give one statement a call."
            return DbError(found.message, code="syntax", hint=hint, engine_code=state)
        return found


_WRITES = "In read-write mode, execute runs statements that change data."


def statement_of(text: str) -> Statement:
    """The statement in a caller's text.

    Raises:
        DbError: `too_large`, `syntax`; or `invalid_argument`, a character that the engine cannot take.
    """
    if len(text.encode("utf-8", "surrogatepass")) > LONGEST:
        raise DbError(f"The statement is over {LONGEST} bytes.", code="too_large")
    return Statement.of(text)


async def composites_of(session: Session, attributes: Sequence[Attribute]) -> frozenset[int]:
    """Those of the columns' types that are arrays of rows; the driver does not say what their members are."""
    oids = [each.type.oid for each in attributes if each.type.kind == "array" and each.type.schema != "pg_catalog"]
    if not oids:
        return frozenset()
    return frozenset(row[0] for row in await session.connection.fetch(_OF_ROWS, oids))


_OF_ROWS = """
    SELECT t.oid FROM pg_catalog.pg_type t JOIN pg_catalog.pg_type e ON e.oid = t.typelem
    WHERE t.oid = ANY ($1::oid[]) AND e.typtype = 'c'
"""
