"""Pages kept on disk across starts: private files named by digests, bounded in bytes, the oldest out."""

import contextlib
import os
import tempfile
from pathlib import Path

import msgspec

from mcp_protocol.errors import SettingsError
from mcp_ref_fetch.pages.snapshot import Snapshot
from mcp_ref_kit.workers import Workers

_SUFFIX = ".page"


class DiskShelf:
    """A directory of snapshots."""

    def __init__(self, directory: Path, most_bytes: int, workers: Workers) -> None:
        self._directory = directory
        self._most = most_bytes
        self._workers = workers
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
        try:
            return msgspec.msgpack.decode((self._directory / f"{key}{_SUFFIX}").read_bytes(), type=Snapshot)
        except (OSError, msgspec.DecodeError):
            return None

    def _write(self, snapshot: Snapshot) -> None:
        with contextlib.suppress(OSError):
            descriptor, name = tempfile.mkstemp(dir=self._directory)
            with os.fdopen(descriptor, "wb") as file:
                file.write(msgspec.msgpack.encode(snapshot))
            Path(name).replace(self._directory / f"{snapshot.key}{_SUFFIX}")
            self._shrink()

    def _shrink(self) -> None:
        files = sorted(
            (path.stat().st_mtime, path.stat().st_size, path) for path in self._directory.glob(f"*{_SUFFIX}")
        )
        size = sum(each for _, each, _ in files)
        for _, each, path in files[:-1]:
            if size <= self._most:
                return
            path.unlink(missing_ok=True)
            size -= each
