"""Recordings: videos, traces and HAR files, what they may show, and what else is saved to files."""

import asyncio
import base64
import json
import os
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from mcp_ref_browser.errors import BrowserError
from mcp_ref_browser.page.video import Film
from mcp_ref_kit.processes import Command, run
from mcp_ref_kit.workers import Workers

SECRET = "correct horse & battery"  # noqa: S105  nobody's
Browse = Any
Site = Any


@pytest.fixture
def ffprobe() -> str:
    """A program that reads videos, which comes with the one that makes them."""
    found = shutil.which("ffprobe")
    if found is None:
        skip = pytest.fail if os.environ.get("MCP_TEST_REQUIRE") == "all" else pytest.skip
        skip("ffmpeg is not installed")
    return found


async def test_a_video_shows_what_happened(browse: Browse, site: Site, ok: Any, tmp_path: Path, ffprobe: str) -> None:
    """Case 29: with chapters and actions, of the time that was recorded; a tab that closes leaves what it has shown."""
    files = [tmp_path / "clicks.webm", tmp_path / "closed.webm"]
    async with browse(snapshot="none") as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/form"))
        named = {"filename": "clicks.webm", "cursor": True}
        ok(await client.call("browser_start_video", size={"width": 321, "height": 241}, fps=10, **named))
        twice = await client.call("browser_start_video")
        looks = {"position": "bottom", "cursor": "none", "duration": 200, "style": {"point": "width: 9px"}}
        ok(await client.call("browser_video_show_actions", **looks))
        ok(await client.call("browser_video_chapter", title="One", description="The beginning", duration=300))
        ok(await client.call("browser_click", target="text=Go"))
        ok(await client.call("browser_wait_for", time=1))
        ok(await client.call("browser_video_hide_actions"))
        results = [ok(await client.call("browser_stop_video"))]
        again = await client.call("browser_stop_video")
        ok(await client.call("browser_start_video"))
        ok(await client.call("browser_tabs", action="new"))
        ok(await client.call("browser_tabs", action="close", index=0))
        results.append(ok(await client.call("browser_stop_video")))
        for file, result in zip(files, results, strict=True):
            [content] = await client.read(result.data["result"]["uri"])
            file.write_bytes(base64.b64decode(content["blob"]))
    assert (twice.error_code, again.error_code) == ("invalid_argument",) * 2
    assert results[0].data["result"]["mimeType"] == "video/webm"
    assert [one.data["result"]["name"] for one in results] == ["clicks.webm", "video.webm"]
    width, height, seconds = await probed(ffprobe, files[0])
    assert (width % 2, height % 2) == (0, 0)
    assert seconds >= 1.2
    assert (await probed(ffprobe, files[1]))[0] > 0


async def probed(ffprobe: str, file: Path) -> tuple[int, int, float]:
    """Width, height and length of a video, by a program that decodes all of it."""
    fields = "stream=width,height:format=duration"
    argv = (ffprobe, "-v", "error", "-count_frames", "-show_entries", fields, "-of", "json", str(file))
    ended = await run(Command(argv=argv, env={}))
    assert (ended.code, ended.stderr) == (0, b"")
    found = json.loads(ended.stdout)
    return found["streams"][0]["width"], found["streams"][0]["height"], float(found["format"]["duration"])


async def test_a_film_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ffprobe: str) -> None:
    """Pictures that come too soon or are too many are left out; those that are none make no video."""
    monkeypatch.setattr("mcp_ref_browser.page.video.MOST_BYTES", 10)
    place = tmp_path / "film"
    place.mkdir()
    page: Any = None
    async with Workers("film", 1) as workers:
        film = Film(page, place, workers, 1000)
        assert film.is_empty
        for data in (b"12345", b"67890", b"too much"):
            await film.add({"data": data})
            await asyncio.sleep(0.002)
        kept = sorted(file.read_bytes() for file in place.iterdir())
        soon = Film(page, place, workers, 1)
        await soon.add({"data": b"1"})
        await soon.add({"data": b"2"})
        with pytest.raises(BrowserError, match="could not make a video"):
            await film.encoded(ffprobe.replace("ffprobe", "ffmpeg"))
    assert kept == [b"12345", b"67890"]
    assert (film.cut, soon.cut) == (True, False)


async def test_a_video_without_ffmpeg_is_refused_and_the_session_goes_on(
    browse: Browse, site: Site, ok: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Case 29."""
    async with browse() as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/form"))
        monkeypatch.setenv("PATH", "")
        refused = await client.call("browser_start_video")
        chapter = await client.call("browser_video_chapter", title="One")
        page = ok(await client.call("browser_snapshot"))
    assert refused.error_code == "unsupported"
    assert "ffmpeg" in refused.text
    assert chapter.error_code == "invalid_argument"
    assert 'button "Go"' in page.text


async def test_recordings_and_typed_passwords_exclude_each_other(browse: Browse, site: Site, ok: Any) -> None:
    """Case 28: a trace holds what was typed, and the page as it was."""
    typing = {"target": "[name=password]", "text": "correct horse battery"}
    for reveal, code in ((False, "secret_denied"), (True, None)):
        async with browse(allow_reveal=reveal, snapshot="none") as client:
            ok(await client.call("browser_navigate", url=f"{site.url}/post"))
            ok(await client.call("browser_start_tracing"))
            during = await client.call("browser_type", **typing)
            ok(await client.call("browser_stop_tracing"))
            ok(await client.call("browser_type", **typing))
            after = await client.call("browser_start_tracing")
        assert (during.error_code, after.error_code) == (code, code)


async def test_what_is_saved_holds_no_secret(browse: Browse, site: Site, ok: Any, tmp_path: Path) -> None:
    """Cases 15, 28: console, requests, bodies, snapshots, HAR and documents, in the operator's directory too."""
    secrets = tmp_path / "secrets.toml"
    secrets.write_text(f'[LOGIN]\nvalue = "{SECRET}"\norigins = ["{site.url}"]')
    room = tmp_path / "room"
    room.mkdir()
    async with browse(secrets=secrets, dirs=[str(room)], snapshot="none") as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/post"))
        ok(await client.call("browser_har_start"))
        ok(await client.call("browser_type", target="[name=u]", text="secret:LOGIN"))
        ok(
            await client.call(
                "browser_evaluate", function=f"() => console.log('{SECRET}', location.hash = btoa('{SECRET}'))"
            )
        )
        ok(await client.call("browser_pdf_save", filename="page.pdf"))
        ok(await client.call("browser_snapshot", filename="page.txt"))
        ok(await client.call("browser_find", text="User", filename="found.txt"))
        ok(await client.call("browser_console_messages", level="debug", filename="console.txt"))
        ok(
            await client.call(
                "browser_evaluate", function="() => document.querySelector('[name=u]').value", filename="value.json"
            )
        )
        ok(await client.call("browser_press_key", key="Enter", target="[name=u]"))
        requests = ok(await client.call("browser_network_requests"))
        number = requests.data["result"]["entries"][-1]["id"]
        ok(await client.call("browser_network_requests", filename="requests.txt"))
        ok(await client.call("browser_network_request", index=number, filename="request.txt"))
        ok(await client.call("browser_har_stop", filename="all.har"))
    saved = {file.name: file.read_bytes() for file in room.iterdir()}
    assert len(saved) == 8
    for name, data in saved.items():
        for form in (SECRET, quote(SECRET), quote_plus(SECRET), base64.b64encode(SECRET.encode()).decode()):
            assert form.encode() not in data, (name, form)
    assert b"<secret>LOGIN</secret>" in saved["page.txt"]
    assert b"LOGIN" in saved["request.txt"]
