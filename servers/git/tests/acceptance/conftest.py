"""Repositories as strangers make them, and the installed server in four lanes: both eras on both transports.

A lane's process is started once for each file and set of options; the repositories below it are new in each test, under
the same names. After every test the standing oracle holds: the server answers, no child of it is left, its descriptors
are what they were, and the repository is sound.
"""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from mcp_protocol.client import Client, Command
from mcp_protocol.types import CallToolResult, TextContent

SCRIPT = str(Path(sys.executable).with_name("mcp-ref-git"))
LISTENING = re.compile(rb"listening on (http://\S+)")
LANES = [f"{transport}, {era}" for transport in ("stdio", "http") for era in ("2025-11-25", "2026-07-28")]
OPERATOR = "[user]\n\tname = Operator\n\temail = operator@example.org\n"
PERSON = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
}
HOOKS = (
    *("applypatch-msg", "pre-applypatch", "post-applypatch", "pre-commit", "pre-merge-commit", "prepare-commit-msg"),
    *("commit-msg", "post-commit", "pre-rebase", "post-checkout", "post-merge", "pre-push", "pre-auto-gc"),
    *("post-rewrite", "post-index-change", "reference-transaction", "fsmonitor-watchman"),
)


class Repository:
    """A repository made by the git program, with nothing of the machine's own configuration in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)

    def git(self, *words: str, at: int | None = None, fails: bool = False, stdin: bytes | None = None) -> str:
        """What the program prints; `at` is the time of a commit in seconds."""
        when = {} if at is None else {"GIT_AUTHOR_DATE": f"{at} +0000", "GIT_COMMITTER_DATE": f"{at} +0000"}
        done = subprocess.run(
            ["git", "-c", "protocol.file.allow=always", *words],
            cwd=self.path,
            env={**os.environ, **PERSON, **when, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"},
            input=stdin,
            capture_output=True,
            check=False,
        )
        assert fails or done.returncode == 0, done.stderr.decode()
        return done.stdout.decode("utf-8", "surrogateescape")

    def init(self) -> "Repository":
        self.git("init", "--quiet", "--initial-branch=main", "--template=")
        return self

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape"))
        return path

    def commit(self, message: str, files: Mapping[str, str | bytes] | None = None, at: int | None = None) -> str:
        """Write the files, commit all; the id."""
        for name, text in (files or {}).items():
            self.write(name, text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message, at=at)
        return self.head

    @property
    def head(self) -> str:
        return self.git("rev-parse", "HEAD").strip()

    @property
    def branch(self) -> str:
        return self.git("branch", "--show-current").strip()

    def snapshot(self) -> dict[str, bytes]:
        """Every file with its bytes, `.git` among them."""
        return {
            str(path.relative_to(self.path)): path.read_bytes()
            for path in sorted(self.path.rglob("*"))
            if path.is_file() and not path.is_symlink()
        }

    def sound(self) -> bool:
        return "error" not in self.git("fsck", "--full", "--strict")


class Marker:
    """A file that a hostile program would create."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def left(self) -> bool:
        """Whether something ran."""
        return self.path.exists()

    def __str__(self) -> str:
        return str(self.path)


class Answer:
    """The result of one call."""

    def __init__(self, result: CallToolResult) -> None:
        self.result = result
        self.text = "\n".join(block.text for block in result.content if isinstance(block, TextContent))
        self.data: Any = result.structured_content
        self.failed = bool(result.is_error)
        self.code = self.text.partition(":")[0] if self.failed else None


class Process:
    """A running server as the system sees it."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.calm = 0
        """Descriptors when nothing is asked."""

    def children(self) -> int:
        """How many programs it runs."""
        return len(children_of(self.pid))

    def descriptors(self) -> int:
        """How many it holds, its connections aside."""
        return sum(not link.startswith("socket:") for link in self._links())

    def _links(self) -> Iterator[str]:
        for each in Path(f"/proc/{self.pid}/fd").iterdir():
            with suppress(FileNotFoundError):
                yield str(each.readlink())


class Served:
    """A client of the running server."""

    def __init__(self, client: Client, process: Process) -> None:
        self.client = client
        self.process = process

    async def call(self, tool: str, /, **arguments: Any) -> Answer:
        answer = Answer(await self.client.call_tool(tool, arguments))
        assert answer.failed or answer.data is not None, tool
        assert not (answer.failed and answer.data), "an error has no structured content"
        json.dumps(answer.data)
        return answer

    async def ok(self, tool: str, /, **arguments: Any) -> Any:
        answer = await self.call(tool, **arguments)
        assert not answer.failed, answer.text
        return answer.data

    async def refused(self, tool: str, /, **arguments: Any) -> Answer:
        answer = await self.call(tool, **arguments)
        assert answer.failed, answer.text
        return answer

    @property
    def busy(self) -> bool:
        """Whether a program or a descriptor of a call is left."""
        return self.process.children() > 0 or self.process.descriptors() > self.process.calm

    async def rests(self) -> None:
        """The standing oracle."""
        async with asyncio.timeout(5):
            while self.busy:  # noqa: ASYNC110  what ends in another process sets no event here
                await asyncio.sleep(0.01)
        began = time.monotonic()
        await self.client.ping()
        assert time.monotonic() - began < 1


class Lanes:
    """The servers that the tests of one file share."""

    def __init__(self, home: Path) -> None:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        self._env = {**clean, "HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1"}
        self._stack = AsyncExitStack()
        self._served: dict[tuple[str, ...], Served] = {}
        self._listening: dict[tuple[str, ...], tuple[str, Process]] = {}

    async def served(self, lane: str, options: tuple[str, ...]) -> Served:
        """The client of a lane of a server with these options."""
        key = (lane, *options)
        if key not in self._served:
            transport, revision = lane.split(", ")
            opened = self._over_pipes if transport == "stdio" else self._over_http
            self._served[key] = served = await self._kept(opened(revision, options))
            await served.call("git_repositories")  # what is opened with the first call is no leak
            served.process.calm = served.process.descriptors()
        return self._served[key]

    async def close(self) -> None:
        """End all servers."""
        await self._stack.aclose()

    async def _kept(self, opened: AbstractAsyncContextManager[Any]) -> Any:
        """What a context manager gives; it is entered and left in a task of its own, whichever task asks."""
        loop = asyncio.get_running_loop()
        given: asyncio.Future[Any] = loop.create_future()
        over = asyncio.Event()

        async def keep() -> None:
            try:
                async with opened as value:
                    given.set_result(value)
                    await over.wait()
            except Exception as error:  # the test that waits is told
                if given.done():
                    raise
                given.set_exception(error)

        task = loop.create_task(keep())

        async def leave() -> None:
            over.set()
            await task

        self._stack.push_async_callback(leave)
        return await given

    @asynccontextmanager
    async def _over_pipes(self, revision: str, options: tuple[str, ...]) -> AsyncGenerator[Served]:
        before = set(children_of(os.getpid()))
        async with Client(Command([SCRIPT, *options], env=self._env, stderr="keep"), revision=revision) as client:
            (pid,) = set(children_of(os.getpid())) - before
            yield Served(client, Process(pid))

    @asynccontextmanager
    async def _over_http(self, revision: str, options: tuple[str, ...]) -> AsyncGenerator[Served]:
        if options not in self._listening:
            self._listening[options] = await self._kept(self._process(options))
        url, process = self._listening[options]
        async with Client(url, revision=revision) as client:
            yield Served(client, process)

    @asynccontextmanager
    async def _process(self, options: tuple[str, ...]) -> AsyncGenerator[tuple[str, Process]]:
        """One process for clients of both eras."""
        words = (*options, "--transport", "http", "--port", "0")
        started = await asyncio.create_subprocess_exec(SCRIPT, *words, stderr=PIPE, env=self._env)
        assert started.stderr is not None
        try:
            async with asyncio.timeout(20):
                while not (found := LISTENING.search(await started.stderr.readline())):
                    assert started.returncode is None
            yield found[1].decode(), Process(started.pid)
        finally:
            started.terminate()
            await started.communicate()
            assert started.returncode == 0


def children_of(pid: int) -> list[int]:
    """The processes that a process has started."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


@pytest.fixture(params=LANES)
def lane(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the tests of a file have in common: the operator's home, the prepared repository, the place of each test."""
    place = tmp_path_factory.mktemp("stage")
    for name in ("home", "place"):
        (place / name).mkdir()
    (place / "home" / ".gitconfig").write_text(OPERATOR)
    made = Repository(place / "prepared").init()
    made.commit("First\n\nWhy: to begin", {"a.txt": "one\n", "sub/b.txt": "two\n"}, at=1_700_000_000)
    made.git("tag", "-a", "v1", "-m", "Version 1")
    made.git("branch", "other")
    made.commit("Second", {"a.txt": "one\nmore\n"}, at=1_700_000_100)
    return place


@pytest.fixture
def tmp_path(stage: Path) -> Path:
    """The place of a test: always the same one, as the servers were started for it, and empty."""
    for left in (stage / "place").iterdir():
        left.unlink() if left.is_symlink() or not left.is_dir() else shutil.rmtree(left)
    return stage / "place"


@pytest.fixture
def home(stage: Path) -> Generator[Path]:
    """The operator's home, for a test that changes the configuration there."""
    yield stage / "home"
    (stage / "home" / ".gitconfig").write_text(OPERATOR)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lanes(stage: Path) -> AsyncGenerator[Lanes]:
    opened = Lanes(stage / "home")
    try:
        yield opened
    finally:
        await opened.close()


Serve = Callable[..., AbstractAsyncContextManager[Served]]


@pytest.fixture
def serve(lanes: Lanes, lane: str) -> Serve:
    """A client of the server with these arguments: `async with serve("-r", path) as git`."""

    @asynccontextmanager
    async def launched(*arguments: str | Path) -> AsyncGenerator[Served]:
        served = await lanes.served(lane, tuple(map(str, arguments)))
        yield served
        await served.rests()

    return launched


@pytest.fixture
def repository(stage: Path, tmp_path: Path) -> Generator[Repository]:
    """Two commits, two branches, one tag, a clean work tree."""
    shutil.copytree(stage / "prepared", tmp_path / "repository", symlinks=True)
    made = Repository(tmp_path / "repository")
    yield made
    assert made.sound()


@pytest.fixture
def another(tmp_path: Path) -> Callable[[str | Path], Repository]:
    """An empty folder for one more repository, by its name or path."""
    return lambda name: Repository(tmp_path / name)


@pytest.fixture
def marker(tmp_path: Path) -> Marker:
    return Marker(tmp_path / "marker")


@pytest.fixture
def program(tmp_path: Path, marker: Marker) -> str:
    """A program that leaves the marker, and else does what a filter or an editor would."""
    path = tmp_path / "program"
    path.write_text(f'#!/bin/sh\ntouch "{marker}"\ncat 2>/dev/null\nexit 0\n')
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def hostile(repository: Repository, program: str) -> Repository:
    """Every key of a repository's own configuration that names a program, every hook, and changes to look at."""
    keys = (
        *("core.fsmonitor", "core.sshCommand", "core.askPass", "core.editor", "core.pager", "sequence.editor"),
        *("diff.external", "diff.evil.textconv", "diff.evil.command", "interactive.diffFilter"),
        *("filter.evil.clean", "filter.evil.smudge", "filter.evil.process"),
        *("merge.evil.driver", "gpg.program", "gpg.ssh.program", "credential.helper", "pager.log", "pager.diff"),
        *("core.alternateRefsCommand", "trailer.x.command", "trailer.x.cmd", "uploadpack.packObjectsHook"),
        *("hook.evil.command", "difftool.x.cmd", "mergetool.x.cmd", "man.x.cmd", "browser.x.cmd"),
    )
    text = "".join(entry(key, program) for key in keys) + entry("hook.evil.event", "pre-commit")
    text += "".join(entry(f"alias.{alias}", f"!{program}") for alias in ("status", "log", "diff", "st"))
    with (repository.path / ".git" / "config").open("a") as config:
        config.write(text + entry("commit.gpgSign", "false"))
    attributes = "*.txt diff=evil merge=evil\n*.bin filter=evil\n"
    (repository.path / ".git" / "info").mkdir(exist_ok=True)
    (repository.path / ".git" / "info" / "attributes").write_text(attributes)
    hooks = repository.path / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for hook in HOOKS:
        (hooks / hook).write_bytes(Path(program).read_bytes())
        (hooks / hook).chmod(0o755)
    repository.write("a.txt", "one\nmore\nchanged\n")
    repository.write("new.bin", b"data\n")
    return repository


def entry(key: str, value: str) -> str:
    """A key and its value, as they stand in a file."""
    section, _, rest = key.partition(".")
    middle, dot, last = rest.rpartition(".")
    return f'[{section} "{middle}"]\n\t{last} = {value}\n' if dot else f"[{section}]\n\t{last} = {value}\n"
