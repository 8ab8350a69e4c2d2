"""A directory with a jail, rules and a journal round it, for tests of the blocking functions behind the tools."""

import io
import os
import tarfile
import zipfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from mcp_protocol.errors import ToolError
from mcp_ref_filesystem.access.located import Located
from mcp_ref_filesystem.access.rules import Domain, Rules
from mcp_ref_filesystem.archives.containers import list_members
from mcp_ref_filesystem.archives.extracting import Extracted, Wanted, extract
from mcp_ref_filesystem.archives.members import ArchiveEntry
from mcp_ref_filesystem.archives.packing import Packed, pack
from mcp_ref_filesystem.change.recording import Job
from mcp_ref_filesystem.history.journal import Journal
from mcp_ref_filesystem.search.match import Globs
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

    def extracted(self, path: str, to: str = "out", *include: str, overwrite: bool = False) -> Extracted:
        """Unpack an archive by the function behind the tool."""
        wanted = Wanted(include=Globs(include, floating=True), overwrite=overwrite)
        return extract(self.job, self.at(path), self.at(to), wanted)

    def packed(self, to: str, *paths: str, exclude: tuple[str, ...] = ()) -> Packed:
        """Pack paths into an archive."""
        sources = [self.at(path) for path in paths]
        return pack(self.job, sources, self.at(to), Globs(exclude, floating=True), max_depth=64)

    def members(self, path: str) -> list[ArchiveEntry]:
        """What an archive holds."""
        return list_members(self.stop, self.at(path), 0, 100_000)

    def refusal(self, path: str, to: str = "out", **more: Any) -> str:
        """The code with which unpacking is refused; nothing has changed then."""
        before = self.names()
        with pytest.raises(ToolError) as error:
            self.extracted(path, to, **more)
        assert self.names() == before
        assert list(self.outside.iterdir()) == []
        return error.value.code

    def grove(self) -> None:
        """A small tree with odd names, modes and times."""
        (self.path / "d/e").mkdir(parents=True)
        (self.path / "d/a").write_bytes(b"\x00\xffa" * 1000)
        (self.path / "d/e/run").write_bytes(b"#!")
        (self.path / "d/e/run").chmod(0o755)
        (self.path / "d/e/\udcff").write_bytes(b"odd")
        (self.path / "d/empty").mkdir()
        os.utime(self.path / "d/a", ns=(0, 1_600_000_000_000_000_000))

    def zipped(self, *entries: tuple[str | zipfile.ZipInfo, bytes]) -> str:
        """Write x.zip."""
        with zipfile.ZipFile(self.path / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in entries:
                archive.writestr(name, data)
        return "x.zip"

    def tarred(self, *infos: tarfile.TarInfo, mode: Any = "w") -> str:
        """Write x.tar."""
        with tarfile.open(self.path / "x.tar", mode) as archive:
            for info in infos:
                archive.addfile(info, io.BytesIO(b"x" * info.size))
        return "x.tar"

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
