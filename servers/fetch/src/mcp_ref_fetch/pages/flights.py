"""Equal questions that are asked at the same time share one answer; who leaves does not take it from the others."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class Flights(Generic[Answer]):
    """Work in progress, by what it is about."""

    def __init__(self) -> None:
        self._flying: dict[str, asyncio.Future[Answer]] = {}

    async def share(self, key: str, work: Callable[[], Awaitable[Answer]]) -> Answer:
        """The answer of the work that goes on for this key, or of this work; its errors too."""
        while (flying := self._flying.get(key)) is not None:
            try:
                return await asyncio.shield(flying)
            except asyncio.CancelledError:
                if not flying.cancelled():
                    raise  # this caller left; the work goes on for the others
        landing: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._flying[key] = landing
        try:
            answer = await work()
        except BaseException as error:  # cancellation too: the others must not wait for ever
            if isinstance(error, Exception):
                landing.set_exception(error)
                landing.exception()  # read, whether or not someone waits
            else:
                landing.cancel()
            raise
        else:
            landing.set_result(answer)
            return answer
        finally:
            del self._flying[key]
