"""The operator's directories: where uploads come from, and where `filename` may write. Everything else is denied."""

import asyncio
import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from mcp_protocol import Context
from mcp_protocol.errors import McpError, SettingsError
from mcp_protocol.server.questions import ListRoots
from mcp_ref_browser.errors import BrowserError
from mcp_ref_browser.settings import Settings
from mcp_ref_kit.paths import JailPath, PathError, Root, open_root, printable
from mcp_ref_kit.workers import Workers

# What the driver takes in one message.
MOST_UPLOAD = 50 * 1024 * 1024
_ANSWER_SECONDS = 10.0
_PIECE = 1024 * 1024


class Files:
    """Opens files below the allowed directories, by their handles."""

    def __init__(self, settings: Settings, workers: Workers) -> None:
        """Open the directories. Blocking: only at start-up.

        Raises:
            SettingsError: one of them cannot be used.
        """
        self._settings = settings
        self._workers = workers
        try:
            self.roots = [open_root(Path(os.path.normpath(Path(text).absolute()))) for text in settings.dirs]
        except PathError as error:
            raise SettingsError(error.message) from error

    async def upload(self, ctx: "Context[Any]", path: str) -> tuple[str, bytes]:
        """The name and bytes of a file to hand to a page.

        Raises:
            BrowserError: `path_denied`, `too_large`.
        """
        narrowed = await self._narrowed(ctx)
        return await self._workers.run(self._read, path, narrowed)

    async def write(self, ctx: "Context[Any]", path: str, data: bytes) -> str:
        """Write a file, in place of one of that name; its path.

        Raises:
            BrowserError: `path_denied`.
        """
        narrowed = await self._narrowed(ctx)
        return await self._workers.run(self._save, path, data, narrowed)

    def close(self) -> None:
        """Let the directories go."""
        for root in self.roots:
            root.close()

    async def _narrowed(self, ctx: "Context[Any]") -> list[Path] | None:
        """The client's roots, where they count; None where they do not."""
        mode = self._settings.roots or ("off" if ctx.transport == "http" else "narrow")
        if mode == "off" or not self.roots:
            return None
        if not ctx.can("roots"):
            return [] if mode == "require" else None
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                roots = await ctx.ask(ListRoots(key="roots"))
        except (McpError, TimeoutError):
            return []
        return [path for root in roots if (path := _path(root.uri)) is not None]

    def _read(self, path: str, narrowed: list[Path] | None) -> tuple[str, bytes]:
        error: PathError | None = None
        for root, inside in self._candidates(path):
            try:
                with root.open(inside) as file:
                    _check_narrowed(root, file.resolved, narrowed, path)
                    return file.resolved.name, _read_all(file.fd, path)
            except PathError as found:
                error = found
        raise denied(path) from error

    def _save(self, path: str, data: bytes, narrowed: list[Path] | None) -> str:
        for root, inside in self._candidates(path):
            try:
                with root.parent(inside, follow=True) as spot:
                    _check_narrowed(root, spot.resolved, narrowed, path)
                    draft = spot.beside(f".{os.urandom(6).hex()}.part")  # shares the handle of the directory
                    with draft.create(0o644) as file:
                        _write_all(file.fd, data)
                    draft.rename(spot, replace=True)
                    return str(root.path.joinpath(*spot.resolved.parts))
            except PathError as error:
                raise denied(path) from error
        raise denied(path)

    def _candidates(self, path: str) -> list[tuple[Root, JailPath]]:
        if "\0" in path:
            raise denied(path)
        if not path.startswith("/"):
            try:
                return [(root, JailPath.parse(path)) for root in self.roots]
            except PathError as error:
                raise denied(path) from error
        parts = tuple(part for part in path.split("/") if part not in {"", "."})
        found: list[tuple[Root, JailPath]] = []
        for root in self.roots:
            bases = dict.fromkeys((root.path.parts[1:], root.real.parts[1:]))
            found += [(root, JailPath(parts[len(base) :], path)) for base in bases if parts[: len(base)] == base]
        return found


def denied(path: str) -> BrowserError:
    """The same words for what is outside and for what is not there."""
    return BrowserError(
        f"`{printable(path)[:200]}` is no file in an allowed directory.",
        code="path_denied",
        hint="Directories are allowed by whoever runs this server.",
    )


def _check_narrowed(root: Root, resolved: JailPath, narrowed: list[Path] | None, path: str) -> None:
    real = root.real.joinpath(*resolved.parts)
    if narrowed is not None and not any(real.is_relative_to(one) for one in narrowed):
        raise denied(path)


def _read_all(fd: int, path: str) -> bytes:
    if os.fstat(fd).st_size > MOST_UPLOAD:
        raise _too_large(path)
    content = bytearray()
    while piece := os.read(fd, _PIECE):
        content += piece
        if len(content) > MOST_UPLOAD:  # it grows while it is read
            raise _too_large(path)
    return bytes(content)


def _too_large(path: str) -> BrowserError:
    return BrowserError(
        f"`{printable(path)[:200]}` has more than the {MOST_UPLOAD} bytes that can be uploaded.", code="too_large"
    )


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def _path(uri: str) -> Path | None:
    split = urlsplit(uri)
    if split.scheme != "file" or split.netloc not in {"", "localhost"}:
        return None
    return Path(os.path.realpath(os.fsdecode(unquote_to_bytes(split.path))))
