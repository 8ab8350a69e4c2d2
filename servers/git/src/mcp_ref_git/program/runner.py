"""Runs git: the program by its absolute path, in the environment and with the directories that were judged before."""

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import LiteralString

from msgspec import Struct

from mcp_protocol.errors import SettingsError
from mcp_ref_git.program.argv import Argv
from mcp_ref_git.program.environment import OFFLINE, basis, overriding
from mcp_ref_git.program.failures import failure
from mcp_ref_git.program.hardening import ALWAYS, NO_HOOKS, SPEECH, Pair
from mcp_ref_git.settings import Settings
from mcp_ref_kit.processes import Bounds, Command, run

MIB = 1024 * 1024
# Enough for a status of 100,000 files; what may be longer is taken piece by piece.
MOST_OUTPUT = 32 * MIB
# Before a repository is used at all: a file that it includes may be a pipe, where git would wait until the deadline.
LOOKING = Bounds(seconds=10, stdout=8 * MIB)
# Repositories whose environment is kept ready.
_REMEMBERED = 64

OLDEST = (2, 39, 4)


class Where(Struct, frozen=True, kw_only=True):
    """The directories of a repository for one command, and the overrides of its configuration."""

    cwd: str
    git_dir: str | None = None
    top: str | None = None
    pairs: tuple[Pair, ...] = (*SPEECH, *ALWAYS, *NO_HOOKS)
    ceiling: str | None = None
    allowed: tuple[str, ...] = ()
    """Paths that may be named in errors."""


class Answer(Struct, frozen=True):
    """What a command printed; `cut` when we stopped it because that was enough."""

    code: int | None
    out: bytes
    err: bytes
    cut: bool

    @property
    def text(self) -> str:
        """What it printed, as text."""
        return self.out.decode("utf-8", "replace")

    @property
    def lines(self) -> list[str]:
        """Its lines: names can hold every other character that Python would end a line at."""
        return self.text.removesuffix("\n").split("\n") if self.out else []


class Git:
    """The git program of one running server."""

    def __init__(self, settings: Settings, inherited: Mapping[str, str]) -> None:
        """Find the program.

        Raises:
            SettingsError: there is none.
        """
        self.program = _found(settings.git, inherited.get("PATH", os.defpath))
        self.seconds = settings.timeout
        self._basis = basis(inherited, user_config=settings.user_config == "on")
        self._ready = lru_cache(_REMEMBERED)(self._prepared)

    async def run(
        self,
        where: Where,
        argv: Argv,
        *,
        take: Callable[[bytes], bool] | None = None,
        extra: Mapping[str, str] = OFFLINE,
        bounds: Bounds | None = None,
    ) -> Answer:
        """Run a command, whatever comes of it; `extra` are variables of this one."""
        environment = self._ready(where.pairs, where.ceiling) | dict(extra)
        directories = _directories(where)
        command = Command(
            argv=(self.program, *directories, *argv.words), env=environment, cwd=where.cwd, stdin=argv.stdin
        )
        done = await run(command, bounds or Bounds(seconds=self.seconds, stdout=MOST_OUTPUT), take=take)
        return Answer(done.code, done.stdout, done.stderr, done.cut)

    async def must(
        self,
        where: Where,
        argv: Argv,
        *,
        take: Callable[[bytes], bool] | None = None,
        extra: Mapping[str, str] = OFFLINE,
        bounds: Bounds | None = None,
    ) -> Answer:
        """Run a command that succeeds, or whose output we cut.

        Raises:
            ToolError: it failed.
        """
        answer = await self.run(where, argv, take=take, extra=extra, bounds=bounds)
        if answer.code:
            raise failure(argv.words[0], answer.err, where.allowed)
        return answer

    async def version(self) -> tuple[int, ...]:
        """The version of the program."""
        answer = await self.run(Where(cwd="/"), Argv("version"))
        numbers = answer.text.removeprefix("git version ").split(" ")[0].split(".")
        return tuple(int(number) for number in numbers[:3] if number.strip().isdigit())

    def _prepared(self, pairs: Sequence[Pair], ceiling: str | None) -> dict[str, str]:
        bound = {} if ceiling is None else {"GIT_CEILING_DIRECTORIES": ceiling}
        return self._basis | overriding(pairs) | bound


def _directories(where: Where) -> tuple[str, ...]:
    git_dir: tuple[LiteralString | str, ...] = () if where.git_dir is None else (f"--git-dir={where.git_dir}",)
    return git_dir if where.top is None else (*git_dir, f"--work-tree={where.top}")


def _found(given: Path | None, path: str) -> str:
    if given is not None:
        program = Path(given).absolute()
        if not os.access(program, os.X_OK) or program.is_dir():
            raise SettingsError(f"`--git` must name a program, got {given}.")
        return str(program)
    # Never from the working directory, which may be somebody's repository.
    absolute = os.pathsep.join(place for place in path.split(os.pathsep) if place.startswith("/"))
    found = shutil.which("git", path=absolute) if absolute else None
    if found is None:
        raise SettingsError("There is no git program on PATH; install git, or name it by `--git`.")
    return found
