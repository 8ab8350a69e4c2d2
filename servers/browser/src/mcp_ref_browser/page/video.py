"""A video of a tab: the pictures that the browser hands over are kept as they come, and ffmpeg makes them into WebM."""

import asyncio
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcp_ref_browser.errors import BrowserError
from mcp_ref_kit.processes import Bounds, CannotStart, Command, passed_on, run
from mcp_ref_kit.workers import Workers

if TYPE_CHECKING:
    from playwright.async_api import Page

FPS = 25
# Ten minutes of a page that never rests; what comes later is left out.
MOST_FRAMES = 10 * 60 * FPS
MOST_BYTES = 300 * 1024 * 1024
_ENCODING_SECONDS = 120.0
_LIST, _VIDEO = "frames.txt", "video.webm"
# The codec wants even sides. VP8 at its fastest: a caller waits for it.
_ENCODED = (
    *("-an", "-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-pix_fmt", "yuv420p"),
    *("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "1M"),
)


class Film:
    """The pictures of one tab so far, in a directory that whoever made it takes away."""

    def __init__(self, page: "Page", place: Path, workers: Workers, fps: int) -> None:
        self.page = page
        self.cut = False
        """Whether there was more than is kept."""
        self._place = place
        self._workers = workers
        self._step = 1 / fps
        self._times: list[float] = []
        self._bytes = 0

    @property
    def is_empty(self) -> bool:
        """Whether there is no picture yet."""
        return not self._times

    async def add(self, frame: Mapping[str, Any]) -> None:
        """One more picture; the browser sends the next one when this is kept."""
        data: bytes = frame["data"]
        now = asyncio.get_running_loop().time()
        if self._times and now - self._times[-1] < self._step:
            return
        if len(self._times) >= MOST_FRAMES or self._bytes + len(data) > MOST_BYTES:
            self.cut = True
            return
        self._times.append(now)
        self._bytes += len(data)
        try:
            await self._workers.run((self._place / _name(len(self._times) - 1)).write_bytes, data)
        except OSError:  # the disk is full: what there is so far is a video all the same
            self._times.pop()
            self.cut = True

    async def encoded(self, ffmpeg: str) -> bytes:
        """The video.

        Raises:
            BrowserError: there is no picture, or ffmpeg does not take them.
        """
        if not self._times:
            raise BrowserError("The tab has shown nothing that could be recorded.")
        await self._workers.run((self._place / _LIST).write_text, self._listed())
        await _encode(ffmpeg, self._place)
        return await self._workers.run((self._place / _VIDEO).read_bytes)

    def _listed(self) -> str:
        """Each picture with how long it was seen; the last one twice, since a list ends with a picture's beginning."""
        ends = [*self._times[1:], max(asyncio.get_running_loop().time(), self._times[-1] + self._step)]
        lines = ["ffconcat version 1.0"]
        for number, (begin, end) in enumerate(zip(self._times, ends, strict=True)):
            lines += [f"file {_name(number)}", f"duration {end - begin:.3f}"]
        return "\n".join([*lines, f"file {_name(len(self._times) - 1)}", ""])


def program() -> str:
    """Where ffmpeg is. Blocking.

    Raises:
        BrowserError: `unsupported`, there is none.
    """
    found = shutil.which("ffmpeg")
    if found is None:
        raise BrowserError(
            "Video needs ffmpeg, which is not on the PATH of this server.",
            code="unsupported",
            hint="Whoever runs this server could install it: apt-get install ffmpeg",
        )
    return found


async def _encode(ffmpeg: str, place: Path) -> None:
    argv = (ffmpeg, "-nostdin", "-loglevel", "error", "-f", "concat", "-i", _LIST, *_ENCODED, "-y", _VIDEO)
    command = Command(argv=argv, env=passed_on(os.environ), cwd=str(place))
    try:
        ended = await run(command, Bounds(seconds=_ENCODING_SECONDS))
    except CannotStart as error:
        raise BrowserError("ffmpeg could not be started.", code="unsupported") from error
    if ended.code != 0:
        raise BrowserError("ffmpeg could not make a video of the pictures.", code="unsupported")


def _name(number: int) -> str:
    return f"{number:05}.jpg"
