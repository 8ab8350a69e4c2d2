"""Archives: what goes in comes out, and a hostile one is refused whole, in bounded time and memory."""

import io
import lzma
import os
import stat
import struct
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcp_protocol.errors import ToolError
from mcp_protocol.testing import connect
from mcp_ref_filesystem.archive import ArchiveEntry, list_members
from mcp_ref_filesystem.containers import MOST_MEMBERS
from mcp_ref_filesystem.extracting import Extracted, Wanted, extract
from mcp_ref_filesystem.history import chosen, take_back
from mcp_ref_filesystem.match import Globs
from mcp_ref_filesystem.packing import Packed, pack
from mcp_ref_filesystem.places import Place
from mcp_ref_filesystem.reach import Reach
from mcp_ref_filesystem.scene import Scene
from mcp_ref_filesystem.server import server
from mcp_ref_filesystem.settings import Settings

Bench = Any
FORMATS = [".zip", ".tar", ".tar.gz", ".tgz", ".tar.xz"]


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


@pytest.mark.parametrize("ending", FORMATS)
def test_what_goes_in_comes_out(bench: Bench, ending: str) -> None:
    if ending == ".zip":
        grove(bench)
        (bench.path / "d/e/\udcff").unlink()  # a zip holds Unicode names only
    else:
        grove(bench)
    done = packed(bench, f"x{ending}", "d")
    out = extracted(bench, f"x{ending}")
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
    packed(bench, f"x{ending}", "a")
    (entry,) = members(bench, f"x{ending}")
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
    done = packed(bench, "x.zip", ".", exclude=("*.log",))
    assert (done.files, done.denied, done.skipped) == (2, 1, 2)
    assert [entry.name for entry in members(bench, "x.zip") if entry.type == "file"] == ["d/secret/s", "d/a"]


def test_an_existing_archive_is_not_replaced(bench: Bench) -> None:
    (bench.path / "x.zip").write_bytes(b"mine")
    with pytest.raises(ToolError) as error:
        packed(bench, "x.zip", "x.zip")
    assert error.value.code == "already_exists"
    with pytest.raises(ToolError) as error:
        packed(bench, "x.rar", "x.zip")
    assert error.value.code == "invalid_argument"


def test_a_name_that_a_zip_cannot_hold_is_refused(bench: Bench) -> None:
    grove(bench)
    with pytest.raises(ToolError) as error:
        packed(bench, "x.zip", "d")
    assert error.value.code == "encoding"
    assert not (bench.path / "x.zip").exists()


def test_only_some_members_are_extracted(bench: Bench) -> None:
    path = zipped(bench, ("a.txt", b"a"), ("d/b.txt", b"b"), ("d/c.py", b"c"))
    assert extracted(bench, path, "out", "*.txt").files == 2
    assert [name for name in bench.names() if name.startswith("out/")] == ["out/a.txt", "out/d", "out/d/b.txt"]


def test_extracting_joins_what_is_there_and_replaces_nothing_unasked(bench: Bench) -> None:
    path = zipped(bench, ("d/a", b"new"), ("d/b", b"b"), ("e/f/g", b"g"))
    (bench.path / "out/d").mkdir(parents=True)
    (bench.path / "out/d/a").write_bytes(b"mine")
    assert refusal(bench, path) == "already_exists"
    extracted(bench, path, overwrite=True)
    assert (bench.path / "out/d/a").read_bytes() == b"new"
    assert (bench.path / "out/e/f/g").read_bytes() == b"g"
    reach = Reach((Place(bench.path, bench.root.real, lambda: bench.root, read_only=False),), bench.rules)
    take_back(bench.job, chosen(bench.journal, reach, None), Scene(reach.at))
    assert (bench.path / "out/d/a").read_bytes() == b"mine"
    assert [name for name in bench.names() if name.startswith("out")] == ["out", "out/d", "out/d/a"]


def test_a_directory_never_takes_the_place_of_a_file(bench: Bench) -> None:
    path = zipped(bench, ("a/b", b""))
    (bench.path / "out").mkdir()
    (bench.path / "out/a").write_bytes(b"mine")
    assert refusal(bench, path, overwrite=True) == "already_exists"
    (bench.path / "file").write_bytes(b"")
    assert refusal(bench, path, "file") == "not_a_directory"


HOSTILE_NAMES = ["../x", "a/../../x", "/x", "//x", "\\x", "..\\x", "a\\..\\x", "C:\\x", "c:x", "..", "a/..", "a/../b"]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_member_that_leads_out_refuses_the_whole(bench: Bench, name: str) -> None:
    assert refusal(bench, zipped(bench, ("good", b""), (name, b"evil"))) == "denied_policy"
    assert refusal(bench, tarred(bench, tar_member("good"), tar_member(name))) == "denied_policy"
    assert refusal(bench, "x.zip", "out") == "denied_policy"


def test_it_is_refused_even_if_it_is_not_wanted(bench: Bench) -> None:
    zipped(bench, ("good", b""), ("../x", b"evil"))
    with pytest.raises(ToolError):
        extracted(bench, "x.zip", "out", "good")
    assert bench.names() == ["x.zip"]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_refuse_the_whole(bench: Bench, kind: bytes) -> None:
    path = tarred(bench, tar_member("good"), tar_member("bad", kind, link=str(bench.outside)))
    assert refusal(bench, path) == "denied_policy"


def test_a_link_in_a_zip_refuses_the_whole(bench: Bench) -> None:
    info = zipfile.ZipInfo("link")
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    assert refusal(bench, zipped(bench, ("good", b""), (info, str(bench.outside).encode()))) == "denied_policy"


@pytest.mark.parametrize("name", [".git/hooks/run", ".git/config", "sub/.GIT/hooks/x", "secret/x", "fixed", ".git"])
def test_a_member_that_meets_a_rule_refuses_the_whole(strict_bench: Bench, name: str) -> None:
    assert refusal(strict_bench, zipped(strict_bench, ("good", b""), (name, b"evil")), ".") == "denied_policy"
    assert refusal(strict_bench, tarred(strict_bench, tar_member("good"), tar_member(name)), ".") == "denied_policy"


def test_the_same_name_twice_and_a_file_as_directory_refuse_the_whole(bench: Bench) -> None:
    assert refusal(bench, tarred(bench, tar_member("a"), tar_member("a"))) == "already_exists"
    assert refusal(bench, tarred(bench, tar_member("a"), tar_member("a/b"))) in {"not_a_directory", "not_a_file"}


def test_set_id_bits_do_not_come_out(bench: Bench) -> None:
    info = tar_member("a")
    info.mode = 0o6755
    extracted(bench, tarred(bench, info))
    assert stat.S_IMODE((bench.path / "out/a").stat().st_mode) == 0o755


def test_too_many_members_are_refused(bench: Bench) -> None:
    zipped(bench, *((f"{number}", b"") for number in range(MOST_MEMBERS + 1)))
    assert refusal(bench, "x.zip") == "too_large"
    with pytest.raises(ToolError) as error:
        members(bench, "x.zip")
    assert error.value.code == "too_large"


def bomb_zip(bench: Bench) -> None:
    zipped(bench, ("zeros", bytes(300 * 1024 * 1024)))


def bomb_gz(bench: Bench) -> None:
    tarred(bench, tar_member("zeros", size=300 * 1024 * 1024), mode="w:gz")


def bomb_xz(bench: Bench) -> None:
    tarred(bench, tar_member("zeros", size=100 * 1024 * 1024), mode="w:xz")


@pytest.mark.parametrize(("make", "name"), [(bomb_zip, "x.zip"), (bomb_gz, "x.tar"), (bomb_xz, "x.tar")])
def test_a_bomb_is_refused_in_little_memory(bench: Bench, make: Callable[[Bench], None], name: str) -> None:
    make(bench)
    tracemalloc.start()
    assert refusal(bench, name) == "too_large"
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 * 1024 * 1024


def test_an_xz_decoder_that_wants_too_much_memory_is_refused(bench: Bench) -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 512 * 1024 * 1024, "preset": 0}]
    # Only the header asks for the memory; a small archive will do. The writer would really take it.
    data = bytearray(lzma.compress(b"x" * 100, format=lzma.FORMAT_XZ, filters=[{"id": lzma.FILTER_LZMA2, "preset": 0}]))
    del filters
    at = data.index(b"\x21\x01") + 2
    data[at] = 40  # a dictionary of 4 GiB
    header_size = (data[12] + 1) * 4
    data[12 + header_size - 4 : 12 + header_size] = struct.pack("<I", _crc(bytes(data[12 : 12 + header_size - 4])))
    (bench.path / "x.tar.xz").write_bytes(bytes(data))
    assert refusal(bench, "x.tar.xz") == "invalid_argument"


def _crc(data: bytes) -> int:
    import zlib  # noqa: PLC0415  only here

    return zlib.crc32(data)


def header(name: bytes, size: bytes, kind: bytes) -> bytes:
    """A tar header by hand, with whatever it says of its size."""
    block = bytearray(512)
    block[0 : len(name)] = name
    block[100:108] = b"0000644\0"
    block[124:136] = size
    block[136:148] = b"00000000000\0"
    block[156:157] = kind
    block[257:265] = b"ustar\x0000"
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


@pytest.mark.timeout(20)
def test_cve_2025_8194_a_negative_size_does_not_loop(bench: Bench) -> None:
    data = header(b"a", b"\xff" * 11 + b"\x00", tarfile.GNUTYPE_LONGNAME) + header(b"b", b"\xff" * 12, b"0")
    (bench.path / "x.tar").write_bytes(data + bytes(2048))
    assert refusal(bench, "x.tar") == "invalid_argument"


@pytest.mark.timeout(20)
@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK])
def test_cve_2024_6232_a_huge_header_is_not_parsed(bench: Bench, kind: bytes) -> None:
    size = 50 * 1024 * 1024
    with tarfile.open(bench.path / "x.tar", "w:gz") as archive:
        assert archive.fileobj is not None
        archive.fileobj.write(header(b"a", b"%011o\0" % size, kind))
        archive.fileobj.write(b"1" * size)
    assert refusal(bench, "x.tar") in {"invalid_argument", "too_large"}


def test_a_sparse_member_is_refused(bench: Bench) -> None:
    info = tar_member("a")
    info.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "9" * 12}
    with tarfile.open(bench.path / "x.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(info)
    assert refusal(bench, "x.tar") == "invalid_argument"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"plain text",
        b"PK\x03\x04",
        b"PK\x05\x06",
        b"\x1f\x8b",
        b"\x1f\x8b\x08" + bytes(40),
        b"\xfd7zXZ\x00",
        bytes(1024),
    ],
)
def test_what_is_no_archive_is_refused_or_empty(bench: Bench, data: bytes) -> None:
    (bench.path / "x").write_bytes(data)
    try:
        assert members(bench, "x") == []
    except ToolError as error:
        code = error.code
        assert code == "invalid_argument"  # noqa: PT017  either is right


def test_an_encrypted_member_is_refused(bench: Bench) -> None:
    path = zipped(bench, ("a", b"secret"))
    data = bytearray((bench.path / path).read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    (bench.path / path).write_bytes(bytes(data))
    assert refusal(bench, path) == "invalid_argument"


def test_a_damaged_member_leaves_nothing(bench: Bench) -> None:
    path = zipped(bench, ("good", b"g"), ("bad", os.urandom(1000)))
    data = bytearray((bench.path / path).read_bytes())
    data[600] ^= 1
    (bench.path / path).write_bytes(bytes(data))
    assert refusal(bench, path) == "invalid_argument"


SEEDS = [".zip", ".tar", ".tar.gz", ".tar.xz"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=6),
)
def test_damaged_archives_end_in_one_kind_of_error(bench: Bench, ending: str, damage: list[tuple[float, int]]) -> None:
    name = f"seed{ending}"
    if not (bench.path / name).exists():
        grove(bench) if not (bench.path / "d").exists() else None
        (bench.path / "d/e/\udcff").unlink(missing_ok=True)
        packed(bench, name, "d")
    data = bytearray((bench.path / name).read_bytes())
    for place, byte in damage:
        data[int(place * len(data))] = byte
    (bench.path / "broken").write_bytes(bytes(data))
    for act in (lambda: members(bench, "broken"), lambda: extracted(bench, "broken", "out")):
        try:
            act()
        except ToolError as error:
            codes = {
                "invalid_argument",
                "denied_policy",
                "too_large",
                "already_exists",
                "not_a_directory",
                "not_a_file",
            }
            assert error.code in codes
    assert not [found for found in bench.names() if ".mcp-ref-tmp-" in found]
    if (bench.path / "out").exists():
        Path(bench.path / "out").rename(bench.outside / os.urandom(8).hex())


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
