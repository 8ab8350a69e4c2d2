"""From a name to its addresses, through the system's resolver, in threads that never hold up the end of the program."""

import asyncio
import contextlib
import socket
import threading
from typing import Protocol

# A resolver that hangs keeps its thread for its own timeout (10 s and more), whatever our deadline is.
MOST_LOOKUPS = 32


class Resolver(Protocol):
    """Looks a name up."""

    async def resolve(self, host: str) -> list[str]:
        """All addresses of a name, as the system writes them.

        Raises:
            OSError: there are none.
        """
        ...


class SystemResolver:
    """`getaddrinfo`, which also knows the hosts file and what the machine is set up to ask."""

    def __init__(self, most: int = MOST_LOOKUPS) -> None:
        self._most = most
        self._slots: asyncio.Semaphore | None = None

    async def resolve(self, host: str) -> list[str]:
        """All addresses of a name; a caller that gives up leaves the thread to end by itself."""
        if self._slots is None:
            self._slots = asyncio.Semaphore(self._most)
        await self._slots.acquire()
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[str]] = loop.create_future()
        lookup = _Lookup(host, loop, answer, self._slots)
        # A daemon: threads of an executor are waited for when the interpreter ends.
        threading.Thread(target=lookup.run, name="resolver", daemon=True).start()
        return await answer


class _Lookup:
    def __init__(
        self, host: str, loop: asyncio.AbstractEventLoop, answer: "asyncio.Future[list[str]]", slots: asyncio.Semaphore
    ) -> None:
        self._host = host
        self._loop = loop
        self._answer = answer
        self._slots = slots

    def run(self) -> None:
        try:
            found: list[str] | OSError = _addresses(self._host)
        except (OSError, UnicodeError) as error:
            found = error if isinstance(error, OSError) else OSError("no such name")
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
            self._loop.call_soon_threadsafe(self._deliver, found)

    def _deliver(self, found: list[str] | OSError) -> None:
        self._slots.release()
        if self._answer.done():
            return
        if isinstance(found, OSError):
            self._answer.set_exception(found)
        else:
            self._answer.set_result(found)


def _addresses(host: str) -> list[str]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))
