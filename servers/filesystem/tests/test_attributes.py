"""set_file_mode and set_file_times: the thing itself, only permission bits, and back again by undo."""

import stat
from pathlib import Path
from typing import Any

import pytest

from mcp_protocol.errors import ToolError
from mcp_protocol.testing import connect
from mcp_ref_filesystem.server import server
from mcp_ref_filesystem.settings import Settings
from mcp_ref_filesystem.tools.attributes import Wanted, nanoseconds, set_attributes

Bench = Any


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_set_id_and_sticky_bits_are_never_set(bench: Bench) -> None:
    path = bench.path / "a"
    path.write_bytes(b"")
    path.chmod(0o4711)
    done = set_attributes(bench.job, bench.at("a"), Wanted(mode=0o7755))
    assert (mode(path), done.mode) == (0o755, "0755")


def test_times_are_set_to_the_microsecond(bench: Bench) -> None:
    path = bench.path / "a"
    path.write_bytes(b"")
    before = path.stat().st_atime_ns
    set_attributes(bench.job, bench.at("a"), Wanted(mtime_ns=nanoseconds("mtime", "2001-02-03T04:05:06.789012Z")))
    assert path.stat().st_mtime_ns == 981_173_106_789_012_000
    assert path.stat().st_atime_ns == before


def test_directories_have_attributes_too(bench: Bench) -> None:
    (bench.path / "d").mkdir()
    done = set_attributes(bench.job, bench.at("d"), Wanted(mode=0o700))
    assert (done.type, mode(bench.path / "d")) == ("directory", 0o700)


def test_the_target_of_a_link_is_meant(bench: Bench) -> None:
    (bench.path / "a").write_bytes(b"")
    (bench.path / "link").symlink_to("a")
    (bench.path / "out").symlink_to(bench.outside)
    set_attributes(bench.job, bench.at("link"), Wanted(mode=0o600))
    assert mode(bench.path / "a") == 0o600
    before = mode(bench.outside)
    with pytest.raises(ToolError) as error:
        set_attributes(bench.job, bench.at("out"), Wanted(mode=0o700))
    assert error.value.code == "denied_outside_root"
    assert mode(bench.outside) == before


def test_rules_and_the_directory_itself(strict_bench: Bench) -> None:
    (strict_bench.path / "fixed").write_bytes(b"")
    for path in ("fixed", "."):
        with pytest.raises(ToolError) as error:
            set_attributes(strict_bench.job, strict_bench.at(path), Wanted(mode=0o700))
        assert error.value.code == "denied_policy"


def test_what_is_so_already_is_no_change(bench: Bench) -> None:
    (bench.path / "a").write_bytes(b"")
    (bench.path / "a").chmod(0o640)
    assert set_attributes(bench.job, bench.at("a"), Wanted(mode=0o640)).change_id is None


@pytest.mark.parametrize("text", ["yesterday", "2001-13-01", "", "9" * 50])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ToolError) as error:
        nanoseconds("mtime", text)
    assert error.value.code == "invalid_argument"


def test_a_time_without_offset_is_utc() -> None:
    assert nanoseconds("mtime", "1970-01-02") == 86_400_000_000_000
    assert nanoseconds("mtime", "1970-01-01T02:00:00+02:00") == 0


async def test_through_the_protocol_and_back(tmp_path: Path) -> None:
    root = tmp_path / "R"
    root.mkdir()
    path = root / "a"
    path.write_bytes(b"")
    path.chmod(0o644)
    before = path.stat()
    settings = Settings(dirs=[str(root)], history_dir=tmp_path / "J", mode="admin")
    async with connect(server, settings) as client:
        assert (await client.call("set_file_mode", path="a", mode="4755")).error_code == "invalid_argument"
        done = await client.call("set_file_mode", path="a", mode="600")
        assert (done.data["mode"], mode(path)) == ("0600", 0o600)
        await client.call("set_file_times", path="a", mtime="2001-02-03", atime="2001-02-03")
        assert path.stat().st_mtime_ns == path.stat().st_atime_ns
        for _ in range(2):
            assert not (await client.call("undo_change")).is_error
    after = path.stat()
    assert (after.st_mode, after.st_mtime_ns, after.st_atime_ns) == (
        before.st_mode,
        before.st_mtime_ns,
        before.st_atime_ns,
    )
