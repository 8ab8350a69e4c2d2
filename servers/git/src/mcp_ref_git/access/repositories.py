"""From a call's `repo_path` to a repository that is allowed, whole, and made harmless."""

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from mcp_ref_git.access import layout
from mcp_ref_git.access.allowed import Allowed, AllowedSet, Reach
from mcp_ref_git.access.configuration import files_of, harden, read_entries, shifting, state_of
from mcp_ref_git.access.discovery import Found, discover
from mcp_ref_git.access.finding import beneath, short_names
from mcp_ref_git.errors import BadArgument, Denied, Unsafe
from mcp_ref_git.program.hardening import Entry, Hardening
from mcp_ref_git.program.redaction import named
from mcp_ref_git.program.runner import OLDEST, Git, Where
from mcp_ref_git.settings import Settings
from mcp_ref_kit.paths import show
from mcp_ref_kit.workers import Workers

if TYPE_CHECKING:
    from mcp_protocol.server.context import Context

_log = logging.getLogger(__name__)

# Repositories whose configuration and layout are remembered.
_REMEMBERED = 64
_SHOWN = 10
_LONGEST = 4096


class Repository(Struct, frozen=True, kw_only=True):
    """A repository that may be used, with everything that its commands are told."""

    found: Found
    hardening: Hardening
    entries: tuple[Entry, ...]
    shifts: bool
    """Whether a file of its work tree is part of its configuration."""
    reach: Reach

    @property
    def where(self) -> Where:
        """Its directories and overrides, for a command."""
        return replace(self.found.where, pairs=self.hardening.pairs)

    @property
    def top(self) -> Path:
        """The top level of its work tree.

        Raises:
            BadArgument: it is bare.
        """
        if self.found.top is None:
            raise BadArgument("This repository is bare: it has no files to look at or change.")
        return self.found.top


class _Known(Struct):
    """A repository that was looked at before, and how things were then."""

    repository: Repository
    files: tuple[Path, ...]
    configured: object
    identities: object
    parts: object
    objects: object


class Repositories:
    """What the operator allows, as repositories."""

    def __init__(self, settings: Settings, git: Git, allowed: AllowedSet, workers: Workers) -> None:
        self._settings = settings
        self._git = git
        self._allowed = allowed
        self._workers = workers
        self._known: dict[tuple[Path, str], _Known] = {}
        self._is_recent = False

    @property
    def places(self) -> tuple[Allowed, ...]:
        """What the operator allows, before any client is asked."""
        return self._allowed.places

    async def reach(self, ctx: "Context[Any]") -> Reach:
        """What this call may reach."""
        return await self._allowed.reach(ctx)

    async def find(self, ctx: "Context[Any]", written: str | None) -> Repository:
        """The repository that a call means; the only one there is, where it says nothing.

        Raises:
            BadArgument: it says nothing, and there are several, or none.
            Denied, NoRepository, Unsafe
        """
        reach = await self.reach(ctx)
        if not reach.places:
            raise Denied("repo_path" if written is None else named(written))
        # In one go: each change of threads costs as much as all of these looks at the disk.
        directory, known = await self._workers.run(self._looked_up, reach, written)
        return known or await self._inspected(reach, directory, str(directory) if written is None else named(written))

    async def named(self, ctx: "Context[Any]") -> dict[str, Path]:
        """Every repository of the call by its short name."""
        return await self._workers.run(_all, await self.reach(ctx))

    async def by_name(self, ctx: "Context[Any]", name: str) -> Repository:
        """The repository of a short name.

        Raises:
            Denied: there is none.
        """
        reach = await self.reach(ctx)
        path = (await self._workers.run(_all, reach)).get(name)
        if path is None:
            raise Denied(named(name))
        return await self.open(reach, path, named(name))

    async def open(self, reach: Reach, directory: Path, written: str) -> Repository:
        """The repository that a directory without links is in, looked at as far as it has changed.

        Raises:
            NoRepository, Denied, Unsafe
        """
        known = await self._workers.run(self._current, reach, directory)
        return known or await self._inspected(reach, directory, written)

    def _looked_up(self, reach: Reach, written: str | None) -> tuple[Path, Repository | None]:
        """The directory that a caller means, and its repository if nothing of it has changed. Blocking."""
        directory = _only(reach) if written is None else _located(reach, written)
        return directory, self._current(reach, directory)

    def _current(self, reach: Reach, directory: Path) -> Repository | None:
        known = self._known.get((directory, reach.fingerprint))
        return known.repository if known is not None and _is_current(known, reach) else None

    async def _inspected(self, reach: Reach, directory: Path, written: str) -> Repository:
        place = _place_of(reach, directory)
        if place is None:
            raise Denied(written)
        known = await self._looked_at(directory, place, reach, written)
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[directory, reach.fingerprint] = known
        return known.repository

    async def _looked_at(self, directory: Path, place: Allowed, reach: Reach, written: str) -> _Known:
        await self._require_recent()
        found = await discover(self._git, self._workers, directory, place, reach, written)
        await self._workers.run(_check, found, reach)
        before = await self._workers.run(_signatures, found)
        entries = await read_entries(self._git, found.where)
        files = files_of(entries, found.git_dir, found.common_dir)
        configured = await self._workers.run(state_of, files)
        repository = Repository(
            found=found,
            hardening=harden(entries, self._settings.allow_hooks),
            entries=tuple(entries),
            reach=reach,
            shifts=self._settings.allow_hooks != "all" and shifting(entries, found.top),
        )
        return _Known(repository, files, configured, *before)

    async def _require_recent(self) -> None:
        if self._is_recent:
            return
        version = await self._git.version()
        if version < OLDEST:
            oldest = ".".join(map(str, OLDEST))
            raise Unsafe(f"git {'.'.join(map(str, version))} is older than {oldest}, which this server needs.")
        self._is_recent = True


def _only(reach: Reach) -> Path:
    found = _all(reach)
    if len(found) == 1:
        return next(iter(found.values()))
    if not found:
        raise BadArgument("`repo_path` is needed: there is no repository yet in what is allowed.")
    paths = [show(str(path)) for path in found.values()]
    names = ", ".join(paths[:_SHOWN]) + (", ..." if len(paths) > _SHOWN else "")
    raise BadArgument(f"`repo_path` is needed, one of: {names}.")


def _located(reach: Reach, written: str) -> Path:
    """A caller's text as a directory without links in what is allowed; a short name does as well."""
    if not written or "\0" in written or len(written) > _LONGEST:
        raise BadArgument("`repo_path` must be the path of a repository.")
    if "/" not in written:
        path = _all(reach).get(written)
        if path is not None:
            return path
    real = Path(os.path.realpath(written)) if written.startswith("/") else None
    if real is None or _place_of(reach, real) is None or not real.is_dir():
        raise Denied(named(written))
    return real


def _place_of(reach: Reach, real: Path) -> Allowed | None:
    """The most specific place that holds a path without links."""
    holding = [place for place in reach.places if place.holds(real)]
    return max(holding, key=lambda place: len(place.real.parts), default=None)


def _all(reach: Reach) -> dict[str, Path]:
    paths = [path for place in reach.places for path in beneath(place)]
    return short_names(list(dict.fromkeys(paths)))


def _check(found: Found, reach: Reach) -> None:
    layout.check_parts(found.git_dir, found.common_dir, reach.holds)
    layout.check_objects(found.common_dir, reach.holds)


def _signatures(found: Found) -> tuple[object, object, object]:
    return (
        layout.identities(found.git_dir, found.common_dir, found.top),
        layout.state_of_parts(found.git_dir, found.common_dir),
        layout.state_of_objects(found.common_dir),
    )


def _is_current(known: _Known, reach: Reach) -> bool:
    """Whether nothing has changed that decides what runs; links are looked for again where some could be new."""
    found = known.repository.found
    identities, parts, objects = _signatures(found)
    if identities != known.identities or state_of(known.files) != known.configured:
        return False
    if parts != known.parts:
        layout.check_parts(found.git_dir, found.common_dir, reach.holds)
        known.parts = parts
    if objects != known.objects:
        layout.check_objects(found.common_dir, reach.holds)
        known.objects = objects
    return True
