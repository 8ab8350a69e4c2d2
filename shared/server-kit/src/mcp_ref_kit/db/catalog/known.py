"""Names of what is in a database, known for half a minute: for completions, for what was probably meant."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Generic, Self, TypeVar

from mcp_protocol.types import Completion

T = TypeVar("T")

KEPT_SECONDS = 30.0
# Longer a user who types does not wait; the next letter finds the names loaded.
SUGGEST_SECONDS = 0.05
MOST_SUGGESTIONS = 100

_log = logging.getLogger(__name__)


class Known(Generic[T]):
    """Something that takes a query to know: loaded once for all who ask, kept for 30 seconds.

    `async with Known(load) as known:`; whoever stops waiting does not stop the loading.
    """

    def __init__(self, load: Callable[[], Awaitable[T]], *, seconds: float = KEPT_SECONDS) -> None:
        self._load = load
        self._seconds = seconds
        self._until = float("-inf")
        self._loading: asyncio.Future[T] | None = None
        self._task: asyncio.Task[None] | None = None
        self._group = asyncio.TaskGroup()

    async def __aenter__(self) -> Self:
        """Be ready; nothing is loaded yet."""
        await self._group.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        """Stop loading."""
        if self._task is not None:
            self._task.cancel()
        await self._group.__aexit__(None, None, None)

    async def get(self) -> T:
        """What is known, at most half a minute old.

        Raises:
            Whatever the loading raised; the next call loads again.
        """
        now = asyncio.get_running_loop().time()
        if self._loading is None or (self._loading.done() and self._until < now):
            self._loading = asyncio.get_running_loop().create_future()
            self._task = self._group.create_task(self._fill(self._loading))
        return await asyncio.shield(self._loading)

    def forget(self) -> None:
        """It has changed; the next call loads it anew."""
        self._until = float("-inf")
        if self._loading is not None and self._loading.done():
            self._loading = None

    async def _fill(self, loading: "asyncio.Future[T]") -> None:
        try:
            found = await self._load()
        except asyncio.CancelledError:  # the server stops
            loading.cancel()
            raise
        except Exception as error:  # noqa: BLE001  whoever waits for it gets it, and nobody else
            loading.set_exception(error)
            loading.exception()  # seen, even if nobody waits any more
        else:
            self._until = asyncio.get_running_loop().time() + self._seconds
            loading.set_result(found)


def matching(prefix: str, names: Iterable[str]) -> Completion:
    """Names that begin with what was typed, then those that contain it; capital letters do not matter."""
    typed = prefix.casefold()
    folded = [(name.casefold(), name) for name in dict.fromkeys(names)]
    first = [name for letters, name in folded if letters.startswith(typed)]
    others = [name for letters, name in folded if typed in letters and not letters.startswith(typed)]
    found = first + others
    return Completion(found[:MOST_SUGGESTIONS], total=len(found), has_more=len(found) > MOST_SUGGESTIONS)


async def suggestions(
    prefix: str, load: Callable[[], Awaitable[Sequence[str]]], *, seconds: float = SUGGEST_SECONDS
) -> Completion:
    """What a completion answers: nothing rather than late, and nothing on any failure."""
    try:
        async with asyncio.timeout(seconds):
            return matching(prefix, await load())
    except Exception as error:  # noqa: BLE001  whoever types is not told of a database that is down
        _log.debug("no suggestions: %s", type(error).__name__)
        return Completion([], total=0, has_more=False)
