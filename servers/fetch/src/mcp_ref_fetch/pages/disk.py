"""Pages kept on disk across starts: private files named by digests, bounded in bytes, the oldest out."""

import contextlib
import os
import tempfile
import time
from pathlib import Path

import msgspec

from mcp_protocol.errors import SettingsError
from mcp_ref_fetch.pages.snapshot import Snapshot
from mcp_ref_kit.workers import Workers

_SUFFIX = ".page"
_DRAFT = ".draft"
_ABANDONED_SECONDS = 600
# The directory is looked through when so much of its bound was written: looking at each page would cost more than it.
_SHARE = 16


class DiskShelf:
    """A directory of snapshots."""

    def __init__(self, directory: Path, most_bytes: int, workers: Workers) -> None:
        self._directory = directory
        self._most = most_bytes
        self._workers = workers
        self._written = most_bytes  # the first page looks what is there
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            directory.chmod(0o700)
        except OSError as error:
            raise SettingsError(f"`--cache-dir` {directory} cannot be used.") from error

    async def find(self, key: str) -> Snapshot | None:
        """The snapshot of a key, if there is one that can be read."""
        return await self._workers.run(self._read, key)

    async def put(self, snapshot: Snapshot) -> None:
        """Keep a snapshot; a full disk costs the copy and nothing else."""
        await self._workers.run(self._write, snapshot)

    def _read(self, key: str) -> Snapshot | None:
        path = self._directory / f"{key}{_SUFFIX}"
        try:
            if path.stat().st_size > self._most:
                return None
            found = msgspec.msgpack.decode(path.read_bytes(), type=Snapshot)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        return found if found.key == key else None  # moved here from another name

    def _write(self, snapshot: Snapshot) -> None:
        data = msgspec.msgpack.encode(snapshot)
        draft = None
        try:
            descriptor, draft = tempfile.mkstemp(dir=self._directory, suffix=_DRAFT)
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
            Path(draft).replace(self._directory / f"{snapshot.key}{_SUFFIX}")
        except OSError:
            if draft is not None:
                Path(draft).unlink(missing_ok=True)
            return
        self._written += len(data)
        if self._written > self._most // _SHARE:
            self._shrink()

    def _shrink(self) -> None:
        """Remove the oldest beyond the bound, and what processes that were killed left behind."""
        self._written = 0
        found: list[tuple[float, int, Path]] = []
        for path in self._directory.iterdir():
            with contextlib.suppress(OSError):  # another process was faster
                about = path.stat()
                if path.suffix == _SUFFIX:
                    found.append((about.st_mtime, about.st_size, path))
                elif path.suffix == _DRAFT and about.st_mtime < time.time() - _ABANDONED_SECONDS:
                    path.unlink()
        size = sum(each for _, each, _ in found)
        for _, each, path in sorted(found):
            if size <= self._most - self._most // _SHARE:
                return
            path.unlink(missing_ok=True)
            size -= each
