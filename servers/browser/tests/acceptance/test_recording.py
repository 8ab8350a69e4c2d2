"""Documents and recordings, black box: case 29, and what becomes of a recording whose page, session or browser ends."""

import asyncio
import json
import os
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from lanes_of_tests import Lane, Visitor, command
from processes_of_tests import below, command_of, is_main, needs_proc

from mcp_protocol.client import Client, Command

Site = Any
TOKEN = "tok-12345"  # noqa: S105  nobody's
STARTS = ("browser_start_video", "browser_start_tracing", "browser_har_start")
STOPS = ("browser_stop_video", "browser_stop_tracing", "browser_har_stop")
BEGINNINGS = (b"\x1a\x45\xdf\xa3", b"PK", b'{"log":')
_ASK = "() => fetch('/api', {method: 'POST', headers: {Authorization: 'Bearer tok-12345'}}).then(r => r.status)"


async def read(own: Visitor, uri: str) -> bytes:
    content = (await own.client.read_resource(uri)).contents[0]
    return (content.text or "").encode() if content.blob is None else content.blob


async def begun(own: Visitor) -> None:
    for tool in STARTS:
        await own.do(tool)


async def test_recordings_of_two_sessions_at_once_are_whole_and_hold_no_credentials(lane: Lane, site: Site) -> None:
    """Case 29."""
    if shutil.which("ffmpeg") is None:
        (pytest.fail if os.environ.get("MCP_TEST_REQUIRE") == "all" else pytest.skip)("ffmpeg is not installed")
    async with lane.visitor() as one, lane.visitor() as two:
        for own in (one, two):
            await own.do("browser_navigate", url=f"{site.url}/net", snapshot="none")
            await begun(own)
            assert await own.code("browser_start_video") == "invalid_argument"
        for own in (one, two):
            assert await own.run(_ASK) == 200
            found = [await read(own, (await own.do(tool)).link.uri) for tool in STOPS]
            assert [data.startswith(start) for data, start in zip(found, BEGINNINGS, strict=True)] == [True] * 3
            entries = json.loads(found[2])["log"]["entries"]
            assert f"{site.url}/api" in [entry["request"]["url"] for entry in entries]
            assert TOKEN.encode() not in found[2]
            assert await own.code("browser_har_stop") == "invalid_argument"
        paper = await two.do("browser_pdf_save")
        assert (await read(two, paper.link.uri)).startswith(b"%PDF")


@needs_proc
async def test_a_recording_ends_with_its_page_session_or_browser_and_leaves_nothing(
    chromium: str, site: Site, tmp_path: Path
) -> None:
    """Case 29."""
    del chromium
    room = tmp_path / "kept"
    words = command("--allowed-origins", site.url, "--caps", "network,devtools", "--output-dir", str(room))
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    async with Client(Command(words, env=env)) as client:
        made = await client.call_tool("browser_session", {"action": "create"})
        own = Visitor(client, made.structured_content["session"])
        await own.do("browser_navigate", url=f"{site.url}/form", snapshot="none")
        before = {pid for pid in below() if "--type=renderer" in command_of(pid)}
        await begun(own)
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        await own.event("crashed")
        began = time.monotonic()
        for tool in STOPS:
            await own.do(tool)
        assert time.monotonic() - began < 15
        await own.do("browser_navigate", url=f"{site.url}/form", snapshot="none")

        await begun(own)
        [victim] = [pid for pid in below() if is_main(command_of(pid)) and str(tmp_path) in command_of(pid)]
        os.kill(victim, signal.SIGKILL)
        async with asyncio.timeout(10):
            while "browser_restarted" not in [event["kind"] for event in own.told]:
                await own.call("browser_tabs", action="list")  # an error, while the browser is dying
        assert [await own.code(tool) for tool in STOPS] == ["invalid_argument"] * 3

        await begun(own)
        await own.do("browser_session", action="close")
        async with asyncio.timeout(5):
            while unfinished(tmp_path):
                await client.call_tool("browser_session", {"action": "list"})
    assert [path.name for path in room.iterdir() if "recording" in path.name or path.name.startswith(".")] == []


def unfinished(place: Path) -> list[Path]:
    """What recordings keep on the disk while they are under way."""
    return [path for kind in ("har", "trace", "video") for path in place.rglob(f"{kind}-*") if path.is_dir()]
