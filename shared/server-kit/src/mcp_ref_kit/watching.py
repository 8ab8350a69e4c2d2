"""Tells listeners of changes in directories: one native watcher, started by the first listener, for all of them.

A directory is watched through a handle that the jail opens, never by its path, and never what is beneath it: the
library follows links when it descends. The handle is closed at once, since a directory that is held open does not
say when it goes. The watcher has a thread of its own.
"""

import asyncio
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, cast

from msgspec import Struct

from mcp_protocol import ToolError
from mcp_ref_kit.paths import Directory

ChangeKind = Literal["created", "modified", "deleted"]
# A change of a name in a directory, or (None) of the directory itself.
Found = tuple["Watched", str | None, ChangeKind]
Key = tuple[int, int]

# Changes in quick succession are told once.
DEBOUNCE_MS = 100
_STEP_MS = 50
# How soon the thread sees that something else is to be watched; told to stop at once, the library forgets changes.
_LOOK_UP_MS = 100
# Each is opened anew whenever another one joins.
MOST_DIRECTORIES = 1000
# Distinct changes that a listener keeps for whoever asks.
MOST_CHANGES = 1000
_READY_SECONDS = 5.0
_KINDS: dict[int, ChangeKind] = {1: "created", 2: "modified", 3: "deleted"}


class Listener:
    """Collects changes until somebody asks for them; made and used in an event loop."""

    def __init__(self) -> None:
        self.changes: dict[tuple[str, ChangeKind], None] = {}
        self.lost = False
        """A directory that was listened to is gone, or has another name."""
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
        """Pass on a change, if it is one for this listener."""
        if name is None:
            self.listener.lost = True
            self.listener.note(self.label, kind)
        elif self.only is None:
            self.listener.note(name if self.label == "." else f"{self.label.rstrip('/')}/{name}", kind)
        elif self.only == name:
            self.listener.note(self.label, kind)


class Watched:
    """One directory that is watched: how to open it, what it is called, and for whom."""

    def __init__(self, opened: Callable[[], Directory], path: Path) -> None:
        self.open = opened
        self.path = path
        self.registrations: list[Registration] = []
        self.ready = threading.Event()
        self.error: Exception | None = None


class Watchers:
    """All directories that are watched for the listeners of one server."""

    def __init__(self, name: str, *, unseen: str | None = None) -> None:
        """`name` is for the thread; changes of names that begin with `unseen` are not told of."""
        self._name = name
        self._unseen = unseen
        # A listener that is collected releases itself, in whatever thread that happens.
        self._lock = threading.RLock()
        self._watched: dict[Key, Watched] = {}
        self._generation = 0
        self._thread: threading.Thread | None = None
        self._is_closed = False

    @property
    def paths(self) -> list[Path]:
        """The directories that are watched."""
        with self._lock:
            return [watched.path for watched in self._watched.values()]

    def register(self, opened: Callable[[], Directory], path: Path, registration: Registration) -> None:
        """Begin to tell a listener of a directory. Blocking until it is really watched.

        Raises:
            PathError: it cannot be opened.
            ToolError: `busy`, too many are watched; `io`, the system refused.
        """
        with opened() as directory:
            key = _key(directory)
        with self._lock:
            watched = self._watched.get(key)
            if watched is None:
                self._check_room()
                watched = self._watched[key] = Watched(opened, path)
                self._generation += 1
            watched.registrations.append(registration)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=f"{self._name}-watch", daemon=True)
                self._thread.start()
        if not watched.ready.wait(_READY_SECONDS) or watched.error is not None:
            self.release(registration.listener)
            hint = "The system's limit on watches may be reached."
            raise ToolError("The directory cannot be watched.", code="io", hint=hint) from watched.error

    def release(self, listener: Listener) -> None:
        """Tell a listener nothing more."""
        with self._lock:
            for key, watched in list(self._watched.items()):
                kept = [one for one in watched.registrations if one.listener is not listener]
                if len(kept) < len(watched.registrations):
                    watched.registrations = kept
                    if not kept:
                        self._drop(key)

    def close(self) -> None:
        """End the thread. Blocking for a moment."""
        with self._lock:
            self._is_closed = True
            thread = self._thread
        if thread is not None:
            thread.join(_READY_SECONDS)

    def _check_room(self) -> None:
        if self._is_closed or len(self._watched) >= MOST_DIRECTORIES:
            sentence = f"{MOST_DIRECTORIES} directories are watched already."
            raise ToolError(sentence, code="busy", retryable=True)

    def _drop(self, key: Key) -> None:
        del self._watched[key]
        self._generation += 1

    def _run(self) -> None:
        """The thread: watch what is wanted until nothing is."""
        native: Any = import_module("watchfiles._rust_notify")
        current = Round()
        while True:
            with self._lock:
                if self._is_closed or not self._watched:
                    self._thread = None
                    break
                wanted = dict(self._watched)
                is_old = current.generation != self._generation
                generation = self._generation
            if is_old:
                current = self._renewed(native.RustNotify, current, wanted, generation)
            self._pass_on(current.next())
        current.close()

    def _renewed(self, make: Any, old: "Round", wanted: dict[Key, Watched], generation: int) -> "Round":
        """Watch what is wanted now, beginning before the old watcher ends; what it has found by then is passed on."""
        with ExitStack() as handles:
            known = {path: one for key, one in wanted.items() if (path := self._path(handles, key, one)) is not None}
            try:
                new = Round(make(list(known), False, False, 0, False, True), known, generation)  # noqa: FBT003  positional only
            except (OSError, RuntimeError) as error:
                self._refuse(wanted, error)
                return Round(old.native, old.known, generation)
        self._pass_on(old.last())
        old.close()
        for one in known.values():
            one.ready.set()
        return new

    def _path(self, handles: ExitStack, key: Key, one: Watched) -> str | None:
        """What to call a directory for the library: the handle itself, where the system has names for handles."""
        try:
            directory = handles.enter_context(one.open())
        except ToolError as error:
            self._refuse({key: one}, error)
            return None
        if _key(directory) != key:
            self._refuse({key: one}, None)
            return None
        return f"/proc/self/fd/{directory.fd}" if sys.platform == "linux" else str(one.path)

    def _refuse(self, refused: dict[Key, Watched], error: Exception | None) -> None:
        """Give up what is not watched yet; tell whoever listens to what is there no more."""
        with self._lock:
            for key, one in refused.items():
                if one.ready.is_set() and error is not None and not isinstance(error, ToolError):
                    continue  # the old watcher has it
                if self._watched.pop(key, None) is None:
                    continue
                one.error = error or ToolError("The directory was replaced.", code="io")
                gone: Found = (one, None, "deleted")
                self._pass_on(iter([gone]))
                one.ready.set()

    def _pass_on(self, found: Iterator[Found]) -> None:
        for watched, name, kind in found:
            if name is not None and self._unseen is not None and name.startswith(self._unseen):
                continue
            for registration in watched.registrations:
                with suppress(RuntimeError):  # its loop has been closed
                    registration.listener.loop.call_soon_threadsafe(registration.tell, name, kind)


class Round(Struct, frozen=True):
    """One native watcher and what its paths stand for."""

    native: Any = None
    known: dict[str, Watched] = {}
    generation: int = -1

    def next(self) -> Iterator[Found]:
        """Wait a moment for changes."""
        return self._found(_LOOK_UP_MS)

    def last(self) -> Iterator[Found]:
        """The changes that are there already."""
        return self._found(1)

    def close(self) -> None:
        """Stop watching."""
        if self.native is not None:
            self.native.close()

    def _found(self, wait: int) -> Iterator[Found]:
        if self.native is None:
            return
        found: Any = self.native.watch(min(DEBOUNCE_MS, wait), min(_STEP_MS, wait), wait, None)
        if not isinstance(found, set):
            return  # nothing happened
        for number, path in sorted(cast("set[tuple[int, str]]", found)):
            directory, _, name = path.rpartition("/")
            if path in self.known:
                yield self.known[path], None, _KINDS[number]
            elif directory in self.known:
                yield self.known[directory], name, _KINDS[number]


def _key(directory: Directory) -> Key:
    status = os.fstat(directory.fd)
    return status.st_dev, status.st_ino
