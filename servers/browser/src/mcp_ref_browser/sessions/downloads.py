"""Downloads of pages: watched while they grow, kept as artifacts when whole, cut off when too large."""

import asyncio
import contextlib
import mimetypes
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcp_protocol.errors import ToolError
from mcp_ref_browser.errors import plain
from mcp_ref_browser.sessions.artifacts import Artifact, ArtifactStore
from mcp_ref_browser.sessions.tab import Tab

if TYPE_CHECKING:
    from playwright.async_api import Download

_LOOK_SECONDS = 0.1
_MOST_SECONDS = 600.0
BINARY = "application/octet-stream"


class Downloads:
    """The downloads of one session. `last` is the newest, for the call that waits for it."""

    def __init__(self, store: ArtifactStore, most_bytes: int, *, allowed: bool) -> None:
        self.landing: Path | None = None
        """Where the browser writes them; those of all sessions."""
        self.started = 0
        self.outcome = asyncio.Event()
        self._beginning = asyncio.Event()
        self.last: Artifact | ToolError | None = None
        self._store = store
        self._most = most_bytes
        self._allowed = allowed

    async def begun(self, before: int, seconds: float) -> bool:
        """Whether a download begins, or has begun since there were `before`."""
        try:
            async with asyncio.timeout(seconds):
                while self.started == before:
                    self._beginning.clear()
                    await self._beginning.wait()
        except TimeoutError:
            return False
        return True

    async def save(self, session: Any, tab: Tab, download: "Download") -> None:
        """Keep one download, or say why not."""
        self.last = None
        self.outcome.clear()
        self.started += 1
        self._beginning.set()
        name = download.suggested_filename[:300]
        try:
            found = await self._saved(session, download, name)
        except ToolError as error:
            self.last = error
            session.events.add("download", f"{name}: {error.code}: {error.message}", tab=tab.id)
        except Exception as error:  # noqa: BLE001  the driver's own words for a download that broke off
            self.last = ToolError(f"The download failed: {plain(str(error))}", code="failed")
            session.events.add("download", f"{name}: {self.last.message}", tab=tab.id)
        else:
            self.last = found
            session.events.add("download", f"{found.name}, {found.size} bytes", tab=tab.id, uri=found.uri)
            session.added(found)
        finally:
            self.outcome.set()

    async def _saved(self, session: Any, download: "Download", name: str) -> Artifact:
        if not self._allowed:
            with contextlib.suppress(Exception):  # the browser has refused it already
                await download.cancel()
            raise ToolError("Downloads are off.", code="unsupported")
        path = await self._whole(download)
        size = await asyncio.to_thread(_size, path)
        try:
            if size > self._most:
                raise self._too_large()
            kind = mimetypes.guess_type(name)[0] or BINARY
            artifact: Artifact = await self._store.add(session.handle, "download", name, kind, path)
        finally:
            with contextlib.suppress(Exception):  # with the context its downloads are gone too
                await download.delete()
        return artifact

    async def _whole(self, download: "Download") -> Path:
        """The file of a finished download; one that outgrows the limit is cancelled.

        Raises:
            ToolError: `too_large`, or it broke off.
        """
        async with asyncio.timeout(_MOST_SECONDS), asyncio.TaskGroup() as group:
            finished = group.create_task(_outcome(download))
            grown = await self._outgrown(download, finished)
            if grown is not None:
                await download.cancel()
                finished.cancel()
        if grown is not None:
            await asyncio.to_thread(grown.unlink, missing_ok=True)
            raise self._too_large()
        found = finished.result()
        if isinstance(found, str):
            raise ToolError(f"The download failed: {found}.", code="failed")
        return found

    async def _outgrown(self, download: "Download", finished: "asyncio.Task[Path | str]") -> Path | None:
        """Watch the file until the download has finished; the file, if it becomes too large before that."""
        file = _growing(download)
        while file is not None and not finished.done():
            if await asyncio.to_thread(_size, file) > self._most:
                return file
            await asyncio.wait([finished], timeout=_LOOK_SECONDS)
        return None

    def _too_large(self) -> ToolError:
        return ToolError(f"The download is larger than {self._most} bytes.", code="too_large")


def _growing(download: "Download") -> Path | None:
    """The file that a download is written to, for which the public interface has a name only when it is whole.

    Other sessions write into the same directory, so that which file is whose cannot be seen there.
    """
    try:
        return Path(attrgetter("_impl_obj._artifact._initializer")(download)["absolutePath"])
    except (AttributeError, KeyError):  # another version: it is judged when it is whole
        return None


async def _outcome(download: "Download") -> Path | str:
    try:
        return await download.path()
    except Exception as error:  # noqa: BLE001  the driver's own words for a download that broke off
        return plain(str(error))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
