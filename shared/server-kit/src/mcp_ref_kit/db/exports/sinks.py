"""Where the bytes of an export go: into memory, or into a new file. What was aborted leaves nothing behind."""

import os
from contextlib import suppress
from typing import Protocol

from mcp_ref_kit.db.calls.errors import DbError, quoted
from mcp_ref_kit.db.exports.results import MOST_BYTES
from mcp_ref_kit.paths import AlreadyExists, JailPath, OpenFile, PathError, Root, Spot, mapped
from mcp_ref_kit.workers import Workers


class Sink(Protocol):
    """Opened, written to, then closed or aborted."""

    async def open(self) -> None:
        """Be ready."""
        ...

    async def write(self, data: bytes) -> None:
        """Take some more."""
        ...

    async def close(self) -> None:
        """That was all."""
        ...

    async def abort(self) -> None:
        """Take everything back."""
        ...


class Memory:
    """Bytes that are kept, up to a bound."""

    def __init__(self, *, has_directory: bool) -> None:
        """`has_directory` says what would help where they are too many."""
        self._parts: list[bytes] = []
        self._size = 0
        self._has_directory = has_directory

    @property
    def data(self) -> bytes:
        """All of them."""
        return b"".join(self._parts)

    async def open(self) -> None:
        """Nothing to do."""

    async def write(self, data: bytes) -> None:
        """Take some more.

        Raises:
            DbError: `too_large`.
        """
        self._size += len(data)
        if self._size > MOST_BYTES:
            way_out = "Name a `file`." if self._has_directory else "An operator's --export-dir takes larger ones."
            raise DbError(
                f"The result is larger than the {MOST_BYTES} bytes that are kept in memory.",
                code="too_large",
                hint=f"Ask for less. {way_out}",
            )
        self._parts.append(data)

    async def close(self) -> None:
        """Nothing to do."""

    async def abort(self) -> None:
        """Forget them."""
        self._parts.clear()


class File:
    """A file that did not exist before, reached through the handle of its directory. All work is a worker's."""

    def __init__(self, root: Root, name: str, workers: Workers) -> None:
        self._root = root
        self._name = name
        self._workers = workers
        # Set by the worker: who is cancelled while the file is made still finds it here.
        self._made: tuple[Spot, OpenFile] | None = None

    async def open(self) -> None:
        """Make it.

        Raises:
            DbError: `conflict`, it exists.
            PathError: it cannot be made.
        """
        await self._workers.run(self._open)

    async def write(self, data: bytes) -> None:
        """Write some more.

        Raises:
            PathError: the disk is full, or fails.
        """
        await self._workers.run(self._write, data)

    async def close(self) -> None:
        """Let it reach the disk.

        Raises:
            PathError: the disk is full, or fails.
        """
        await self._workers.run(self._close)

    async def abort(self) -> None:
        """Remove it, if it was made."""
        await self._workers.run(self._abort)

    def _open(self) -> None:
        spot = self._root.parent(JailPath((self._name,), self._name), exact=True)
        try:
            self._made = (spot, self._created(spot))
        except BaseException:  # whatever happens, the handle has no other owner yet
            spot.close()
            raise

    def _created(self, spot: Spot) -> OpenFile:
        try:
            return spot.create()
        except AlreadyExists as error:
            raise DbError(
                f"There is a file {quoted(self._name)} already.",
                code="conflict",
                hint="Choose another name: nothing is overwritten.",
            ) from error

    def _write(self, data: bytes) -> None:
        _, file = self._opened()
        rest = memoryview(data)
        with mapped(self._name):
            while rest:
                rest = rest[os.write(file.fd, rest) :]

    def _close(self) -> None:
        spot, file = self._opened()
        with mapped(self._name):
            os.fsync(file.fd)
        self._made = None
        file.close()
        spot.close()

    def _abort(self) -> None:
        if self._made is None:
            return
        spot, file = self._made
        self._made = None
        file.close()
        with spot, suppress(PathError):  # somebody may have removed it
            spot.unlink()

    def _opened(self) -> tuple[Spot, OpenFile]:
        if self._made is None:
            raise AssertionError("it was not opened, or is closed")
        return self._made
