"""What calls and pages produce beside answers: screenshots, documents, traces, downloads; bounded, the oldest goes.

Files lie in one directory that only this user can enter. They are made under a name of our own by its handle, so
that neither a page's file name nor a link decides what is written.
"""

import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from msgspec import Struct

from mcp_protocol.errors import SettingsError
from mcp_ref_browser.errors import BrowserError
from mcp_ref_kit.paths import PathError, Root, open_root
from mcp_ref_kit.workers import Workers

MOST_NAME = 255
_PIECE = 1024 * 1024
_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f/\\:*?"<>|\u202a-\u202e\u2066-\u2069\ud800-\udfff]+')
_ID_BYTES = 12


class Artifact(Struct, frozen=True):
    """One file of one session."""

    id: str
    session: str
    kind: str
    name: str
    mime_type: str
    size: int
    created: float

    @property
    def file(self) -> str:
        """Its name on disk."""
        return safe_name(f"{self.id}-{self.name}")

    @property
    def uri(self) -> str:
        """Where it is read."""
        return f"browser://{self.session}/artifacts/{self.id}"

    @property
    def modified(self) -> str:
        """When it was made, as ISO 8601 in UTC."""
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.created))


def safe_name(text: str, otherwise: str = "file") -> str:
    """One component of a path that any system takes: no separators, no leading dots, at most 255 bytes."""
    name = _UNSAFE.sub("_", text.replace("\\", "/").rpartition("/")[2]).replace("..", "_").strip(" .") or otherwise
    stem, dot, suffix = name.rpartition(".")
    kept = f"{dot}{suffix}" if dot and len(suffix.encode()) < 16 else ""  # noqa: PLR2004  longer is no suffix
    stem = stem if kept else name
    while len(f"{stem}{kept}".encode()) > MOST_NAME:
        stem = stem[:-1]
    return f"{stem}{kept}"


class ArtifactStore:
    """All artifacts of the server; each belongs to a session, which alone can see it."""

    def __init__(
        self, directory: Path | None, most_bytes: int, workers: Workers, on_evicted: Callable[[Artifact], None]
    ) -> None:
        """Open the directory. Blocking: only at start-up.

        Raises:
            SettingsError: it cannot be used.
        """
        self.changed = False
        """Whether artifacts have come or gone since this was set to false."""
        self._private = directory is None
        self._most = most_bytes
        self._workers = workers
        self._on_evicted = on_evicted
        self._kept: dict[tuple[str, str], Artifact] = {}
        place = Path(tempfile.mkdtemp(prefix="mcp-ref-artifacts-")) if directory is None else directory.absolute()
        self.path = place
        try:
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._root: Root = open_root(place)
        except (OSError, PathError) as error:
            raise SettingsError(f"The artifacts cannot be kept in {place}.") from error

    async def add(self, session: str, kind: str, name: str, mime_type: str, content: bytes | Path) -> Artifact:
        """Keep bytes, or a copy of a file of ours; older artifacts make room.

        Raises:
            BrowserError: `too_large`, it would fill more than the store.
        """
        size = len(content) if isinstance(content, bytes) else await self._workers.run(_size, content)
        if size > self._most:
            raise BrowserError(f"A {kind} of {size} bytes is more than the artifact store holds.", code="too_large")
        made = Artifact(
            secrets.token_urlsafe(_ID_BYTES), session, kind, safe_name(name, kind), mime_type, size, time.time()
        )
        await self._workers.run(self._write, made, content)
        self._kept[session, made.id] = made
        self.changed = True
        for old in self._too_many():
            await self._drop(old)
            self._on_evicted(old)
        return made

    def find(self, session: str, ident: str) -> Artifact | None:
        """The artifact of this id, if the session has it."""
        return self._kept.get((session, ident))

    def of(self, session: str) -> list[Artifact]:
        """The artifacts of a session, oldest first."""
        return [one for one in self._kept.values() if one.session == session]

    async def read(self, artifact: Artifact) -> bytes:
        """Its bytes."""
        return await self._workers.run(self._read, artifact)

    async def forget(self, session: str) -> None:
        """The session has ended. A directory of the operator's keeps what is in it."""
        for one in self.of(session):
            if self._private:
                await self._drop(one)
            else:
                self._kept.pop((session, one.id), None)

    def close(self) -> None:
        """Let the directory go; a private one with all that is in it. Blocking."""
        self._root.close()
        if self._private:
            shutil.rmtree(self.path, ignore_errors=True)

    def _too_many(self) -> Iterable[Artifact]:
        over = sum(one.size for one in self._kept.values()) - self._most
        for one in list(self._kept.values()):
            if over <= 0:
                return
            over -= one.size
            yield one

    async def _drop(self, artifact: Artifact) -> None:
        self._kept.pop((artifact.session, artifact.id), None)
        await self._workers.run(self._remove, artifact)

    def _write(self, artifact: Artifact, content: bytes | Path) -> None:
        temporary = self._root.parent(f".{artifact.id}.part")
        with temporary, self._root.parent(artifact.file) as final:
            with temporary.create() as file:
                _fill(file.fd, content)
            temporary.rename(final)

    def _read(self, artifact: Artifact) -> bytes:
        with self._root.open(artifact.file) as file:
            pieces: list[bytes] = []
            while piece := os.read(file.fd, _PIECE):
                pieces.append(piece)
            return b"".join(pieces)

    def _remove(self, artifact: Artifact) -> None:
        try:
            with self._root.parent(artifact.file) as spot:
                spot.unlink()
        except PathError:
            return  # somebody else removed it


def _size(path: Path) -> int:
    return path.stat().st_size


def _fill(fd: int, content: bytes | Path) -> None:
    if isinstance(content, bytes):
        _write_all(fd, content)
        return
    with content.open("rb") as source:
        while piece := source.read(_PIECE):
            _write_all(fd, piece)


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
