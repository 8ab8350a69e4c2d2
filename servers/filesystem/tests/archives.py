"""Makes archives, honest ones and others, and unpacks them with the blocking functions behind the tools."""

import io
import os
import tarfile
import zipfile
from typing import Any

import pytest

from mcp_protocol.errors import ToolError
from mcp_ref_filesystem.archives.containers import list_members
from mcp_ref_filesystem.archives.extracting import Extracted, Wanted, extract
from mcp_ref_filesystem.archives.members import ArchiveEntry
from mcp_ref_filesystem.archives.packing import Packed, pack
from mcp_ref_filesystem.search.match import Globs

Bench = Any


def extracted(bench: Bench, path: str, to: str = "out", *include: str, overwrite: bool = False) -> Extracted:
    wanted = Wanted(include=Globs(include, floating=True), overwrite=overwrite)
    return extract(bench.job, bench.at(path), bench.at(to), wanted)


def packed(bench: Bench, to: str, *paths: str, exclude: tuple[str, ...] = ()) -> Packed:
    sources = [bench.at(path) for path in paths]
    return pack(bench.job, sources, bench.at(to), Globs(exclude, floating=True), max_depth=64)


def members(bench: Bench, path: str) -> list[ArchiveEntry]:
    return list_members(bench.stop, bench.at(path), 0, 100_000)


def refusal(bench: Bench, path: str, to: str = "out", **more: Any) -> str:
    before = bench.names()
    with pytest.raises(ToolError) as error:
        extracted(bench, path, to, **more)
    assert bench.names() == before
    assert list(bench.outside.iterdir()) == []
    return error.value.code


def grove(bench: Bench) -> None:
    (bench.path / "d/e").mkdir(parents=True)
    (bench.path / "d/a").write_bytes(b"\x00\xffa" * 1000)
    (bench.path / "d/e/run").write_bytes(b"#!")
    (bench.path / "d/e/run").chmod(0o755)
    (bench.path / "d/e/\udcff").write_bytes(b"odd")
    (bench.path / "d/empty").mkdir()
    os.utime(bench.path / "d/a", ns=(0, 1_600_000_000_000_000_000))


def zipped(bench: Bench, *entries: tuple[str | zipfile.ZipInfo, bytes]) -> str:
    with zipfile.ZipFile(bench.path / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return "x.zip"


def tarred(bench: Bench, *infos: tarfile.TarInfo, mode: Any = "w") -> str:
    with tarfile.open(bench.path / "x.tar", mode) as archive:
        for info in infos:
            archive.addfile(info, io.BytesIO(b"x" * info.size))
    return "x.tar"


def tar_member(name: str, kind: bytes = tarfile.REGTYPE, size: int = 0, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname = kind, size, link
    return info
