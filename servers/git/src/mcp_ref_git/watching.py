"""Changes of a repository, for subscriptions: its refs, its index, the directories of its work tree."""

import os
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Literal, Self

from mcp_protocol import ToolError
from mcp_ref_git.program.argv import Argv
from mcp_ref_git.program.parsing import names
from mcp_ref_git.repository import Opened
from mcp_ref_git.state import State
from mcp_ref_kit.paths import Directory, open_root
from mcp_ref_kit.watching import Listener, Registration

Aspect = Literal["status", "branches", "tags"]

# Directories of one subscription; the watcher has room for 1,000 of all of them.
MOST_DIRECTORIES = 400


class Changes:
    """The changes of one aspect of a repository; ends to be watched when it is closed or forgotten."""

    def __init__(self, state: State, opened: Opened, aspect: Aspect) -> None:
        self._state = state
        self._opened = opened
        self._aspect: Aspect = aspect
        self._listener = Listener()
        self._known: set[Path] = set()

    @classmethod
    async def of(cls, state: State, opened: Opened, aspect: Aspect) -> Self:
        """Begin to watch.

        Raises:
            ToolError: it cannot be watched.
        """
        changes = cls(state, opened, aspect)
        await changes._listen()
        return changes

    def __aiter__(self) -> Self:
        """Itself."""
        return self

    async def __anext__(self) -> object:
        """Wait for the next change; directories that are new are watched from then on."""
        await self._listener.wait()
        taken = self._listener.take()
        if self._listener.lost:
            self._listener.lost = False
            self._known.clear()
            self._state.watchers.release(self._listener)
        await self._listen()
        return taken

    def __del__(self) -> None:
        """Stop watching: whoever listened is gone."""
        self._state.watchers.release(self._listener)

    async def _listen(self) -> None:
        wanted = await self._directories()
        new = [path for path in wanted if path not in self._known][: MOST_DIRECTORIES - len(self._known)]
        await self._state.workers.run(self._register, new)
        self._known.update(new)

    async def _directories(self) -> list[Path]:
        found = self._opened.repository.found
        parts = [found.git_dir, found.common_dir]
        namespaces = ("refs/tags",) if self._aspect == "tags" else ("refs/heads", "refs/remotes")
        for namespace in namespaces:
            parts += await self._opened.workers.run(_beneath, found.common_dir / namespace)
        if self._aspect == "status" and found.top is not None:
            tracked = await self._opened.git(Argv("ls-files", "-z"))
            parts += [found.top, *(found.top / name for name in _parents(names(tracked.out)))]
        return list(dict.fromkeys(parts))

    def _register(self, paths: Iterable[Path]) -> None:
        for path in paths:
            try:
                self._state.watchers.register(_opening(path), path, Registration(self._listener, str(path), None))
            except ToolError as error:
                if error.code == "busy":
                    raise
                # It went meanwhile, or is a link now: there is nothing to watch.


def _opening(path: Path) -> Callable[[], Directory]:
    return partial(_opened, path)


def _opened(path: Path) -> Directory:
    return open_root(path, real=path).open_directory(".")


def _beneath(directory: Path) -> list[Path]:
    """A directory and those in it, without following links."""
    found: list[Path] = []
    for place, _, _ in os.walk(directory):
        found.append(Path(place))
        if len(found) >= MOST_DIRECTORIES:
            break
    return found


def _parents(files: Iterable[str]) -> list[str]:
    """The directories of files, each once."""
    found: dict[str, None] = {}
    for name in files:
        parent = name.rpartition("/")[0]
        while parent and parent not in found:
            found[parent] = None
            parent = parent.rpartition("/")[0]
        if len(found) >= MOST_DIRECTORIES:
            break
    return list(found)
