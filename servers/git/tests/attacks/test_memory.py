"""What a repository holds costs the server no memory: a page of it does, however much there is."""

import hashlib
import os
import sys
import zlib
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from mcp_protocol.client import Client, Command

MIB = 1024 * 1024
GIB = 1024 * MIB
MOST_GROWTH = 30 * MIB
SCRIPT = str(Path(sys.executable).with_name("mcp-ref-git"))


class Measured:
    """A client of a server of its own, and the memory that this has ever had."""

    def __init__(self, client: Client, pid: int) -> None:
        self.client = client
        self._pid = pid

    async def data(self, tool: str, **arguments: Any) -> Any:
        """The data of a call that works."""
        result = await self.client.call_tool(tool, arguments)
        assert not result.is_error, result.content
        return result.structured_content

    def resident(self, name: str = "VmRSS") -> int:
        """Bytes in memory now, or at most (`VmHWM`)."""
        lines = Path(f"/proc/{self._pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) * 1024


def children() -> set[int]:
    tasks = Path("/proc/self/task").glob("*/children")
    return {int(child) for task in tasks for child in task.read_text().split()}


Measure = Callable[[Any], AbstractAsyncContextManager[Measured]]


@pytest.fixture
def measured() -> Measure:
    """The installed server over a repository; it must not grow while it is used."""

    @asynccontextmanager
    async def launched(repo: Any) -> AsyncGenerator[Measured]:
        before = children()
        env = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        command = Command([SCRIPT, "-r", str(repo.path), "--user-config", "off"], env=env)
        async with Client(command, revision="2026-07-28") as client:
            (pid,) = children() - before
            at = Measured(client, pid)
            await at.data("git_ls_files")
            began = at.resident()
            yield at
            assert at.resident("VmHWM") - began < MOST_GROWTH

    return launched


async def test_gt14_a_diff_of_fifty_megabytes_costs_no_more_than_its_page(repo: Any, measured: Measure) -> None:
    """GT14."""
    line = "a line of the file, as long as such lines are usually\n"
    repo.commit("first", **{f"f{number}": "" for number in range(10)})
    for number in range(10):
        repo.write(f"f{number}", line * (5 * MIB // len(line)))
    async with measured(repo) as at:
        found = await at.data("git_diff_unstaged")
        assert len(found["files"]) == 10
        assert len(found["diff"]) <= 110_000
        assert found["truncated"]
        following = await at.data("git_diff_unstaged", cursor=found["next_cursor"])
        assert len(following["diff"]) <= 110_000


def store_zeros(repo: Any, size: int) -> str:
    """A blob of that many zeros, as git itself would store it but in no time; its id."""
    header = f"blob {size}\0".encode()
    packer = zlib.compressobj(1, wbits=-zlib.MAX_WBITS)
    stream = packer.compress(header) + packer.flush(zlib.Z_FULL_FLUSH)
    piece = packer.compress(bytes(MIB)) + packer.flush(zlib.Z_FULL_FLUSH)
    stream += piece * (size // MIB) + b"\x03\x00"
    high, low = divmod(zlib.adler32(header), 65536)
    checksum = ((high + size * low) % 65521) * 65536 + low
    digest = hashlib.sha1(header, usedforsecurity=False)
    for _ in range(size // MIB):
        digest.update(bytes(MIB))
    name = digest.hexdigest()
    place = repo.dot_git / "objects" / name[:2]
    place.mkdir(exist_ok=True)
    (place / name[2:]).write_bytes(b"\x78\x01" + stream + checksum.to_bytes(4, "big"))
    return name


async def test_a_blob_of_a_gigabyte_takes_no_memory(repo: Any, measured: Measure) -> None:
    """Section 6: nor is it read."""
    repo.commit("first", a="1\n")
    blob = store_zeros(repo, GIB)
    repo.git("update-index", "--add", "--cacheinfo", f"100644,{blob},large")
    repo.git("commit", "-q", "-m", "large")
    assert repo.git("cat-file", "-s", "HEAD:large") == str(GIB)
    async with measured(repo) as at:
        result = await at.client.call_tool("git_show", {"revision": "HEAD:large"})
        assert "too_large" in str(result.content)
        assert (await at.data("git_show", revision="HEAD"))["files"][0]["binary"]
        assert (await at.data("git_diff_unstaged"))["files"][0]["status"] == "deleted"


def history(length: int) -> str:
    """A chain of empty commits, for `fast-import`."""
    commit = "commit refs/heads/main\nmark :{0}\ncommitter Ada <ada@example.org> {0} +0000\ndata 1\n{1}"
    return "".join(commit.format(number, "x\n") for number in range(1, length + 1))


async def test_a_million_refs_take_no_memory(repo: Any, measured: Measure) -> None:
    """Section 6: the program sorts them, and the server has one page."""
    repo.git("fast-import", "--quiet", "--force", stdin=history(1000).encode())
    commits = repo.git("rev-list", "main").split()
    refs = "".join(f"{commits[number % 1000]} refs/heads/b{number:07}\n" for number in range(1_000_000))
    (repo.dot_git / "packed-refs").write_text(f"# pack-refs with: peeled fully-peeled sorted \n{refs}")
    async with measured(repo) as at:
        found = await at.data("git_branch", sort="refname")
        assert [one["commit"] for one in found["branches"]] == commits[:100]
        shown = await at.data("git_show", revision="refs/heads/b0999999")
        assert (shown["hash"], shown["refs"][-1]) == (commits[999], "and 900 more")
        assert [one["hash"] for one in (await at.data("git_log"))["commits"]] == commits[:10]
