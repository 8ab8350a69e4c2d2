"""`COPY (statement) TO STDOUT`, streamed in chunks.

COPY knows no parameters and goes by the simple protocol, so values become literals, written by the engine and put in
place of the parameters' own tokens, and the text that results has to pass the gate itself.
"""

import zlib
from collections.abc import Sequence
from typing import Any, Literal

from mcp_ref_kit.db.calls.deadline import Progress
from mcp_ref_kit.db.exports.exporting import Pending
from mcp_ref_kit.db.rows.envelope import Format
from mcp_ref_kit.db.rows.formats import unique
from mcp_ref_kit.db.sql.statements import identifier
from mcp_ref_postgres.engine.connecting import Session
from mcp_ref_postgres.gate.verdicts import Gate, Verdict
from mcp_ref_postgres.reading.kinds import path
from mcp_ref_postgres.reading.parameters import converted

CopyFormat = Literal["csv", "jsonl", "text"]

# What the kit calls them, for the type and name of the result; COPY's own text form is a table with tabs.
FORMS: dict[CopyFormat, Format] = {"csv": "csv", "jsonl": "jsonl", "text": "csv"}
_OPTIONS: dict[CopyFormat, dict[str, Any]] = {
    "csv": {"format": "csv", "header": True},
    # As CSV with marks that JSON of one line cannot contain, so that nothing is escaped a second time.
    "jsonl": {"format": "csv", "quote": "\x01", "delimiter": "\x02"},
    "text": {"format": "text"},
}
_GZIP = 31


class LineEnds:
    """Gives the engine's CSV the line ends of RFC 4180; those inside of quotes are values, and stay."""

    def __init__(self) -> None:
        self._inside = False

    def __call__(self, data: bytes) -> bytes:
        """The next chunk; a doubled quote ends the quotes and opens them again, which comes to the same."""
        parts = data.split(b'"')
        first = 1 if self._inside else 0
        parts[first::2] = [part.replace(b"\n", b"\r\n") for part in parts[first::2]]
        self._inside ^= len(parts) % 2 == 0
        return b'"'.join(parts)


class Stream:
    """Takes the engine's chunks: counts lines, compresses, reports."""

    def __init__(self, pending: Pending, progress: Progress, form: CopyFormat, *, compress: bool) -> None:
        self._pending = pending
        self._progress = progress
        self._ends = LineEnds() if form == "csv" else None
        self._packer = zlib.compressobj(wbits=_GZIP) if compress else None

    async def __call__(self, data: bytes) -> None:
        """One chunk."""
        rows = data.count(b"\n")
        data = data if self._ends is None else self._ends(data)
        packed = data if self._packer is None else self._packer.compress(data)
        await self._pending.add(packed, rows)
        await self._progress.report(self._pending.rows)

    async def finish(self, rows: int) -> None:
        """The rest, and how many rows it really was: a newline in a value is no row."""
        if self._packer is not None:
            await self._pending.add(self._packer.flush())
        self._pending.rows = rows


async def copied_out(
    gate: Gate, session: Session, verdict: Verdict, params: Sequence[Any], form: CopyFormat, stream: Stream
) -> None:
    """All rows of a statement that passed.

    Raises:
        DbError: also what the stream raises, `too_large`.
    """
    arguments = converted(params, verdict.parameters)
    if arguments:
        verdict = await gate.admit(session, await _with_literals(session, verdict, arguments))
    text = f"{verdict.statement.text}\n"
    if form == "jsonl":
        names = ", ".join(identifier(name) for name in unique([column.name for column in verdict.attributes]))
        # A newline in JSON stands between tokens only, where a blank says the same.
        line = "pg_catalog.translate(pg_catalog.row_to_json(q)::pg_catalog.text, E'\\n\\r', '  ')"
        text = f"SELECT {line} FROM ({text}) AS q({names})"  # noqa: S608  the caller's text passed the gate
    status = await session.connection.copy_from_query(text, output=stream, **_OPTIONS[form])
    await stream.finish(int(status.rpartition(" ")[2]))


async def _with_literals(session: Session, verdict: Verdict, arguments: Sequence[Any]) -> str:
    asked = ", ".join(
        f"pg_catalog.quote_literal(${number}::pg_catalog.text)" for number in range(1, len(arguments) + 1)
    )
    written = await session.connection.fetchrow(f"SELECT {asked}", *arguments)
    types = map(path, verdict.parameters)
    literals = [f"({text or 'NULL'}::{kind})" for text, kind in zip(written, types, strict=True)]
    statement = verdict.statement
    text = statement.text
    for token in reversed(statement.tokens):
        if token.kind == "parameter":
            start, end = token.start - statement.shift, token.end - statement.shift
            text = f"{text[:start]} {literals[int(token.value[1:]) - 1]} {text[end:]}"
    return text
