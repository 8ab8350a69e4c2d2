"""What subscriptions wait for: a signal that fires, and listeners that each hear of it once."""

import asyncio
from typing import Self
from weakref import WeakSet


class Signal:
    """Fires when something has changed. Listeners that nobody holds any more are forgotten."""

    def __init__(self) -> None:
        self._listeners: WeakSet[Listener] = WeakSet()

    def fire(self) -> None:
        """Tell all listeners; several times before one looks are one time for it."""
        for listener in self._listeners:
            listener.wake.set()

    def listen(self) -> "Listener":
        """A listener from now on."""
        listener = Listener()
        self._listeners.add(listener)
        return listener


class Listener:
    """An iterator whose next item comes with the next change; it never ends by itself."""

    def __init__(self) -> None:
        self.wake = asyncio.Event()

    def __aiter__(self) -> Self:
        """Itself."""
        return self

    async def __anext__(self) -> object:
        """Wait for the next change."""
        await self.wake.wait()
        self.wake.clear()
        return self
