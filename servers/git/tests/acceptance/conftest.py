"""Repositories as strangers make them, and the installed server launched over them as a host does."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from mcp_protocol.client import Client, Command
from mcp_protocol.types import CallToolResult, TextContent

SCRIPT = str(Path(sys.executable).with_name("mcp-ref-git"))
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
        self.git("init", "--quiet", "--initial-branch=main")
        return self

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
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


class Served:
    """A client of the running server."""

    def __init__(self, client: Client) -> None:
        self.client = client

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


Serve = Callable[..., AbstractAsyncContextManager[Served]]


@pytest.fixture(params=["2025-11-25", "2026-07-28"])
def revision(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def serve(tmp_path: Path) -> Serve:
    """Launch the server with these arguments: `async with serve("-r", path) as git`."""
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text("[user]\n\tname = Operator\n\temail = operator@example.org\n")

    @asynccontextmanager
    async def launched(*arguments: str | Path, revision: str = "2026-07-28", **env: str) -> AsyncGenerator[Served]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        environment = {**clean, "HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1", **env}
        command = Command([SCRIPT, *map(str, arguments)], env=environment, stderr="keep")
        async with Client(command, revision=revision) as client:
            yield Served(client)

    return launched


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Two commits, two branches, one tag, a clean work tree."""
    made = Repository(tmp_path / "repository").init()
    made.commit("First\n\nWhy: to begin", {"a.txt": "one\n", "sub/b.txt": "two\n"}, at=1_700_000_000)
    made.git("tag", "-a", "v1", "-m", "Version 1")
    made.git("branch", "other")
    made.commit("Second", {"a.txt": "one\nmore\n"}, at=1_700_000_100)
    return made


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
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
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
    for key in keys:
        repository.git("config", "--local", key, program)
    for alias in ("status", "log", "diff", "st"):
        repository.git("config", "--local", f"alias.{alias}", f"!{program}")
    repository.git("config", "--local", "--add", "hook.evil.event", "pre-commit")
    repository.git("config", "--local", "commit.gpgSign", "false")
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
