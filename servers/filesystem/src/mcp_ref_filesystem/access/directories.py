"""Which directories a call may reach: the operator's, narrowed by the client's roots, with their modes.

Roots only ever narrow. Nested directories: the most specific one decides whether it may be written.
"""

import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcp_protocol.errors import SettingsError
from mcp_ref_filesystem.access.configured import configured
from mcp_ref_filesystem.access.places import Place
from mcp_ref_filesystem.access.reach import Reach, RootsMode
from mcp_ref_filesystem.access.rules import Domain, Parts, Rules
from mcp_ref_filesystem.settings import Settings
from mcp_ref_kit.paths import (
    JailPath,
    NotFound,
    PathError,
    Policy,
    Root,
    Unreachable,
    open_root,
    printable,
)
from mcp_ref_kit.paths.casing import folds_case
from mcp_ref_kit.roots import ClientRoots, names_to, path_of_uri
from mcp_ref_kit.workers import Workers

if TYPE_CHECKING:
    from mcp_protocol.server.context import Context

_log = logging.getLogger(__name__)

# Sets of roots whose directories stay open; one client has one, and HTTP clients of a team a few.
_REMEMBERED = 64


class Directories:
    """The operator's directories, held open for the life of the server."""

    def __init__(
        self,
        settings: Settings,
        workers: Workers,
        *,
        private: Iterable[Path] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Open them. Blocking: only at start-up. `private` directories are denied even inside an allowed one.

        Raises:
            SettingsError: none is usable, or one is no place for files.
        """
        self._settings = settings
        self._workers = workers
        self._policy = Policy(
            symlinks=settings.symlinks, hardlinks=settings.hardlinks, one_filesystem=settings.one_filesystem
        )
        self.places = tuple(self._operator_places())
        self._check_usable()
        hidden = [Path(os.path.realpath(path)).parts[1:] for path in private]
        self.rules = Rules(settings, [_domain(place) for place in self.places], private=hidden)
        self._everything = Reach(self.places, self.rules)
        self._clients = ClientRoots(clock)
        self._narrowed: dict[tuple[str, ...] | None, Reach] = {}

    async def reach(self, ctx: "Context[Any]") -> Reach:
        """What this call may reach; asks the client for its roots where it has any. Maybe nothing."""
        mode = self._settings.roots or ("off" if ctx.transport == "http" else "narrow")
        if mode == "off":
            return self._everything
        uris = await self._clients.ask(ctx)
        found = self._narrowed.get(uris)
        if found is None:
            found = await self._workers.run(self.narrowed, uris)
            if len(self._narrowed) >= _REMEMBERED:
                self._narrowed.clear()
            self._narrowed[uris] = found
        return found

    def narrowed(self, uris: tuple[str, ...] | None) -> Reach:
        """The operator's directories as far as they are in a root, and the roots as far as they are in one of them.

        None stands for a client without roots. Blocking.
        """
        required = self._settings.roots == "require"
        mode: RootsMode = "require" if required else "narrow"
        if uris is None:
            return Reach(() if required else self.places, self.rules, roots_mode=mode)
        found: dict[Path, Place] = {}
        for uri in uris:
            path = path_of_uri(uri)
            if path is None:
                _log.warning("The client's root %s is skipped: it is no file URI.", printable(uri))
                continue
            for place in self._within(path) if self.places else [self._of_its_own(path)]:
                found.setdefault(place.real, place)
        places = tuple(place for place in found.values() if _may_be_one(place))
        return Reach(places, self.rules, roots_mode=mode, roots=uris, allowed=self.places)

    def close(self) -> None:
        """Let all handles go."""
        self._narrowed.clear()
        for place in self.places:
            place.close()

    def _operator_places(self) -> Iterator[Place]:
        for one in configured(self._settings.dirs):
            opening = partial(open_root, one.path, real=one.real, read_only=one.read_only, policy=self._policy)
            yield Place(one.path, one.real, opening, read_only=one.read_only)

    def _check_usable(self) -> None:
        usable = [place for place in self.places if self._opens(place)]
        if not self.places and self._settings.roots == "require":
            _log.warning("No directory is allowed by name: each client's own roots decide what it may reach.")
        elif not self.places:
            raise SettingsError("Name at least one directory, or let clients name them by --roots require.")
        elif not usable and self._settings.roots != "require":
            raise SettingsError(f"None of the directories can be opened: {_listed(self.places)}.")

    def _opens(self, place: Place) -> bool:
        """Whether it can be opened now; what is no place for files at all ends the start."""
        try:
            place.root()
        except NotFound as error:
            if not isinstance(error.__cause__, Unreachable):
                raise SettingsError(str(error.__cause__)) from error
            _log.warning("%s It is tried again when it is used.", error.__cause__)
            return False
        return True

    def _within(self, path: str) -> Iterator[Place]:
        for place in self.places:
            below = names_to(path, place.path, place.real)
            if below is not None:
                yield self._inside(place, below)

    def _inside(self, place: Place, below: Parts) -> Place:
        if not below:
            return place
        path, real = place.path.joinpath(*below), place.real.joinpath(*below)
        opening = partial(_opened_inside, place, below)
        return Place(path, real, opening, read_only=place.read_only, source="root")

    def _of_its_own(self, path: str) -> Place:
        real = Path(os.path.realpath(path))
        opening = partial(open_root, Path(path), real=real, policy=self._policy)
        return Place(Path(path), real, opening, read_only=False, source="root")


def _opened_inside(place: Place, below: Parts) -> Root:
    return place.root().narrowed(JailPath(below, str(place.path.joinpath(*below))))


def _may_be_one(place: Place) -> bool:
    """Whether a root is a directory, or nothing yet."""
    try:
        place.root()
    except NotFound as error:
        if not isinstance(error.__cause__, NotFound | Unreachable):
            _log.warning("The client's root %s is skipped: %s", place.path, error.__cause__)
            return False
    return True


def _domain(place: Place) -> Domain:
    try:
        folds = folds_case(place.root())
    except PathError:
        folds = True  # not there yet: on the safe side
    return Domain(place.real.parts[1:], place.read_only, folds)


def _listed(places: Iterable[Place]) -> str:
    return ", ".join(str(place.path) for place in places)
