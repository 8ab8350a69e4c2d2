"""The two things that aiosqlite has no public call for: a job for its thread, and a thread that keeps no process alive.

Here and nowhere else; a test fails when aiosqlite changes them.
"""

import sqlite3
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from aiosqlite import Connection


class Thread:
    """The thread of one aiosqlite connection."""

    def __init__(self, connection: "Connection") -> None:
        self._connection: Any = connection

    def make_daemon(self) -> None:
        """Let the process end although the thread is stuck in the engine. Before it is started."""
        self._connection._thread.daemon = True  # noqa: SLF001  no public way

    def put(self, job: Callable[[], None]) -> None:
        """Have a job done after those before it."""
        self._connection._tx.put_nowait((None, job))  # noqa: SLF001  no public way

    @property
    def raw(self) -> sqlite3.Connection:
        """What jobs work with."""
        return cast("sqlite3.Connection", self._connection._conn)  # noqa: SLF001  no public way

    def stop(self) -> None:
        """Close the connection after the jobs before, and end the thread; nobody waits for it."""
        # From a thread of its own, since on the loop it would make a future that the loop may not live to see.
        threading.Thread(target=self._connection.stop, name="sqlite-stop", daemon=True).start()
