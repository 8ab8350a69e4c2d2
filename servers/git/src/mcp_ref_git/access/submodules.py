"""What the configuration of submodules would run while their parent is changed: it is overridden as well.

`add` and `commit` look into a populated submodule with a process of its own, which reads that configuration; overrides
by GIT_CONFIG_COUNT reach it (measured).
"""

import os
from pathlib import Path

from msgspec.structs import replace

from mcp_ref_git.access.configuration import harden, read_entries
from mcp_ref_git.access.files import read_plain
from mcp_ref_git.access.layout import check_parts
from mcp_ref_git.access.repositories import Repository
from mcp_ref_git.errors import Unsafe
from mcp_ref_git.program.argv import Argv
from mcp_ref_git.program.hardening import MOST_OVERRIDES, Pair
from mcp_ref_git.program.runner import Git, Where
from mcp_ref_git.settings import Hooks
from mcp_ref_kit.workers import Workers

MOST_SUBMODULES = 100
MOST_DEEP = 5

_GITLINK = b"160000 "
_POINTER = "gitdir: "
_LONGEST_POINTER = 64 * 1024
# Repositories of which is remembered that they have no submodules.
_REMEMBERED = 64


class Submodules:
    """Finds the submodules of repositories that are about to be changed."""

    def __init__(self, git: Git, workers: Workers, hooks: Hooks) -> None:
        self._git = git
        self._workers = workers
        self._hooks: Hooks = hooks
        self._without: dict[Path, object] = {}

    async def hardened(self, repository: Repository) -> Repository:
        """The repository with overrides for the configuration of its submodules, too.

        Raises:
            Unsafe: one lies outside of what is allowed, or there are too many.
        """
        found = repository.found
        if found.top is None or self._hooks == "all":
            return repository
        index = await self._workers.run(_state, found.git_dir / "index")
        if self._without.get(found.git_dir) == index:
            return repository
        seen: dict[Path, tuple[Pair, ...]] = {}
        await self._walk(repository, repository.where, seen, 0)
        if not seen:
            if len(self._without) >= _REMEMBERED:
                self._without.clear()
            self._without[found.git_dir] = index
            return repository
        pairs = dict.fromkeys((*repository.hardening.pairs, *(pair for pairs in seen.values() for pair in pairs)))
        if len(pairs) > 2 * MOST_OVERRIDES:
            raise Unsafe("The configuration of the submodules names too many programs.")
        return replace(repository, hardening=replace(repository.hardening, pairs=tuple(pairs)))

    async def _walk(self, repository: Repository, where: Where, seen: dict[Path, tuple[Pair, ...]], depth: int) -> None:
        answer = await self._git.must(where, Argv("ls-files", "--stage", "-z"))
        records = [record for record in answer.out.split(b"\0") if record.startswith(_GITLINK)]
        for record in records:
            place = Path(where.cwd, os.fsdecode(record.partition(b"\t")[2]))
            git_dir = await self._workers.run(_populated, place, repository)
            if git_dir is None or git_dir in seen:
                continue
            if len(seen) >= MOST_SUBMODULES or depth >= MOST_DEEP:
                raise Unsafe("The repository has too many submodules.")
            inside = Where(cwd=str(place), git_dir=str(git_dir), top=str(place))
            seen[git_dir] = harden(await read_entries(self._git, inside), self._hooks).pairs
            await self._walk(repository, inside, seen, depth + 1)


def _populated(place: Path, repository: Repository) -> Path | None:
    """The git directory of a submodule; None where there is none."""
    pointer = place / ".git"
    if not os.path.lexists(pointer):
        return None
    if pointer.is_file() and not pointer.is_symlink():
        text = os.fsdecode(read_plain(pointer, _LONGEST_POINTER)).strip()
        if not text.startswith(_POINTER):
            return None
        pointer = place / text.removeprefix(_POINTER)
    git_dir = Path(os.path.realpath(pointer))
    if not repository.reach.holds(git_dir):
        raise Unsafe("A submodule of this repository lies outside of what is allowed.")
    if not git_dir.is_dir():
        return None
    check_parts(git_dir, git_dir, repository.reach.holds)
    return git_dir


def _state(path: Path) -> object:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
