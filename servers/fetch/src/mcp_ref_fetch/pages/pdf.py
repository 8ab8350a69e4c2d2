"""The text of a PDF by page, read by pypdf in a process of its own, where that package is installed."""

import asyncio
import os
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import msgspec
from msgspec import Struct

from mcp_ref_fetch.faults import BadRequest, DecodeFault, UnsupportedType

PROGRAM = str(Path(__file__).with_name("pdf_program.py"))
# Each may take half a gigabyte.
_MOST_AT_ONCE = 2
# Reading may take this long, beside the start of the process; then what was read is the answer.
_SECONDS = 5.0
_START_SECONDS = 2.0


class Line(Struct, frozen=True):
    """What the program says."""

    page: int = 0
    text: str = ""
    cut: bool | None = None
    """At the end: whether there is more."""
    refused: str | None = None


class PdfReader:
    """Reads PDF files, a few at once."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(_MOST_AT_ONCE)

    async def read(self, body: bytes, pages: str | None, deadline: float) -> tuple[str, bool]:
        """The text under a heading for each page, and whether it was cut.

        Raises:
            UnsupportedType: pypdf is not installed.
            DecodeFault: it cannot be read.
            BadRequest: `pages` is not a range of its pages.
        """
        if not is_installed():
            raise UnsupportedType(
                "The page is a PDF, and this server was installed without the extra that reads them.",
                hint="Whoever runs it can install mcp-ref-fetch[pdf].",
            )
        async with self._places:
            written = await _written(body, pages, min(_SECONDS, max(0.1, deadline - time.monotonic())))
        lines = list(_lines(written))
        refused = next((line.refused for line in lines if line.refused is not None), None)
        if refused is not None:
            raise BadRequest(refused)
        texts = [f"## Page {line.page}\n\n{line.text}" for line in lines if line.page]
        ends = [line.cut for line in lines if line.cut is not None]
        if not texts and not ends:
            raise DecodeFault("The PDF cannot be read: it is damaged or encrypted, or made to cost too much.")
        return "\n\n".join(texts), not ends or ends[0]


def is_installed() -> bool:
    """Whether the extra is there."""
    return find_spec("pypdf") is not None


async def _written(body: bytes, pages: str | None, seconds: float) -> bytes:
    """What the program wrote, however it ended."""
    from mcp_ref_kit.processes import Bounds, Command, TimedOut, passed_on, run  # noqa: PLC0415  few pages are PDF

    kept = bytearray()

    def take(piece: bytes) -> bool:
        kept.extend(piece)
        return True

    argv = (sys.executable, "-P", PROGRAM, f"{seconds:.3f}", pages or "")
    environment = passed_on(os.environ, ["PYTHONPATH"])
    with suppress(TimedOut):  # the pages that came are the answer
        await run(Command(argv=argv, env=environment, stdin=body), Bounds(seconds=seconds + _START_SECONDS), take=take)
    return bytes(kept)


def _lines(written: bytes) -> Iterator[Line]:
    for line in written.splitlines():
        try:
            yield msgspec.json.decode(line, type=Line)
        except (msgspec.DecodeError, UnicodeDecodeError):  # the last one, where the program was stopped
            return
