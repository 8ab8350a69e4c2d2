"""SIGTERM, SIGINT and SIGHUP: the first asks for an orderly end, the second ends at once."""

import asyncio
import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from types import FrameType

_NAMES = ("SIGTERM", "SIGINT", "SIGHUP")  # Windows has no SIGHUP


@contextmanager
def stopping(stop: asyncio.Event) -> Generator[None]:
    """Set `stop` at the first signal inside the block, and leave the next one to the system."""
    numbers = [number for name in _NAMES if (number := getattr(signal, name, None)) is not None]
    # A process started in the background ignores some of them, and is meant to.
    before = {number: old for number in numbers if (old := signal.getsignal(number)) is not signal.SIG_IGN}
    ring = _Bell(stop, tuple(before))
    for number in before:
        signal.signal(number, ring)
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


@contextmanager
def at_hangup(act: Callable[[], None]) -> Generator[None]:
    """Let SIGHUP mean something else than the end: `act` is called on the event loop, at each one inside the block."""
    number = getattr(signal, "SIGHUP", None)
    if number is None:
        yield
        return
    loop = asyncio.get_running_loop()
    before = signal.signal(number, partial(_soon, loop, act))
    try:
        yield
    finally:
        signal.signal(number, before)


def _soon(loop: asyncio.AbstractEventLoop, act: Callable[[], None], number: int, frame: FrameType | None) -> None:
    del number, frame
    loop.call_soon_threadsafe(act)


class _Bell:
    def __init__(self, stop: asyncio.Event, numbers: tuple[int, ...]) -> None:
        self._stop = stop
        self._numbers = numbers
        self._loop = asyncio.get_running_loop()

    def __call__(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        for each in self._numbers:
            signal.signal(each, signal.SIG_DFL)
        self._loop.call_soon_threadsafe(self._stop.set)
