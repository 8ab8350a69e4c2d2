"""Repositories made on the spot, and a client of the server that serves them."""

import atexit
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from mcp_protocol.testing import CallResult, Connection, connect
from mcp_ref_git import Settings, server

# Of the tests' own git commands: nothing of this machine's configuration, a fixed identity and time.
ENV = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "LC_ALL": "C.UTF-8",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
}


@cache
def prepared(options: tuple[str, ...]) -> Path:
    """An empty repository to be copied, which costs less than three programs."""
    place = Path(tempfile.mkdtemp(prefix="mcp-ref-git-prepared-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    words = ["git", "init", "--quiet", "--initial-branch=main", "--template=", *options, str(place)]
    subprocess.run(words, env=ENV, check=True, timeout=30)
    if "--bare" not in options:
        (place / ".git" / "info").mkdir()
        with (place / ".git" / "config").open("a") as config:
            config.write("[user]\n\tname = Ada\n\temail = ada@example.org\n")
    return place


class Repo:
    """A repository, and git as its owner uses it."""

    def __init__(self, path: Path, *options: str) -> None:
        self.path = path
        self.env = dict(ENV)
        self._clock = 1_700_000_000
        shutil.copytree(prepared(options), path, dirs_exist_ok=True)

    @property
    def dot_git(self) -> Path:
        """Its git directory."""
        return self.path / ".git" if (self.path / ".git").exists() else self.path

    def git(self, *arguments: str | bytes, check: bool = True, stdin: bytes | None = None) -> str:
        """What a git command prints."""
        done = subprocess.run(
            ["git", *arguments], cwd=self.path, env=self.env, input=stdin, capture_output=True, check=False, timeout=30
        )
        if check and done.returncode:
            raise AssertionError(f"git {arguments!r}: {done.stderr.decode(errors='replace')}")
        return done.stdout.decode("utf-8", "surrogateescape").rstrip("\n")

    def write(self, name: str, text: str | bytes = "x\n") -> Path:
        """Write a file."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape"))
        return path

    def commit(self, message: str = "a change", **files: str | bytes) -> str:
        """Write files (`__` in a name is a dot), stage all and commit; the id. Each commit is a minute later."""
        for name, text in files.items():
            self.write(name.replace("__", "."), text)
        self._clock += 60
        for role in ("AUTHOR", "COMMITTER"):
            self.env[f"GIT_{role}_DATE"] = f"{self._clock} +0000"
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--no-verify", "--message", message)
        return self.head

    @property
    def head(self) -> str:
        """The id of HEAD."""
        head = (self.dot_git / "HEAD").read_text().strip()
        ref = self.dot_git / head.removeprefix("ref: ")
        return ref.read_text().strip() if head.startswith("ref: ") and ref.exists() else self.git("rev-parse", "HEAD")

    def is_sound(self) -> bool:
        """Whether fsck finds nothing wrong."""
        return "error" not in self.git("fsck", "--no-dangling")


class Desk:
    """A client of a running server; what comes back fits the schema that was listed."""

    def __init__(self, connection: Connection, schemas: Mapping[str, Any]) -> None:
        self.connection = connection
        self._schemas = schemas

    async def call(self, tool: str, /, **arguments: Any) -> CallResult:
        """A call, whatever comes of it."""
        result = await self.connection.call(tool, **arguments)
        if result.data is not None:
            judge: Any = Draft202012Validator(self._schemas[tool])
            judge.validate(result.data)
        assert result.is_error == (result.data is None)
        return result

    async def ok(self, tool: str, /, **arguments: Any) -> Any:
        """The data of a call that works."""
        result = await self.call(tool, **arguments)
        assert not result.is_error, result.text
        return result.data

    async def refused(self, tool: str, /, **arguments: Any) -> str:
        """The code of a call that does not."""
        result = await self.call(tool, **arguments)
        assert result.error_code is not None, result.text
        return result.error_code


def settings_for(*repos: Repo, **fields: Any) -> Settings:
    """Settings that allow these repositories."""
    given: dict[str, Any] = {"repository": [str(repo.path) for repo in repos], "user_config": "off"}
    return Settings(**given | fields)


@asynccontextmanager
async def desk_of(settings: Settings, revision: str = "2026-07-28", **more: Any) -> AsyncGenerator[Desk]:
    """A client with every tool that there is."""
    async with connect(server, settings, revision=revision, **more) as connection:
        tools = await connection.list("tools")
        yield Desk(connection, {tool["name"]: tool.get("outputSchema", {}) for tool in tools})


OpenDesk = Callable[..., AbstractAsyncContextManager[Desk]]


@pytest.fixture(scope="session")
def repo_type() -> type[Repo]:
    """For a fixture that makes repositories of its own."""
    return Repo


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """An empty repository."""
    return Repo(tmp_path / "repo")


@pytest.fixture
def make_repo(tmp_path: Path) -> Callable[..., Repo]:
    """Makes further ones."""

    def made(name: str, *options: Any) -> Repo:
        return Repo(tmp_path / name, *options)

    return made


@pytest.fixture
def desk() -> OpenDesk:
    """`async with desk(repo, mode="admin") as at:` for a client of a server of some repositories."""

    def opened(*repos: Repo, revision: str = "2026-07-28", **fields: Any) -> AbstractAsyncContextManager[Desk]:
        return desk_of(settings_for(*repos, **fields), revision)

    return opened
