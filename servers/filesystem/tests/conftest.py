"""A directory with a jail, rules and a journal round it, for tests of the blocking functions behind the tools."""

from collections.abc import Generator
from pathlib import Path

import pytest
from msgspec.structs import replace

from mcp_ref_filesystem.access.located import Located
from mcp_ref_filesystem.access.rules import Domain, Rules
from mcp_ref_filesystem.change.recording import Job
from mcp_ref_filesystem.history.journal import Journal
from mcp_ref_filesystem.settings import MIB, Settings
from mcp_ref_kit.paths import JailPath, Root, open_root
from mcp_ref_kit.workers import Stop


class Bench:
    """One allowed directory `path`, the sibling `outside`, and the journal."""

    def __init__(self, home: Path, settings: Settings) -> None:
        self.path = home / "R"
        self.outside = home / "R-evil"
        for directory in (self.path, self.outside):
            directory.mkdir(exist_ok=True)
        self.root: Root = open_root(self.path)
        domain = Domain(parts=self.root.real.parts[1:], read_only=False, folds=False)
        self.rules = Rules(settings, [domain])
        self.journal = Journal(home / "journal", most_bytes=10 * MIB, days=30)
        self.stop = Stop()
        self.job = Job(tool="test", journal=self.journal, fsync="off", stop=self.stop)

    def at(self, path: str) -> Located:
        """A path as a tool gets it."""
        return Located(lambda: self.root, JailPath.parse(path), self.rules, write=True)

    def without_history(self) -> Job:
        """A job whose changes are not recorded."""
        return replace(self.job, history=False)

    def names(self) -> list[str]:
        """Everything in the directory, the hidden drafts included."""
        return sorted(str(path.relative_to(self.path)) for path in self.path.rglob("*"))

    def close(self) -> None:
        """Let go of the handles."""
        self.journal.close()
        self.root.close()


@pytest.fixture
def bench(tmp_path: Path) -> Generator[Bench]:
    bench = Bench(tmp_path, Settings())
    yield bench
    bench.close()


@pytest.fixture
def strict_bench(tmp_path: Path) -> Generator[Bench]:
    """With rules of the operator: nothing under `secret`, and `fixed*` only to be read."""
    bench = Bench(tmp_path, Settings(deny=["secret/**"], deny_write=["fixed*"]))
    yield bench
    bench.close()
