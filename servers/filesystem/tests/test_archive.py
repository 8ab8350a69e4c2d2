"""Archives: what goes in comes out, and nothing else is touched."""

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from mcp_protocol.errors import ToolError
from mcp_protocol.testing import connect
from mcp_ref_filesystem.access.places import Place
from mcp_ref_filesystem.access.reach import Reach
from mcp_ref_filesystem.history.scene import Scene
from mcp_ref_filesystem.server import server
from mcp_ref_filesystem.settings import Settings
from mcp_ref_filesystem.tools.history import chosen, take_back

Bench = Any
FORMATS = [".zip", ".tar", ".tar.gz", ".tgz", ".tar.xz"]


@pytest.mark.parametrize("ending", FORMATS)
def test_what_goes_in_comes_out(bench: Bench, ending: str) -> None:
    if ending == ".zip":
        bench.grove()
        (bench.path / "d/e/\udcff").unlink()  # a zip holds Unicode names only
    else:
        bench.grove()
    done = bench.packed(f"x{ending}", "d")
    out = bench.extracted(f"x{ending}")
    assert (done.denied, done.skipped, out.files) == (0, 0, done.files)
    before, after = bench.path / "d", bench.path / "out/d"
    for path in sorted(before.rglob("*")):
        twin = after / path.relative_to(before)
        assert twin.is_dir() == path.is_dir()
        if path.is_file():
            assert twin.read_bytes() == path.read_bytes()
            assert stat.S_IMODE(twin.stat().st_mode) == stat.S_IMODE(path.stat().st_mode)
            assert abs(twin.stat().st_mtime - path.stat().st_mtime) <= 2
    assert len(list(after.rglob("*"))) == len(list(before.rglob("*")))


@pytest.mark.parametrize("ending", FORMATS)
def test_members_are_listed(bench: Bench, ending: str) -> None:
    (bench.path / "a").write_bytes(b"abc")
    bench.packed(f"x{ending}", "a")
    (entry,) = bench.members(f"x{ending}")
    assert (entry.name, entry.type, entry.size) == ("a", "file", 3)


def test_links_special_denied_and_excluded_things_are_left_out(strict_bench: Bench) -> None:
    bench = strict_bench
    for name in ("d/secret", "secret"):
        (bench.path / name).mkdir(parents=True)
        (bench.path / name / "s").write_bytes(b"secret")
    (bench.path / "d/a").write_bytes(b"a")
    (bench.path / "d/b.log").write_bytes(b"b")
    (bench.path / "d/link").symlink_to("../secret/s")
    os.mkfifo(bench.path / "d/pipe")
    done = bench.packed("x.zip", ".", exclude=("*.log",))
    assert (done.files, done.denied, done.skipped) == (2, 1, 2)
    assert [entry.name for entry in bench.members("x.zip") if entry.type == "file"] == ["d/secret/s", "d/a"]


def test_an_existing_archive_is_not_replaced(bench: Bench) -> None:
    (bench.path / "x.zip").write_bytes(b"mine")
    with pytest.raises(ToolError) as error:
        bench.packed("x.zip", "x.zip")
    assert error.value.code == "already_exists"
    with pytest.raises(ToolError) as error:
        bench.packed("x.rar", "x.zip")
    assert error.value.code == "invalid_argument"


def test_a_name_that_a_zip_cannot_hold_is_refused(bench: Bench) -> None:
    bench.grove()
    with pytest.raises(ToolError) as error:
        bench.packed("x.zip", "d")
    assert error.value.code == "encoding"
    assert not (bench.path / "x.zip").exists()


def test_only_some_members_are_extracted(bench: Bench) -> None:
    path = bench.zipped(("a.txt", b"a"), ("d/b.txt", b"b"), ("d/c.py", b"c"))
    assert bench.extracted(path, "out", "*.txt").files == 2
    assert [name for name in bench.names() if name.startswith("out/")] == ["out/a.txt", "out/d", "out/d/b.txt"]


def test_extracting_joins_what_is_there_and_replaces_nothing_unasked(bench: Bench) -> None:
    path = bench.zipped(("d/a", b"new"), ("d/b", b"b"), ("e/f/g", b"g"))
    (bench.path / "out/d").mkdir(parents=True)
    (bench.path / "out/d/a").write_bytes(b"mine")
    assert bench.refusal(path) == "already_exists"
    bench.extracted(path, overwrite=True)
    assert (bench.path / "out/d/a").read_bytes() == b"new"
    assert (bench.path / "out/e/f/g").read_bytes() == b"g"
    reach = Reach((Place(bench.path, bench.root.real, lambda: bench.root, read_only=False),), bench.rules)
    take_back(bench.job, chosen(bench.journal, reach, None), Scene(reach.at))
    assert (bench.path / "out/d/a").read_bytes() == b"mine"
    assert [name for name in bench.names() if name.startswith("out")] == ["out", "out/d", "out/d/a"]


def test_a_directory_never_takes_the_place_of_a_file(bench: Bench) -> None:
    path = bench.zipped(("a/b", b""))
    (bench.path / "out").mkdir()
    (bench.path / "out/a").write_bytes(b"mine")
    assert bench.refusal(path, overwrite=True) == "already_exists"
    (bench.path / "file").write_bytes(b"")
    assert bench.refusal(path, "file") == "not_a_directory"


async def test_through_the_protocol(tmp_path: Path) -> None:
    root = tmp_path / "R"
    (root / "d").mkdir(parents=True)
    for name in "abc":
        (root / "d" / name).write_text(name)
    async with connect(server, Settings(dirs=[str(root)], history_dir=tmp_path / "J")) as client:
        made = await client.call("create_archive", paths=["d"], destination="x.tar.gz")
        assert (made.text, made.data["files"]) == ("Successfully packed 3 files into x.tar.gz", 3)
        page = await client.call("list_archive", path="x.tar.gz", limit=3)
        rest = await client.call("list_archive", path="x.tar.gz", limit=3, cursor=page.data["nextCursor"])
        names = [entry["name"] for entry in page.data["entries"] + rest.data["entries"]]
        assert names == ["d", "d/a", "d/b", "d/c"]
        done = await client.call("extract_archive", path="x.tar.gz", destination="out/here")
        assert done.data["files"] == 3
        assert (root / "out/here/d/b").read_text() == "b"
        assert not (await client.call("undo_change")).is_error
        assert not (root / "out").exists()
