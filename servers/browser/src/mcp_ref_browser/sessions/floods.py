"""Pages that write to their consoles faster than anybody reads: it all comes through one pipe, which others use.

A flood is not listened to for a moment; a page that goes on with it after that is closed.
"""

import time
from collections.abc import Callable

# A page that logs in every frame of an animation writes a hundred lines a second.
MOST = 400
SECONDS = 1.0
PAUSE_SECONDS = 1.0
PAUSES = 3


class Flood:
    """Counts what comes. Pure, but for the clock that it is given."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self._count = 0
        self._pauses = 0

    @property
    def lasts(self) -> bool:
        """Whether pauses were of no use."""
        return self._pauses > PAUSES

    def rises(self) -> bool:
        """One more; whether it is one too many."""
        now = self._clock()
        if now - self._began > SECONDS:
            self._began, self._count = now, 0
        self._count += 1
        if self._count < MOST:
            return False
        self._began, self._count = now + PAUSE_SECONDS, 0
        self._pauses += 1
        return True

    def forget(self) -> None:
        """Another document begins."""
        self._pauses = 0
