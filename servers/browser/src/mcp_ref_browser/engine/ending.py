"""Waiting for an engine that may never answer, and the end of one that does not end by itself."""

import asyncio
import os
import signal
from collections.abc import Awaitable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from mcp_ref_browser.errors import BrowserError

Found = TypeVar("Found")
_DRIVER = b"run-driver"


class NotOpened(BrowserError):
    """A browser that answers has opened no page or context: it cannot begin processes any more."""


async def while_alive(work: Awaitable[Found], seconds: float, what: str, *ends: asyncio.Event) -> Found:
    """The outcome of what an engine is asked for; the driver never answers for what ends meanwhile.

    Raises:
        BrowserError: it has died, or did not do it in time.
    """
    async with asyncio.TaskGroup() as group:
        doing = group.create_task(outcome(work))
        ending = [group.create_task(end.wait()) for end in ends]
        await asyncio.wait([doing, *ending], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        late = not doing.done()
        for task in (doing, *ending):
            task.cancel()
    if not late:
        found, error = doing.result()
        if error is None:
            return found  # pyright: ignore[reportReturnType]  there is a value where there is no error
        raise error
    if any(end.is_set() for end in ends):
        raise BrowserError("The browser or the session has ended.", code="crashed", hint="Call again.")
    raise NotOpened(f"{what} within {seconds:g} s.", code="timeout", retryable=True)


async def outcome(work: Awaitable[Found]) -> tuple[Found | None, Exception | None]:
    """What some work comes to, its value or its error: an exception would end the group that it runs in."""
    try:
        return await work, None
    except Exception as error:  # noqa: BLE001  the caller raises it
        return None, error


def drivers() -> set[int]:
    """The drivers among the processes that this one has begun, where the system tells. Blocking."""
    return {pid for pid in _children(os.getpid()) if _DRIVER in _command(pid)}


def put_down(begun: set[int]) -> None:
    """Kill those drivers that are still there, and the browsers below them. Blocking."""
    for driver in begun & drivers():
        for pid in [*_children(driver), driver]:
            with suppress(OSError):
                # A browser leads a group of its own, with all its parts.
                (os.killpg if os.getpgid(pid) == pid else os.kill)(pid, signal.SIGKILL)


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += map(int, file.read_text().split())
    return found


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
