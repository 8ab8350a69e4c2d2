"""From a name to its addresses, through the system's resolver, in threads that never hold up the end of the program."""

import asyncio
import contextlib
import socket
import threading
from collections import deque
from collections.abc import Callable
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
    """`getaddrinfo`, which also knows the hosts file and what the machine is set up to ask.

    Those who ask for one name at the same time share one look-up: a name that is slow takes one thread, however many
    wait for it.
    """

    def __init__(self, most: int = MOST_LOOKUPS) -> None:
        self._free = most
        self._known: dict[str, _Lookup] = {}
        self._waiting: deque[_Lookup] = deque()

    async def resolve(self, host: str) -> list[str]:
        """All addresses of a name; a caller that gives up leaves the thread to end by itself."""
        lookup = self._known.get(host)
        if lookup is None:
            lookup = self._known[host] = _Lookup(host, self._ended)
            self._waiting.append(lookup)
            self._start()
        lookup.askers += 1
        try:
            return list(await asyncio.shield(lookup.answer))
        finally:
            lookup.askers -= 1

    def _start(self) -> None:
        while self._free and self._waiting:
            lookup = self._waiting.popleft()
            self._free -= 1
            # A daemon: threads of an executor are waited for when the interpreter ends.
            threading.Thread(target=lookup.run, name="resolver", daemon=True).start()

    def _ended(self, lookup: "_Lookup") -> None:
        del self._known[lookup.host]
        self._free += 1
        for gone in [each for each in self._waiting if not each.askers]:
            self._waiting.remove(gone)
            del self._known[gone.host]
        self._start()


class _Lookup:
    def __init__(self, host: str, ended: "Callable[[_Lookup], None]") -> None:
        self.host = host
        self.askers = 0
        self._loop = asyncio.get_running_loop()
        self.answer: asyncio.Future[list[str]] = self._loop.create_future()
        self._ended = ended

    def run(self) -> None:
        try:
            found: list[str] | OSError = _addresses(self.host)
        except (OSError, UnicodeError) as error:
            found = error if isinstance(error, OSError) else OSError("no such name")
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
            self._loop.call_soon_threadsafe(self._deliver, found)

    def _deliver(self, found: list[str] | OSError) -> None:
        self._ended(self)
        if isinstance(found, OSError):
            self.answer.set_exception(found)
            self.answer.exception()  # read, whether or not someone waits
        else:
            self.answer.set_result(found)


def _addresses(host: str) -> list[str]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))
