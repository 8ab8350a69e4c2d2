"""Where tasks are kept: in memory, and in a directory where they shall outlive the process."""

import asyncio
import os
from pathlib import Path
from secrets import token_hex
from typing import Protocol

import msgspec

from mcp_protocol.errors import SettingsError
from mcp_protocol.server.jobs import FINAL, Record

_decode = msgspec.json.Decoder(Record).decode
_SUFFIX = ".task.json"
_DRAFT = ".draft"


class TaskStore(Protocol):
    """Keeps records by their id."""

    async def load(self) -> list[Record]:
        """All that was kept when the server starts."""
        ...

    async def save(self, record: Record) -> None:
        """Keep a record; when it returns, a restart finds it."""
        ...

    async def forget(self, task_id: str) -> None:
        """It has expired."""
        ...


class Forgetful:
    """Keeps nothing beyond the process: the running server's own table is enough."""

    async def load(self) -> list[Record]:
        """Nothing."""
        return []

    async def save(self, record: Record) -> None:
        """Nothing to do."""

    async def forget(self, task_id: str) -> None:
        """Nothing to do."""


class Directory:
    """One file a task, written whole and then renamed, readable by its owner only."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def load(self) -> list[Record]:
        """The records of an earlier process; what was running then has failed.

        Raises:
            SettingsError: the directory cannot be used.
        """
        return await asyncio.to_thread(self._load)

    async def save(self, record: Record) -> None:
        """Write it to disk."""
        await asyncio.to_thread(self._save, record)

    async def forget(self, task_id: str) -> None:
        """Remove its file."""
        await asyncio.to_thread((self._path / f"{task_id}{_SUFFIX}").unlink, missing_ok=True)

    def _load(self) -> list[Record]:
        try:
            self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
            for draft in self._path.glob(f".*{_DRAFT}"):  # of a process that was killed as it wrote
                draft.unlink()
        except OSError as error:
            raise SettingsError(f"Tasks cannot be kept in {self._path}: {error.strerror}.") from error
        found: list[Record] = []
        for file in self._path.glob(f"*{_SUFFIX}"):
            try:
                found.append(_decode(file.read_bytes()))
            except (OSError, msgspec.DecodeError):
                continue  # half a file from a crash: the handle was never given out
        return [record if record.status in FINAL else _interrupted(record) for record in found]

    def _save(self, record: Record) -> None:
        draft = self._path / f".{token_hex(8)}{_DRAFT}"
        fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(msgspec.json.encode(record))
            file.flush()
            os.fsync(fd)
        draft.replace(self._path / f"{record.task_id}{_SUFFIX}")


def _interrupted(record: Record) -> Record:
    error = {"code": -32603, "message": "The server was restarted while this task was running"}
    return msgspec.convert(
        msgspec.to_builtins(record) | {"status": "failed", "error": error},
        Record,
    )
