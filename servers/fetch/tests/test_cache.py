"""What is kept of pages: on disk across starts, by caller, and by one request for equal questions."""

import asyncio
import errno
import os
import random
import stat
from pathlib import Path
from typing import Any

import pytest

from mcp_protocol.revisions import Revision
from mcp_protocol.session.calls import Principal
from mcp_protocol.testing.raw import RawPeer
from mcp_protocol.transports.memory import join
from mcp_ref_fetch.choices import AllowedPort
from mcp_ref_fetch.server import fetch_server
from mcp_ref_fetch.settings import Settings
from mcp_ref_kit.network import HostPattern, Network
from mcp_ref_kit.settings import Rate

Web = Any
Reads = Any

PAGE = "<p>" + "</p><p>".join(["A paragraph of a page."] * 50)


async def test_pages_on_disk_outlive_the_process(web: Web, reads: Reads, tmp_path: Path) -> None:
    """`--cache-dir`: private, named by digests, and a snapshot is gone on with after a restart."""
    web.page("/secret-path?q=1", PAGE)
    home = tmp_path / "cache"
    async with reads(cache_dir=home) as reading:
        first = await reading.fetch(web.url("/secret-path?q=1"), max_length=100)
    [file] = files(home)
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(file.stem) == 64
    assert "secret" not in file.name
    async with reads(cache_dir=home) as reading:
        again = await reading.fetch(web.url("/secret-path?q=1"), max_length=100)
        on = {"start_index": first["next_start_index"], "snapshot": first["snapshot"]}
        rest = await reading.fetch(web.url("/secret-path?q=1"), **on)
    assert (again["cached"], again["snapshot"], rest["cached"]) == ("hit", first["snapshot"], "hit")
    assert len(web.paths()) == 1


async def test_what_was_read_for_one_caller_is_nothing_to_another(web: Web, tmp_path: Path) -> None:
    """Snapshots, their resource and what is kept on disk, for two callers of one server."""
    web.page("/a", PAGE)
    settings = Settings(
        allow_cidr=[Network.parse("127.0.0.0/8")], allow_port=[AllowedPort(0)], rate=Rate(1000, 1), cache_dir=tmp_path
    )
    async with (
        fetch_server().run(settings) as app,
        join(app, principal=Principal("issuer", "ada")) as one,
        join(app, principal=Principal("issuer", "bob")) as other,
    ):
        ada, bob = (RawPeer(each, Revision.V2026_07_28, {}) for each in (one, other))

        async def fetched(peer: RawPeer, **more: Any) -> dict[str, Any]:
            params = {"name": "fetch", "arguments": {"url": web.url("/a"), **more}}
            return (await peer.call("tools/call", params))["result"]

        first = (await fetched(ada))["structuredContent"]
        assert (await fetched(ada))["structuredContent"]["cached"] == "hit"
        assert (await fetched(bob))["structuredContent"]["cached"] == "miss"
        stolen = await fetched(bob, snapshot=first["snapshot"])
        assert stolen["_meta"]["mcp-ref/error"]["code"] == "snapshot_expired"
        uri = f"fetch-cache://{first['snapshot']}"
        assert (await bob.call("resources/read", {"uri": uri}))["error"]["message"] == "Resource not found"
        assert (await ada.call("resources/read", {"uri": uri}))["result"]["contents"][0]["text"]
    assert len(files(tmp_path)) == 2


async def test_damaged_files_are_as_if_there_were_none(web: Web, reads: Reads, tmp_path: Path) -> None:
    """Cut, changed bit by bit, swapped, enormous: the page is asked for again."""
    for path in ("/a", "/b"):
        web.page(path, PAGE.replace("A para", path))
    async with reads(cache_dir=tmp_path) as reading:
        a = await reading.fetch(web.url("/a"))
        b = await reading.fetch(web.url("/b"))
    sound = {file: file.read_bytes() for file in files(tmp_path)}
    one, two = sound
    chance = random.Random(1)  # noqa: S311  damage, not a secret

    def flipped(data: bytes) -> bytes:
        place = chance.randrange(len(data))
        return data[:place] + bytes((data[place] ^ (1 << chance.randrange(8)),)) + data[place + 1 :]

    damages: list[tuple[bytes, bytes]] = [(sound[two], sound[one]), (b"", b"\xff" * 100), (b"\x91" * 100_000, b"\xc0")]
    damages += [(flipped(sound[one]), sound[two][: chance.randrange(900)]) for _ in range(8)]
    for first, second in damages:
        one.write_bytes(first)
        two.write_bytes(second)
        async with reads(cache_dir=tmp_path) as reading:
            texts = [(await reading.fetch(web.url(path)))["total_length"] for path in ("/a", "/b")]
        assert texts == [a["total_length"], b["total_length"]]
    with one.open("wb") as file:
        file.truncate(10**12)
    async with reads(cache_dir=tmp_path) as reading:
        await reading.fetch(web.url("/a"))
        await reading.fetch(web.url("/b"))


async def test_a_full_disk_costs_the_copy_and_nothing_else(
    web: Web, reads: Reads, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel says that there is no room; no draft stays behind."""
    web.page("/a", PAGE)

    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    async with reads(cache_dir=tmp_path) as reading:
        monkeypatch.setattr(os, "fdopen", full)
        assert (await reading.fetch(web.url("/a")))["cached"] == "miss"
        assert (await reading.fetch(web.url("/a")))["cached"] == "hit"
        monkeypatch.undo()
    assert files(tmp_path) == []


async def test_the_directory_stays_within_its_bound(web: Web, reads: Reads, tmp_path: Path) -> None:
    (tmp_path / "killed.draft").write_bytes(b"x")
    os.utime(tmp_path / "killed.draft", (0, 0))
    for number in range(12):
        web.page(f"/{number}", f"{number}" + "x" * 200_000, "text/plain")
    async with reads(cache_dir=tmp_path, cache_mb=1) as reading:
        for number in range(12):
            await reading.fetch(web.url(f"/{number}"))
    assert sum(file.stat().st_size for file in files(tmp_path)) <= 1024 * 1024
    assert not (tmp_path / "killed.draft").exists()


async def test_what_the_operator_forbids_by_now_is_not_answered_from_the_disk(
    web: Web, reads: Reads, tmp_path: Path
) -> None:
    web.page("/robots.txt", "User-agent: *\nDisallow: /\n", "text/plain")
    web.page("/a", PAGE)
    async with reads(cache_dir=tmp_path, ignore_robots_txt=True) as reading:
        await reading.fetch(web.url("/a"))
        assert (await reading.fetch(web.url("/a")))["cached"] == "hit"
    async with reads(cache_dir=tmp_path) as reading:
        assert (await reading.refusal(web.url("/a")))[0] == "robots_denied"
    async with reads(cache_dir=tmp_path, ignore_robots_txt=True, deny_host=[HostPattern.parse("127.0.0.1")]) as reading:
        assert (await reading.refusal(web.url("/a")))[0] == "blocked_host"
    async with reads(default=True, cache_dir=tmp_path, ignore_robots_txt=True) as reading:
        assert (await reading.refusal(web.url("/a")))[0] == "blocked_address"
    web.redirect("/go", web.url("/a", "there.test"))
    for lists in ({}, {"deny_host": [HostPattern.parse("there.test")]}):
        async with reads(cache_dir=tmp_path, ignore_robots_txt=True, **lists) as reading:
            reading.names.add("there.test", ["127.0.0.1"])
            found = await reading.client.call("fetch", url=web.url("/go"))
            assert found.error_code == ("blocked_host" if lists else None)


@pytest.mark.parametrize("leaver", [0, 1])
async def test_who_leaves_does_not_take_the_answer_from_the_others(web: Web, reads: Reads, leaver: int) -> None:
    """Equal questions share one request, whoever of them began it and whoever goes."""
    asked, go, closed = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slow(_hit: Any, writer: asyncio.StreamWriter) -> None:
        asked.set()
        try:
            await go.wait()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok")
            await writer.drain()
        finally:
            closed.set()

    web.pages["/slow"] = slow
    async with reads(ignore_robots_txt=True) as reading:
        peer = reading.client.peer
        params = {"name": "fetch", "arguments": {"url": web.url("/slow")}}
        calls = [await peer.begin("tools/call", params) for _ in range(2)]
        async with asyncio.timeout(5):
            await asked.wait()
        await peer.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": calls[leaver]}})
        await reading.client.list("tools")  # the cancellation has arrived by now
        go.set()
        reply = await peer.reply(calls[1 - leaver])
    assert reply["result"]["structuredContent"]["content"] == "ok"
    assert web.paths() == ["/slow"]


async def test_the_last_one_who_leaves_ends_the_request(web: Web, reads: Reads) -> None:
    asked = asyncio.Event()

    async def slow(_hit: Any, writer: asyncio.StreamWriter) -> None:
        asked.set()
        while not writer.is_closing():
            writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\n")
            await writer.drain()
            await asyncio.sleep(0.05)

    web.pages["/slow"] = slow
    async with reads(ignore_robots_txt=True) as reading:
        peer = reading.client.peer
        params = {"name": "fetch", "arguments": {"url": web.url("/slow")}}
        calls = [await peer.begin("tools/call", params) for _ in range(2)]
        async with asyncio.timeout(5):
            await asked.wait()
        for call in calls:
            await peer.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": call}})
        async with asyncio.timeout(3):
            await web.closed.wait()


async def test_a_host_that_is_slow_does_not_hold_up_another(web: Web, reads: Reads, serve: Any) -> None:
    """200 calls to one host take its four places, and none of another's."""
    release, full = asyncio.Event(), asyncio.Event()

    async def slow(_hit: Any, writer: asyncio.StreamWriter) -> None:
        if len(web.open) == 4:
            full.set()
        await release.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok")
        await writer.drain()

    for number in range(200):
        web.pages[f"/{number}"] = slow
    async with serve("127.0.0.2") as other, reads(ignore_robots_txt=True) as reading:
        other.page("/", "<p>quick</p>")
        url = other.url("/", "127.0.0.2")
        alone = min([await timed(reading, url) for _ in range(5)])
        peer = reading.client.peer
        calls = [
            await peer.begin("tools/call", {"name": "fetch", "arguments": {"url": web.url(f"/{number}")}})
            for number in range(60)
        ]
        async with asyncio.timeout(5):
            await full.wait()
        crowded = min([await timed(reading, url) for _ in range(5)])
        assert crowded < alone + 0.1
        assert len(web.open) == 4
        release.set()
        for call in calls:
            assert not (await peer.reply(call))["result"].get("isError", False)


def files(directory: Path) -> list[Path]:
    return list(directory.iterdir())


async def timed(reading: Any, url: str) -> float:
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert (await reading.fetch(url, no_cache=True))["content"] == "quick"
    return loop.time() - began
