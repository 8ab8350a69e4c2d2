"""The undo journal on disk: one entry for each change, with what is needed to take it back. Blocking.

A flat directory of mode 0700: `ID.BYTES.json` is an entry, `ID.N` what its step N keeps (a file's former bytes, or
whatever was deleted). An entry is on disk before its change is made. Several servers may share the directory.
"""

import json
import os
import re
import secrets
import stat
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from mcp_protocol.errors import SettingsError, ToolError
from mcp_ref_filesystem.change.atomic import Fsync, drafted, remove_tree
from mcp_ref_filesystem.history.steps import Entry
from mcp_ref_kit.paths import Directory, JailPath, NotFound, PathError, Root, Spot, open_root

DIGITS = "0123456789abcdefghijklmnopqrstuv"
# Random bits at the end of an id, for servers that share the directory; the rest is the time in microseconds.
NOISE = 12
ID = re.compile(f"[{DIGITS}]{{13}}")
# More entries than anyone looks through; listing a directory of that size still takes only milliseconds.
MOST_ENTRIES = 10_000
# Changes between two looks at what other processes have added.
RELIST_AFTER = 100
# Bytes without an entry are younger than this only while a change is being made.
ORPHAN_SECONDS = 3600
DAY = 86400.0

Clock = Callable[[], float]


class Journal:
    """The store. Everything is bounded: the oldest entries go when size, number or age are over the limit."""

    def __init__(self, path: Path, *, most_bytes: int, days: float, clock: Clock = time.time) -> None:
        self.path = path
        self.most_bytes = most_bytes
        self.clock = clock
        self._seconds = days * DAY
        self._lock = threading.RLock()
        self._held: Root | None = None
        # From the oldest entry to the newest.
        self._sizes: dict[str, int] = {}
        self._total = 0
        self._until_relist = 0
        self._latest = 0

    def check(self, allowed: list[Path]) -> None:
        """Refuse a place where the tools could reach the journal.

        Raises:
            SettingsError: it is inside an allowed directory.
        """
        here = Path(os.path.realpath(self.path))
        for directory in allowed:
            if here.is_relative_to(os.path.realpath(directory)):
                raise SettingsError(
                    f"The history directory {here} is inside the allowed directory {directory}: "
                    "give --history-dir a place outside, or --history off with --trash off."
                )

    def close(self) -> None:
        """Let go of the directory."""
        with self._lock:
            if self._held is not None:
                self._held.close()
                self._held = None

    def new_id(self) -> str:
        """A fresh id; later ones sort after earlier ones."""
        with self._lock:
            self._latest = max(self._latest + 1, int(self.clock() * 1_000_000))
            return _id_at(self._latest, secrets.randbits(NOISE))

    def make_room(self, size: int) -> None:
        """Drop the oldest entries until `size` more bytes fit.

        Raises:
            ToolError: `too_large`, or `io` when the journal cannot be used.
        """
        if size > self.most_bytes:
            message = f"Keeping {size} bytes for undo is over the journal's limit of {self.most_bytes}."
            raise ToolError(message, code="too_large", hint="The operator can raise --history-max-mb.")
        with self._lock, usable():
            self._relist()
            self._prune(self.most_bytes - size)

    def spot(self, name: str) -> Spot:
        """The place of one name in the journal's directory."""
        with self._lock, usable():
            return self._root().parent(JailPath((name,), "the undo journal"), exact=True)

    def save(self, entry: Entry, *, fsync: Fsync = "off") -> None:
        """Put an entry on disk, whole."""
        text = json.dumps(msgspec.to_builtins(entry))  # unlike msgspec it takes names that are not UTF-8
        with usable(), self.spot(_file_name(entry.id, entry.bytes)) as spot, drafted(spot) as draft:
            draft.write(text.encode())
            with suppress(NotFound):
                spot.unlink()
            draft.commit(fsync=fsync)
        with self._lock:
            self._total += entry.bytes - self._sizes.get(entry.id, 0)
            self._sizes[entry.id] = entry.bytes

    def entries(self) -> Iterator[Entry]:
        """All entries, the newest first; unreadable ones are passed over."""
        with self._lock, usable():
            self._until_relist = 0
            self._relist()
            sizes = dict(self._sizes)
        for change in sorted(sizes, reverse=True):
            entry = self._read(change, sizes[change])
            if entry is not None:
                yield entry

    def get(self, change: str) -> Entry | None:
        """The entry of that id, if there is one."""
        with self._lock, usable():
            if change not in self._sizes:
                self._until_relist = 0
                self._relist()
            size = self._sizes.get(change)
        return None if size is None else self._read(change, size)

    def drop(self, change: str) -> None:
        """Remove an entry and all it keeps."""
        with self._lock, usable():
            self._drop({change})

    def _read(self, change: str, size: int) -> Entry | None:
        # Another process may have dropped it, or a newer version may have written what we cannot read.
        with suppress(PathError, ValueError, msgspec.ValidationError):
            with self.spot(_file_name(change, size)) as spot, spot.open() as file:
                data: Any = json.loads(file.read_at(0, file.stat.st_size))
            return msgspec.convert(data, Entry)
        return None

    def _root(self) -> Root:
        if self._held is None:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = self.path.stat()
            if hasattr(os, "geteuid") and found.st_uid != os.geteuid():
                raise SettingsError(f"The history directory {self.path} belongs to another user.")
            if stat.S_IMODE(found.st_mode) & 0o077:
                self.path.chmod(0o700)
            self._held = open_root(self.path)
        return self._held

    def _names(self) -> list[str]:
        with self._root().open_directory(JailPath()) as directory, directory.scan() as entries:
            return [entry.name for entry in entries]

    def _relist(self) -> None:
        """Look at the directory again, once in a while, and remove bytes whose entry was never written."""
        self._until_relist -= 1
        if self._until_relist >= 0:
            return
        self._until_relist = RELIST_AFTER
        found: dict[str, int] = {}
        orphans: set[str] = set()
        for name in self._names():
            change, _, rest = name.partition(".")
            size, _, kind = rest.partition(".")
            if not ID.fullmatch(change):
                continue
            if kind == "json" and size.isdecimal():
                found[change] = int(size)
            else:
                orphans.add(change)
        self._sizes = dict(sorted(found.items()))
        self._total = sum(found.values())
        newest = _id_at(int((self.clock() - ORPHAN_SECONDS) * 1_000_000))
        self._drop({change for change in orphans - self._sizes.keys() if change < newest})

    def _prune(self, most: int) -> None:
        oldest = _id_at(int((self.clock() - self._seconds) * 1_000_000))
        total, count = self._total, len(self._sizes)
        gone: set[str] = set()
        for change, size in self._sizes.items():
            if total <= most and count < MOST_ENTRIES and change >= oldest:
                break
            total -= size
            count -= 1
            gone.add(change)
        self._drop(gone)

    def _drop(self, changes: set[str]) -> None:
        if not changes:
            return
        names = [name for name in self._names() if name.partition(".")[0] in changes]
        with self._root().open_directory(JailPath()) as directory:
            # The entry first: without it nobody looks for the bytes.
            for name in sorted(names, key=lambda name: not name.endswith(".json")):
                _remove(directory, name)
        for change in changes:
            self._total -= self._sizes.pop(change, 0)


@contextmanager
def usable() -> Generator[None]:
    """Refuse a change when the journal fails.

    Raises:
        ToolError: `io`.
    """
    try:
        yield
    except (OSError, PathError, SettingsError) as error:
        message = "The undo journal cannot be used, so nothing was changed."
        hint = "The operator can free space, mend --history-dir, or set --history off."
        raise ToolError(message, code="io", hint=hint) from error


def _file_name(change: str, size: int) -> str:
    return f"{change}.{size}.json"


def _id_at(microseconds: int, noise: int = 0) -> str:
    number = max(0, microseconds) << NOISE | noise
    return "".join(DIGITS[number >> shift & 31] for shift in range(60, -1, -5))


def _remove(directory: Directory, name: str) -> None:
    with suppress(PathError):
        remove_tree(Spot.within(directory, name))
