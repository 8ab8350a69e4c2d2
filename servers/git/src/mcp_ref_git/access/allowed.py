"""The operator's repositories and directories, narrowed by the client's roots. They only ever narrow."""

import logging
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from mcp_protocol.errors import SettingsError
from mcp_ref_git.settings import Settings
from mcp_ref_kit.paths import printable
from mcp_ref_kit.roots import ClientRoots, names_to, path_of_uri
from mcp_ref_kit.workers import Workers

if TYPE_CHECKING:
    from mcp_protocol.server.context import Context

_log = logging.getLogger(__name__)

RootsMode = Literal["off", "narrow", "require"]

# No place for repositories: everything is beneath them, or nothing is a file.
_FORBIDDEN = frozenset({Path("/"), Path("/proc"), Path("/sys"), Path("/dev")})


class Allowed(Struct, frozen=True):
    """A directory that may be reached; `whole` says that it is one repository, else there may be some beneath it.

    `path` is as it was named, `real` the same without links.
    """

    path: Path
    real: Path
    whole: bool
    source: Literal["operator", "root"] = "operator"

    def holds(self, real: Path) -> bool:
        """Whether a path without links is here or beneath."""
        return real == self.real or self.real in real.parents


class Reach(Struct, frozen=True):
    """What one call may reach, and why."""

    places: tuple[Allowed, ...]
    roots_mode: RootsMode = "off"
    roots: tuple[str, ...] = ()

    def holds(self, path: str | Path) -> bool:
        """Whether a path, after all links on it, lies in one of the places. Blocking."""
        real = Path(os.path.realpath(path))
        return any(place.holds(real) for place in self.places)

    @property
    def fingerprint(self) -> str:
        """What changes with the places, for cursors."""
        return "\0".join(str(place.real) for place in self.places)


class AllowedSet:
    """What the operator allows; asked once a call what of it the client's roots leave."""

    def __init__(self, settings: Settings, workers: Workers, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Read the settings. Blocking: only at start-up.

        Raises:
            SettingsError: nothing is allowed, or what is named is no directory.
        """
        self._settings = settings
        self._workers = workers
        self._clients = ClientRoots(clock)
        self.places = tuple(_configured(settings))
        if not self.places and settings.roots != "require":
            raise SettingsError(
                "Name a repository by `--repository`, or a directory of repositories by `--root`; or let clients name"
                " them by `--roots require`."
            )

    async def reach(self, ctx: "Context[Any]") -> Reach:
        """What this call may reach; asks the client for its roots where it has any. Maybe nothing."""
        mode: RootsMode = self._settings.roots or ("off" if ctx.transport == "http" else "narrow")
        if mode == "off":
            return Reach(self.places)
        uris = await self._clients.ask(ctx)
        if uris is None:
            return Reach(() if mode == "require" else self.places, mode)
        return await self._workers.run(self.narrowed, uris)

    def narrowed(self, uris: tuple[str, ...]) -> Reach:
        """The places as far as they are in a root, and the roots as far as they are in a place. Blocking."""
        mode: RootsMode = "require" if self._settings.roots == "require" else "narrow"
        found: dict[Path, Allowed] = {}
        for uri in uris:
            path = path_of_uri(uri)
            if path is None:
                _log.warning("The client's root %s is skipped: it is no file URI.", printable(uri))
                continue
            for place in self._within(path):
                found.setdefault(place.real, place)
        return Reach(tuple(found.values()), mode, uris)

    def _within(self, root: str) -> Iterator[Allowed]:
        if not self.places:
            yield Allowed(Path(root), Path(os.path.realpath(root)), whole=False, source="root")
        for place in self.places:
            below = names_to(root, place.path, place.real)
            if below == ():
                yield place
            elif below is not None:
                # A part of one repository is none; it stays in the list so that a call says what is allowed.
                yield Allowed(place.path.joinpath(*below), place.real.joinpath(*below), place.whole, source="root")


def _configured(settings: Settings) -> Iterator[Allowed]:
    named = [(text, True) for text in settings.repository] + [(text, False) for text in settings.root]
    if settings.cwd:
        named.append((_top_of(Path.cwd()), True))
    seen: set[Path] = set()
    for text, whole in named:
        if not text or "\0" in text:
            raise SettingsError(f"An allowed directory needs a name, got {text!r}.")
        path = Path(os.path.normpath(Path(text).absolute()))
        real = Path(os.path.realpath(path))
        if real in _FORBIDDEN:
            raise SettingsError(f"{path} cannot be allowed: everything would be.")
        if not real.is_dir():
            raise SettingsError(f"{path} is not a directory.")
        if real not in seen:
            seen.add(real)
            yield Allowed(path, real, whole)


def _top_of(directory: Path) -> str:
    """The nearest directory upwards that looks like the top level of a repository."""
    for place in (directory, *directory.parents):
        if (place / ".git").exists():
            return str(place)
    raise SettingsError("`--cwd` needs a working directory that is in a repository.")
