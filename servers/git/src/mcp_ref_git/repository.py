"""A repository for the length of one call: its commands, revisions and paths."""

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal, TypeVar

from msgspec import Struct

from mcp_protocol.errors import ToolError
from mcp_ref_git.access.repositories import Repository
from mcp_ref_git.errors import BadArgument, BadRevision
from mcp_ref_git.program.argv import Argv
from mcp_ref_git.program.environment import OFFLINE
from mcp_ref_git.program.failures import failure
from mcp_ref_git.program.redaction import named
from mcp_ref_git.program.runner import Answer, Git
from mcp_ref_git.program.words import ObjectId, RepoPath, Rev
from mcp_ref_git.settings import Settings
from mcp_ref_kit.processes import Bounds
from mcp_ref_kit.workers import Workers

Kind = Literal["commit", "tree", "blob", "tag"]
_FIELDS = 3
# A longer answer takes its parser more than some milliseconds, for which no other call should have to wait.
_SHORT_BYTES = 64 * 1024

Parsed = TypeVar("Parsed")


class Thing(Struct, frozen=True):
    """An object that a revision names."""

    id: ObjectId
    kind: Kind
    size: int


class Opened:
    """One repository in one call, under its lock."""

    __slots__ = ("_git", "repository", "settings", "workers")

    def __init__(self, git: Git, workers: Workers, settings: Settings, repository: Repository) -> None:
        self._git = git
        self.workers = workers
        self.settings = settings
        self.repository = repository

    @property
    def git_dir(self) -> Path:
        """Where HEAD and the index are."""
        return self.repository.found.git_dir

    @property
    def top(self) -> Path:
        """The top level of the work tree; an error for a bare repository."""
        return self.repository.top

    @property
    def is_bare(self) -> bool:
        """Whether there is no work tree."""
        return self.repository.found.top is None

    def of(self, repository: Repository) -> "Opened":
        """The same with other overrides."""
        return Opened(self._git, self.workers, self.settings, repository)

    async def git(
        self,
        argv: Argv,
        *,
        take: Callable[[bytes], bool] | None = None,
        extra: Mapping[str, str] = OFFLINE,
        bounds: Bounds | None = None,
    ) -> Answer:
        """Run a command that must succeed.

        Raises:
            ToolError: it failed.
        """
        answer = await self.attempt(argv, take=take, extra=extra, bounds=bounds)
        if answer.code:
            raise self.failed(argv.words[0], answer)
        if answer.cut and take is None and bounds is None:
            raise ToolError(
                "The answer of git is too long to be read whole.",
                code="too_large",
                hint="Ask for some paths at a time.",
            )
        return answer

    async def attempt(
        self,
        argv: Argv,
        *,
        take: Callable[[bytes], bool] | None = None,
        extra: Mapping[str, str] = OFFLINE,
        bounds: Bounds | None = None,
    ) -> Answer:
        """Run a command whose failure means something."""
        return await self._git.run(self.repository.where, argv, take=take, extra=extra, bounds=bounds)

    async def parsed(self, parser: Callable[[bytes], Parsed], answer: Answer) -> Parsed:
        """What a parser makes of an answer; of a long one, on a worker."""
        if len(answer.out) <= _SHORT_BYTES:
            return parser(answer.out)
        return await self.workers.run(parser, answer.out)

    def failed(self, command: str, answer: Answer) -> ToolError:
        """The tool error for an attempt that failed; a lock of somebody else is told with its age, and left."""
        said = answer.err if answer.err.strip() else answer.out
        error = failure(command, said, self.repository.where.allowed)
        age = _age(self.git_dir / "index.lock") if error.code == "busy" else None
        if age is None:
            return error
        sentence = f"Another git program holds `index.lock`, since {age} s; it is left alone."
        return ToolError(sentence, code="busy", hint="Try again when it has ended.", retryable=True)

    async def things(self, revisions: Sequence[str]) -> list[Thing | None]:
        """What some revisions name, in one go; None for those that name nothing. They have passed `Rev`."""
        feeding = "".join(f"{one}\n" for one in revisions).encode("utf-8", "surrogateescape")
        asking = Argv("cat-file", "--batch-check").feed(feeding)
        answer = await self.git(asking)
        return [_thing(line) for line in answer.lines]

    async def inside(self, commit: ObjectId, path: RepoPath) -> Thing | None:
        """What a commit has at a path."""
        if "\n" not in path.text:  # which would end the question
            return (await self.things([f"{commit.text}:{'' if path.text == '.' else path.text}"]))[0]
        argv = Argv("ls-tree", "-z", "--long", "--full-tree").put(commit).paths([path])
        facts = (await self.git(argv)).text.partition("\t")[0].split()
        return _thing(f"{facts[2]} {facts[1]} {facts[3].replace('-', '0')}") if facts else None

    async def commit(self, revision: str, argument: str = "revision") -> ObjectId:
        """The full id of the commit that a caller's text names.

        Raises:
            BadRevision: it names none.
        """
        return (await self.commits([revision], argument))[0]

    async def commits(self, revisions: Sequence[str], argument: str = "revision") -> list[ObjectId]:
        """The same for several, in one go."""
        asked = [f"{Rev.of(revision, argument).text}^{{commit}}" for revision in revisions]
        found: list[ObjectId] = []
        for revision, thing in zip(revisions, await self.things(asked), strict=True):
            if thing is None:
                raise _unknown(revision, "commit")
            found.append(thing.id)
        return found

    async def tree(self, revision: str) -> ObjectId:
        """The id of the tree that a caller's text names, or that its commit has."""
        (thing,) = await self.things([f"{Rev.of(revision).text}^{{tree}}"])
        if thing is None:
            raise _unknown(revision, "tree")
        return thing.id

    async def head(self) -> ObjectId | None:
        """The commit that HEAD is at; None before the first."""
        (thing,) = await self.things(["HEAD^{commit}"])
        return None if thing is None else thing.id

    async def path(self, text: str) -> RepoPath:
        """A caller's path.

        Raises:
            BadArgument: it is none, or leads through a link out of the work tree.
        """
        return (await self.paths([text]))[0]

    async def paths(self, texts: Iterable[str]) -> list[RepoPath]:
        """The same for several."""
        read = [RepoPath.of(text) for text in texts]
        if not read or self.is_bare:
            return read
        return await self.workers.run(_judged, self.top, read)


def _age(path: Path) -> int | None:
    try:
        return int(time.time() - path.lstat().st_mtime)
    except OSError:
        return None  # it went meanwhile, or it was another lock


def _judged(top: Path, paths: list[RepoPath]) -> list[RepoPath]:
    return [_inside(top, path) for path in paths]


def _inside(top: Path, path: RepoPath) -> RepoPath:
    other = path.other
    if other is not None and not os.path.lexists(top / path.text):
        path = other
    parent = os.path.realpath((top / path.text).parent) if path.text != "." else str(top)
    if parent != str(top) and not parent.startswith(f"{top}/"):
        raise BadArgument(f"`{named(path.text)}` leads through a link out of the repository.")
    return path


def _thing(line: str) -> Thing | None:
    fields = line.rsplit(" ", _FIELDS - 1)
    if len(fields) != _FIELDS or not fields[2].isdecimal():
        return None
    kind = fields[1]
    if kind not in ("commit", "tree", "blob", "tag"):
        return None
    return Thing(ObjectId.of(fields[0]), kind, int(fields[2]))


def _unknown(revision: str, what: str) -> BadRevision:
    if revision == "HEAD":
        return BadRevision("The repository has no commit yet.")
    hint = "Call git_branch or git_log for what there is."
    return BadRevision(f"`{named(revision)}` names no {what} of this repository.", hint=hint)
