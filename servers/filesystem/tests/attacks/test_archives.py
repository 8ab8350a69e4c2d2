"""FS31: a hostile archive is refused whole, in bounded time and memory, and leaves nothing."""

import lzma
import os
import stat
import struct
import tarfile
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcp_protocol.errors import ToolError
from mcp_ref_filesystem.archives.containers import MOST_MEMBERS

Bench = Any

HOSTILE_NAMES = ["../x", "a/../../x", "/x", "//x", "\\x", "..\\x", "a\\..\\x", "C:\\x", "c:x", "..", "a/..", "a/../b"]


def tar_member(name: str, kind: bytes = tarfile.REGTYPE, size: int = 0, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname = kind, size, link
    return info


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_member_that_leads_out_refuses_the_whole(bench: Bench, name: str) -> None:
    assert bench.refusal(bench.zipped(("good", b""), (name, b"evil"))) == "denied_policy"
    assert bench.refusal(bench.tarred(tar_member("good"), tar_member(name))) == "denied_policy"
    assert bench.refusal("x.zip", "out") == "denied_policy"


def test_it_is_refused_even_if_it_is_not_wanted(bench: Bench) -> None:
    bench.zipped(("good", b""), ("../x", b"evil"))
    with pytest.raises(ToolError):
        bench.extracted("x.zip", "out", "good")
    assert bench.names() == ["x.zip"]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_refuse_the_whole(bench: Bench, kind: bytes) -> None:
    path = bench.tarred(tar_member("good"), tar_member("bad", kind, link=str(bench.outside)))
    assert bench.refusal(path) == "denied_policy"


def test_a_link_in_a_zip_refuses_the_whole(bench: Bench) -> None:
    info = zipfile.ZipInfo("link")
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    assert bench.refusal(bench.zipped(("good", b""), (info, str(bench.outside).encode()))) == "denied_policy"


@pytest.mark.parametrize("name", [".git/hooks/run", ".git/config", "sub/.GIT/hooks/x", "secret/x", "fixed", ".git"])
def test_a_member_that_meets_a_rule_refuses_the_whole(strict_bench: Bench, name: str) -> None:
    assert strict_bench.refusal(strict_bench.zipped(("good", b""), (name, b"evil")), ".") == "denied_policy"
    assert strict_bench.refusal(strict_bench.tarred(tar_member("good"), tar_member(name)), ".") == "denied_policy"


def test_the_same_name_twice_and_a_file_as_directory_refuse_the_whole(bench: Bench) -> None:
    assert bench.refusal(bench.tarred(tar_member("a"), tar_member("a"))) == "already_exists"
    assert bench.refusal(bench.tarred(tar_member("a"), tar_member("a/b"))) in {"not_a_directory", "not_a_file"}


def test_set_id_bits_do_not_come_out(bench: Bench) -> None:
    info = tar_member("a")
    info.mode = 0o6755
    bench.extracted(bench.tarred(info))
    assert stat.S_IMODE((bench.path / "out/a").stat().st_mode) == 0o755


@pytest.mark.slow
def test_too_many_members_are_refused(bench: Bench) -> None:
    bench.zipped(*((f"{number}", b"") for number in range(MOST_MEMBERS + 1)))
    assert bench.refusal("x.zip") == "too_large"
    with pytest.raises(ToolError) as error:
        bench.members("x.zip")
    assert error.value.code == "too_large"


def bomb_zip(bench: Bench) -> None:
    bench.zipped(("zeros", bytes(300 * 1024 * 1024)))


def bomb_gz(bench: Bench) -> None:
    bench.tarred(tar_member("zeros", size=300 * 1024 * 1024), mode="w:gz")


def bomb_xz(bench: Bench) -> None:
    bench.tarred(tar_member("zeros", size=100 * 1024 * 1024), mode="w:xz")


@pytest.mark.slow
@pytest.mark.parametrize(("make", "name"), [(bomb_zip, "x.zip"), (bomb_gz, "x.tar"), (bomb_xz, "x.tar")])
def test_a_bomb_is_refused_in_little_memory(bench: Bench, make: Callable[[Bench], None], name: str) -> None:
    make(bench)
    tracemalloc.start()
    assert bench.refusal(name) == "too_large"
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 * 1024 * 1024


def test_an_xz_decoder_that_wants_too_much_memory_is_refused(bench: Bench) -> None:
    # Only the header asks for the memory; a small archive will do.
    data = bytearray(lzma.compress(b"x" * 100, format=lzma.FORMAT_XZ, filters=[{"id": lzma.FILTER_LZMA2, "preset": 0}]))
    at = data.index(b"\x21\x01") + 2
    data[at] = 40  # a dictionary of 4 GiB
    header_size = (data[12] + 1) * 4
    data[12 + header_size - 4 : 12 + header_size] = struct.pack(
        "<I", zlib.crc32(bytes(data[12 : 12 + header_size - 4]))
    )
    (bench.path / "x.tar.xz").write_bytes(bytes(data))
    assert bench.refusal("x.tar.xz") == "invalid_argument"


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
    assert bench.refusal("x.tar") == "invalid_argument"


@pytest.mark.timeout(20)
@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK])
def test_cve_2024_6232_a_huge_header_is_not_parsed(bench: Bench, kind: bytes) -> None:
    size = 50 * 1024 * 1024
    with tarfile.open(bench.path / "x.tar", "w:gz") as archive:
        assert archive.fileobj is not None
        archive.fileobj.write(header(b"a", b"%011o\0" % size, kind))
        archive.fileobj.write(b"1" * size)
    assert bench.refusal("x.tar") in {"invalid_argument", "too_large"}


def test_a_sparse_member_is_refused(bench: Bench) -> None:
    info = tar_member("a")
    info.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "9" * 12}
    with tarfile.open(bench.path / "x.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(info)
    assert bench.refusal("x.tar") == "invalid_argument"


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
    assert ending_of(lambda: bench.members("x")) in {None, "invalid_argument"}


def test_an_encrypted_member_is_refused(bench: Bench) -> None:
    path = bench.zipped(("a", b"secret"))
    data = bytearray((bench.path / path).read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    (bench.path / path).write_bytes(bytes(data))
    assert bench.refusal(path) == "invalid_argument"


def test_a_damaged_member_leaves_nothing(bench: Bench) -> None:
    path = bench.zipped(("good", b"g"), ("bad", os.urandom(1000)))
    data = bytearray((bench.path / path).read_bytes())
    data[600] ^= 1
    (bench.path / path).write_bytes(bytes(data))
    assert bench.refusal(path) == "invalid_argument"


def ending_of(act: Callable[[], object]) -> str | None:
    try:
        act()
    except ToolError as error:
        return error.code
    return None


ENDINGS = {None, "invalid_argument", "denied_policy", "too_large", "already_exists", "not_a_directory", "not_a_file"}
SEEDS = [".zip", ".tar", ".tar.gz", ".tar.xz"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=6),
)
def test_damaged_archives_end_in_one_kind_of_error(bench: Bench, ending: str, damage: list[tuple[float, int]]) -> None:
    name = f"seed{ending}"
    if not (bench.path / name).exists():
        bench.grove() if not (bench.path / "d").exists() else None
        (bench.path / "d/e/\udcff").unlink(missing_ok=True)
        bench.packed(name, "d")
    data = bytearray((bench.path / name).read_bytes())
    for place, byte in damage:
        data[int(place * len(data))] = byte
    (bench.path / "broken").write_bytes(bytes(data))
    for act in (lambda: bench.members("broken"), lambda: bench.extracted("broken", "out")):
        assert ending_of(act) in ENDINGS
    assert not [found for found in bench.names() if ".mcp-ref-tmp-" in found]
    if (bench.path / "out").exists():
        (bench.path / "out").rename(bench.outside / os.urandom(8).hex())
