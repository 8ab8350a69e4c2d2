"""Results of any size: streamed into memory, to be read as a resource, or into a file of the operator's directory."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct

from mcp_protocol.server.output import Output
from mcp_protocol.session.calls import Principal
from mcp_protocol.types import Link
from mcp_ref_kit.db.calls.errors import DbError, bad_argument
from mcp_ref_kit.db.exports.results import Results
from mcp_ref_kit.db.exports.sinks import File, Memory, Sink
from mcp_ref_kit.db.rows.cells import Cells, Encoder
from mcp_ref_kit.db.rows.envelope import Column, Format
from mcp_ref_kit.db.rows.formats import MIME_TYPES, file_writer
from mcp_ref_kit.paths import JailPath, OpenFile, Root, open_root
from mcp_ref_kit.workers import Workers

CHUNK = 64 * 1024
_LONGEST_NAME = 128


class Exported(Struct, frozen=True, kw_only=True):
    """What was written, and where: a resource to read, or a file below the operator's directory."""

    rows: int
    bytes: int
    format: Format
    resource_uri: str | None = None
    file: str | None = None


class RowBytes:
    """Rows to bytes, block by block, on whatever thread fetches them."""

    def __init__(
        self, form: Format, columns: Sequence[Column], cells: Cells, encoders: Sequence[Encoder] | None = None
    ) -> None:
        self._writer = file_writer(form, columns)
        self._cells = cells
        self._encoders = encoders
        self._first = True

    @property
    def head(self) -> bytes:
        """What comes before the rows."""
        return self._writer.head

    @property
    def tail(self) -> bytes:
        """What comes after them."""
        return self._writer.tail

    def block(self, rows: Sequence[Sequence[Any]]) -> bytes:
        """Some more rows."""
        parts = [self._writer.row(self._cells.row(row, self._encoders)) for row in rows]
        if not parts:
            return b""
        lead = b"" if self._first else self._writer.between
        self._first = False
        return lead + self._writer.between.join(parts)


class Export:
    """One result on its way: `add` bytes as they come, with the number of rows in them."""

    def __init__(self, sink: Sink) -> None:
        self.rows = 0
        self.size = 0
        self._sink = sink
        self._parts: list[bytes] = []
        self._waiting = 0

    async def add(self, data: bytes, rows: int = 0) -> None:
        """Take some more.

        Raises:
            DbError: `too_large`, for what is kept in memory.
        """
        self.rows += rows
        self.size += len(data)
        self._parts.append(data)
        self._waiting += len(data)
        if self._waiting >= CHUNK:
            await self.flush()

    async def flush(self) -> None:
        """Pass on what waits."""
        data, self._parts, self._waiting = b"".join(self._parts), [], 0
        await self._sink.write(data)


class Exports:
    """Where exports of one server go. `async with exports.begin(...) as export:` leaves nothing behind that failed."""

    def __init__(self, results: Results, workers: Workers, directory: Root | None = None) -> None:
        self.results = results
        self._workers = workers
        self._directory = directory

    @asynccontextmanager
    async def begin(self, principal: Principal, form: Format, file: str | None) -> AsyncGenerator["Pending"]:
        """An export in the block; its end completes it, an error or a cancellation removes what there is of it.

        Raises:
            DbError: the file may not be written, or exists.
        """
        sink = self._sink(file)
        pending = Pending(sink)
        try:
            await sink.open()
            yield pending
            await pending.flush()
            await sink.close()
        except BaseException:  # cancelled, too: half a file is no export
            await asyncio.shield(sink.abort())
            raise
        uri = self.results.put(principal, form, sink.data) if isinstance(sink, Memory) else None
        pending.exported = Exported(rows=pending.rows, bytes=pending.size, format=form, resource_uri=uri, file=file)

    async def read(self, name: str) -> OpenFile:
        """A file of the operator's directory, for an import; its caller closes it.

        Raises:
            DbError, PathError: there is no directory, no such file, or it is none.
        """
        root = self._required()
        return await self._workers.run(root.open, JailPath((plain_name(name),), name))

    def _sink(self, file: str | None) -> Memory | File:
        if file is None:
            return Memory(has_directory=self._directory is not None)
        return File(self._required(), plain_name(file), self._workers)

    def _required(self) -> Root:
        if self._directory is None:
            raise DbError(
                "This server has no directory for files.",
                code="permission",
                hint="Leave `file` out, or let the operator start the server with --export-dir.",
            )
        return self._directory


class Pending(Export):
    """An export that becomes an `Exported` at the end of its block."""

    exported: Exported | None = None

    @property
    def output(self) -> Output[Exported]:
        """The result of the tool: what was written, with a link to it where it is a resource."""
        done = self.exported
        if done is None:
            raise AssertionError("the block has not ended")
        said = f"{done.rows} rows, {done.bytes} bytes of {done.format}: {done.file or done.resource_uri}"
        if done.resource_uri is None:
            return Output(done, said)
        mime_type = MIME_TYPES[done.format]
        return Output(done, said, Link(uri=done.resource_uri, name="result", mime_type=mime_type, size=done.bytes))


def opened(directory: Path | None) -> Root | None:
    """The operator's directory as a handle; nothing outside of it can be reached through it.

    Raises:
        SettingsError: it is missing, or no directory.
    """
    return None if directory is None else open_root(directory)


def plain_name(name: str) -> str:
    """A file name that is nothing but a name.

    Raises:
        DbError: `invalid_argument`.
    """
    plain = name.isprintable() and not any(mark in name for mark in '/\\:*?"<>|')
    if not plain or not name or name.startswith(".") or len(name.encode("utf-8", "replace")) > _LONGEST_NAME:
        raise bad_argument("file", "must be a plain name such as rows.csv, without a directory")
    return name
