"""Equal questions that are asked at the same time share one answer; who leaves does not take it from the others."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Answer = TypeVar("Answer")


@dataclass
class Flight(Generic[Answer]):
    """Work that goes on, and how many wait for it."""

    task: asyncio.Task[Answer]
    riders: int = 0


class Flights(Generic[Answer]):
    """Work in progress, by what it is about."""

    def __init__(self) -> None:
        self._flying: dict[str, Flight[Answer]] = {}

    async def share(self, key: str, work: Callable[[], Coroutine[Any, Any, Answer]]) -> Answer:
        """The answer of the work that goes on for this key, or of this work; its errors too.

        The work is nobody's own: it ends early when the last one who waits for it has left, and not before.
        """
        flight = self._flying.get(key)
        if flight is None:
            # A group would end with whoever came first.
            flight = self._flying[key] = Flight(asyncio.get_running_loop().create_task(work()))
        flight.riders += 1
        try:
            return await asyncio.shield(flight.task)
        finally:
            flight.riders -= 1
            await self._land(key, flight)

    async def _land(self, key: str, flight: Flight[Answer]) -> None:
        if flight.riders and not flight.task.done():
            return
        if self._flying.get(key) is flight:
            del self._flying[key]
        if not flight.task.done():
            flight.task.cancel()
            await asyncio.wait({flight.task})
        if not flight.task.cancelled():
            flight.task.exception()  # read, whether or not someone waits
