"""From a directory to the repository that it belongs to: found by git itself, judged part by part."""

import os
from pathlib import Path
from typing import NoReturn

from msgspec import Struct

from mcp_ref_git.access.allowed import Allowed, Reach
from mcp_ref_git.access.layout import check_entrance, check_plain, looks_bare
from mcp_ref_git.errors import Denied, NoRepository, Unsafe
from mcp_ref_git.program.argv import Argv
from mcp_ref_git.program.failures import failure
from mcp_ref_git.program.runner import LOOKING, Git, Where
from mcp_ref_kit.workers import Workers

_ASKED = Argv(
    "rev-parse", "--path-format=absolute", "--absolute-git-dir", "--git-common-dir", "--is-bare-repository",
    "--show-object-format", "--show-toplevel",
)  # fmt: skip
_ASKED_OF_BARE = Argv(
    "rev-parse", "--path-format=absolute", "--absolute-git-dir", "--git-common-dir", "--is-bare-repository",
    "--show-object-format",
)  # fmt: skip


class Found(Struct, frozen=True, kw_only=True):
    """The parts of a repository, all without links; `top` is None for a bare one."""

    git_dir: Path
    common_dir: Path
    top: Path | None
    object_format: str
    place: Allowed

    @property
    def path(self) -> Path:
        """What a caller names it by."""
        return self.git_dir if self.top is None else self.top

    @property
    def where(self) -> Where:
        """How commands are given its parts, before its configuration is known."""
        return Where(
            cwd=str(self.path),
            git_dir=str(self.git_dir),
            top=None if self.top is None else str(self.top),
            ceiling=str(self.path.parent),
            allowed=(str(self.path),),
        )


async def discover(git: Git, workers: Workers, directory: Path, place: Allowed, reach: Reach, written: str) -> Found:
    """The repository that a directory without links is in.

    Raises:
        NoRepository, Denied, Unsafe
    """
    if await workers.run(_is_bare, directory):
        return await _bare(git, workers, directory, place, written)
    # What lies above the allowed directory is never looked at.
    await workers.run(check_entrance, directory, place.real)
    where = Where(cwd=str(directory), ceiling=str(place.real.parent), allowed=(str(place.real),))
    answer = await git.run(where, _ASKED, bounds=LOOKING)
    if answer.code:
        _refuse(answer.err, written, place)
    lines = os.fsdecode(answer.out).removesuffix("\n").split("\n")
    if len(lines) != 5 or lines[2] != "false":  # noqa: PLR2004  one line for each thing asked
        raise NoRepository(written)
    git_dir, common_dir, top = await workers.run(_without_links, lines[0], lines[1], lines[4])
    found = Found(git_dir=git_dir, common_dir=common_dir, top=top, object_format=lines[3], place=place)
    await workers.run(_check_parts, found, reach)
    _check_whole(found, written)
    return found


async def _bare(git: Git, workers: Workers, directory: Path, place: Allowed, written: str) -> Found:
    """A bare repository is served when it is named itself, never when it is come across."""
    await workers.run(check_plain, directory)
    where = Where(cwd=str(directory), git_dir=str(directory), allowed=(str(place.real),))
    answer = await git.run(where, _ASKED_OF_BARE, bounds=LOOKING)
    lines = os.fsdecode(answer.out).removesuffix("\n").split("\n")
    if answer.code or len(lines) != 4 or lines[2] != "true":  # noqa: PLR2004  one line for each thing asked
        raise NoRepository(written)
    if place.whole and directory != place.real:
        raise Denied(written)
    (common_dir,) = await workers.run(_without_links, lines[1])
    return Found(git_dir=directory, common_dir=common_dir, top=None, object_format=lines[3], place=place)


def _is_bare(directory: Path) -> bool:
    if not looks_bare(directory) or (directory / ".git").exists():
        return False
    # git checks who owns what it discovers, not what it is told.
    if directory.stat().st_uid not in {os.geteuid(), 0}:
        raise Unsafe("The repository belongs to another user.")
    return True


def _without_links(*lines: str) -> tuple[Path, ...]:
    return tuple(Path(os.path.realpath(line)) for line in lines)


def _check_parts(found: Found, reach: Reach) -> None:
    for part in (found.git_dir, found.common_dir, found.top):
        if part is not None and not reach.holds(part):
            raise Unsafe(
                "A part of this repository lies outside of what is allowed.",
                hint="Ask the operator to allow the directory that holds it too.",
            )


def _check_whole(found: Found, written: str) -> None:
    """Where one repository is allowed, another one inside of it is not; its own linked work trees are."""
    place = found.place
    if not place.whole or found.top == place.real:
        return
    if found.common_dir == place.real / ".git" and found.git_dir != found.common_dir:
        return
    raise Denied(written)


def _refuse(stderr: bytes, written: str, place: Allowed) -> NoReturn:
    error = failure("rev-parse", stderr, (str(place.real),))
    if error.code == "unsafe_repository":
        raise Unsafe(
            f"`{written}` belongs to another user.", hint="The operator can allow it by git's own safe.directory."
        )
    if error.code == "git_failed":
        raise error  # a configuration that cannot be read, say: git has the line
    raise NoRepository(written)
