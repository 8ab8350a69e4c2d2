"""Tells listeners of changes in directories: one native watcher, started by the first listener, for all of them.

A directory is watched through the handle that the jail opened, never by its path, and never what is beneath it: the
library follows links when it descends. Its loop runs in a thread of its own.
"""

import asyncio
import os
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, cast

from msgspec import Struct

from mcp_protocol import ToolError
from mcp_ref_filesystem.atomic import TEMPORARY_PREFIX
from mcp_ref_kit.paths import Directory

ChangeKind = Literal["created", "modified", "deleted"]

# Changes in quick succession are told once.
DEBOUNCE_MS = 100
_STEP_MS = 50
# How soon the thread sees that something else is to be watched; told to stop at once, the library forgets changes.
_LOOK_UP_MS = 100
# Each holds a descriptor, of which a process often has a thousand.
MOST_DIRECTORIES = 256
# Distinct changes that a listener keeps; beyond them it is told of the directory as a whole.
MOST_CHANGES = 1000
_READY_SECONDS = 5.0
_KINDS: dict[int, ChangeKind] = {1: "created", 2: "modified", 3: "deleted"}

Key = tuple[int, int]


class Listener:
    """Collects changes until somebody asks for them; used in the event loop only, and made there."""

    def __init__(self) -> None:
        self.changes: dict[tuple[str, ChangeKind], None] = {}
        self.lost = False
        """A directory that was listened to is gone, or another one has its name."""
        self.loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()

    async def wait(self) -> None:
        """Wait until there are changes."""
        await self._changed.wait()

    def take(self) -> list[tuple[str, ChangeKind]]:
        """The changes so far; from here on only new ones count."""
        taken = list(self.changes)
        self.changes.clear()
        self._changed.clear()
        return taken

    def note(self, label: str, kind: ChangeKind) -> None:
        """Remember a change."""
        if len(self.changes) < MOST_CHANGES:
            self.changes[label, kind] = None
        self._changed.set()


class Registration:
    """That a listener wants to know of a directory, or only of one name in it; `label` is what it calls that."""

    __slots__ = ("label", "listener", "only")

    def __init__(self, listener: Listener, label: str, only: str | None) -> None:
        self.listener = listener
        self.label = label
        self.only = only

    def tell(self, name: str | None, kind: ChangeKind) -> None:
        """Pass on a change of a name in the directory, or (None) of the directory itself."""
        if name is None:
            self.listener.lost = True
            self.listener.note(self.label, kind)
        elif self.only is None:
            self.listener.note(f"{self.label.rstrip('/')}/{name}" if self.label != "." else name, kind)
        elif self.only == name:
            self.listener.note(self.label, kind)


class Watched:
    """One directory that is watched, and for whom."""

    def __init__(self, handle: Directory, path: Path) -> None:
        self.handle = handle
        self.registrations: list[Registration] = []
        self.ready = threading.Event()
        self.error: Exception | None = None
        # The kernel resolves this to the very directory that is held; elsewhere there is only its name.
        self.path = f"/proc/self/fd/{handle.fd}" if sys.platform == "linux" else str(path)


class Watchers:
    """All directories that are watched for the listeners of one server."""

    def __init__(self) -> None:
        # A listener that is collected releases itself, in whatever thread that happens.
        self._lock = threading.RLock()
        self._watched: dict[Key, Watched] = {}
        self._generation = 0
        self._thread: threading.Thread | None = None
        self._is_closed = False

    def register(self, handle: Directory, path: Path, registration: Registration) -> None:
        """Begin to tell a listener of a directory; takes over the handle. Blocking until it is really watched.

        Raises:
            ToolError: `busy`, too many are watched; `io`, the system refused.
        """
        status = os.fstat(handle.fd)
        key = (status.st_dev, status.st_ino)
        with self._lock:
            watched = self._watched.get(key)
            if watched is None:
                self._check_room(handle)
                watched = self._watched[key] = Watched(handle, path)
                self._generation += 1
            else:
                handle.close()
            watched.registrations.append(registration)
            self._start()
        if not watched.ready.wait(_READY_SECONDS) or watched.error is not None:
            self.release(registration.listener)
            hint = "The system's limit on watches may be reached."
            raise ToolError("The directory cannot be watched.", code="io", hint=hint) from watched.error

    def release(self, listener: Listener) -> None:
        """Tell a listener nothing more."""
        with self._lock:
            for key, watched in list(self._watched.items()):
                kept = [one for one in watched.registrations if one.listener is not listener]
                watched.registrations = kept
                if not kept:
                    del self._watched[key]
                    self._generation += 1
                    watched.handle.close()

    def close(self) -> None:
        """End the thread and let all directories go. Blocking for a moment."""
        with self._lock:
            self._is_closed = True
            thread = self._thread
        if thread is not None:
            thread.join(_READY_SECONDS)
        with self._lock:
            for watched in self._watched.values():
                watched.handle.close()
            self._watched.clear()

    def _check_room(self, handle: Directory) -> None:
        if self._is_closed or len(self._watched) >= MOST_DIRECTORIES:
            handle.close()
            sentence = f"{MOST_DIRECTORIES} directories are watched already."
            raise ToolError(sentence, code="busy", retryable=True)

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="filesystem-watch", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        """The thread: watch what is wanted until nothing is."""
        rust: Any = import_module("watchfiles._rust_notify")
        round_ = Round(None, {}, -1)
        while True:
            with self._lock:
                if self._is_closed or not self._watched:
                    self._thread = None
                    break
                if round_.generation != self._generation:
                    self._pass_on(round_.last())
                    round_ = self._renewed(rust.RustNotify, round_)
            self._pass_on(round_.next())
        round_.close()

    def _renewed(self, make: Any, old: "Round") -> "Round":
        """Watch what is wanted now; what cannot be watched is dropped, with the reason. The lock is held."""
        wanted = list(self._watched.values())
        try:
            native = make([one.path for one in wanted], False, False, 0, False, True)  # noqa: FBT003  positional only
        except (OSError, RuntimeError) as error:
            for key, one in list(self._watched.items()):
                if not one.ready.is_set():
                    one.error = error
                    one.handle.close()
                    del self._watched[key]
                    one.ready.set()
            return Round(old.native, old.known, self._generation)
        old.close()
        for one in wanted:
            one.ready.set()
        return Round(native, {one.path: one for one in wanted}, self._generation)

    def _pass_on(self, found: Iterable[tuple[Watched, str | None, ChangeKind]]) -> None:
        for watched, name, kind in found:
            for registration in watched.registrations:
                with suppress(RuntimeError):  # its loop has been closed
                    registration.listener.loop.call_soon_threadsafe(registration.tell, name, kind)


class Round(Struct, frozen=True):
    """One native watcher and what its paths stand for."""

    native: Any
    known: dict[str, Watched]
    generation: int

    def next(self) -> Iterator[tuple[Watched, str | None, ChangeKind]]:
        """Wait a moment for changes."""
        return self._found(_LOOK_UP_MS) if self.native is not None else iter(())

    def last(self) -> Iterator[tuple[Watched, str | None, ChangeKind]]:
        """The changes that are there already."""
        return self._found(1) if self.native is not None else iter(())

    def close(self) -> None:
        """Stop watching."""
        if self.native is not None:
            self.native.close()

    def _found(self, wait: int) -> Iterator[tuple[Watched, str | None, ChangeKind]]:
        found: Any = self.native.watch(min(DEBOUNCE_MS, wait), min(_STEP_MS, wait), wait, None)
        if not isinstance(found, set):
            return  # nothing happened
        changes = cast("set[tuple[int, str]]", found)
        for number, path in sorted(changes):
            directory, _, name = path.rpartition("/")
            if path in self.known:
                yield self.known[path], None, _KINDS[number]
            elif directory in self.known and not name.startswith(TEMPORARY_PREFIX):
                yield self.known[directory], name, _KINDS[number]
