"""The optional toolsets: mouse by coordinates, storage, network, checks of tests, developer tools, configuration."""

import base64
import json
import os
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from mcp_ref_kit.processes import Command, run

SECRET = "correct horse & battery"  # noqa: S105  nobody's
Browse = Any
Site = Any
each_revision = pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])


async def test_the_mouse_goes_where_the_picture_says(browse: Browse, site: Site, ok: Any) -> None:
    where = """sel => {
      const r = document.querySelector(sel).getBoundingClientRect();
      return [r.x + r.width / 2, r.y + r.height / 2]; }"""
    async with browse(snapshot="full") as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/form"))
        x, y = ok(await client.call("browser_evaluate", function=f"() => ({where})('#u')")).data["result"]
        ok(await client.call("browser_mouse_click_xy", x=x, y=y))
        ok(await client.call("browser_press_key", key="h"))
        ok(await client.call("browser_mouse_move_xy", x=x, y=y))
        ok(await client.call("browser_mouse_down"))
        ok(await client.call("browser_mouse_up"))
        typed = ok(await client.call("browser_snapshot"))
        ok(await client.call("browser_navigate", url=f"{site.url}/play"))
        start = ok(await client.call("browser_evaluate", function=f"() => ({where})('#src')")).data["result"]
        end = ok(await client.call("browser_evaluate", function=f"() => ({where})('#dst')")).data["result"]
        dragged = ok(
            await client.call("browser_mouse_drag_xy", startX=start[0], startY=start[1], endX=end[0], endY=end[1])
        )
        ok(await client.call("browser_mouse_wheel", deltaY=500))
        scrolled = ok(
            await client.call("browser_evaluate", function="() => new Promise(d => setTimeout(() => d(scrollY), 100))")
        )
    assert 'textbox "User" [active] [ref=' in typed.text
    assert ": h" in typed.text
    assert "dropped x" in dragged.text
    assert scrolled.data["result"] > 0


@each_revision
async def test_cookies_are_described_and_only_revealed_on_request(
    browse: Browse, site: Site, ok: Any, revision: str
) -> None:
    async with browse(revision=revision) as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/blank"))
        ok(await client.call("browser_cookie_set", name="a", value="very-secret-value", httpOnly=True, sameSite="Lax"))
        ok(await client.call("browser_cookie_set", name="b", value="x", domain="127.0.0.1", path="/form"))
        listed = ok(await client.call("browser_cookie_list"))
        some = ok(await client.call("browser_cookie_list", path="/form"))
        one = ok(await client.call("browser_cookie_get", name="a"))
        revealed = await client.call("browser_cookie_get", name="a", reveal=True)
        missing = await client.call("browser_cookie_get", name="zzz")
        ok(await client.call("browser_cookie_delete", name="a"))
        left = ok(await client.call("browser_cookie_list"))
        ok(await client.call("browser_cookie_clear"))
        none = ok(await client.call("browser_cookie_list"))
    assert "very-secret-value" not in str([listed.raw, one.raw])
    assert one.data["result"]["cookie"]["value"]["length"] == 17
    assert one.data["result"]["cookie"]["httpOnly"] is True
    assert [cookie["name"] for cookie in some.data["result"]["cookies"]] == ["b"]
    assert (revealed.error_code, missing.error_code) == ("secret_denied", "no_match")
    assert [cookie["name"] for cookie in left.data["result"]["cookies"]] == ["b"]
    assert none.data["result"]["cookies"] == []


@pytest.mark.parametrize("area", ["localstorage", "sessionstorage"])
async def test_web_storage_is_listed_set_and_cleared(browse: Browse, site: Site, ok: Any, area: str) -> None:
    async with browse(allow_reveal=True) as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/blank"))
        ok(await client.call(f"browser_{area}_set", key="k", value="a value"))
        hidden = ok(await client.call(f"browser_{area}_list"))
        shown = ok(await client.call(f"browser_{area}_get", key="k", reveal=True))
        missing = await client.call(f"browser_{area}_get", key="none")
        ok(await client.call(f"browser_{area}_delete", key="k"))
        gone = ok(await client.call(f"browser_{area}_list"))
        ok(await client.call(f"browser_{area}_set", key="k", value="v"))
        ok(await client.call(f"browser_{area}_clear"))
        empty = ok(await client.call(f"browser_{area}_list"))
    assert hidden.data["result"]["items"][0]["value"]["length"] == 7
    assert shown.data["result"]["value"] == "a value"
    assert missing.error_code == "no_match"
    assert gone.data["result"]["items"] == empty.data["result"]["items"] == []


async def test_a_storage_state_is_saved_and_brought_back(browse: Browse, site: Site, ok: Any, tmp_path: Path) -> None:
    async with browse(allow_reveal=True, dirs=[str(tmp_path)]) as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/blank"))
        ok(await client.call("browser_cookie_set", name="a", value="1"))
        ok(await client.call("browser_localstorage_set", key="k", value="v"))
        hidden = ok(await client.call("browser_storage_state"))
        ok(await client.call("browser_storage_state", filename="state.json"))
        made = ok(await client.call("browser_session", action="create"))
        other = {"session": made.data["session"]}
        ok(await client.call("browser_set_storage_state", filename="state.json", **other))
        ok(await client.call("browser_navigate", url=f"{site.url}/blank", **other))
        found = ok(await client.call("browser_evaluate", function="() => [document.cookie, localStorage.k]", **other))
        (tmp_path / "bad.json").write_text("[]")
        bad = await client.call("browser_set_storage_state", filename="bad.json", **other)
        missing = await client.call("browser_set_storage_state", filename="none.json", **other)
    assert json.loads((tmp_path / "state.json").read_text())["cookies"][0]["name"] == "a"
    assert hidden.data["result"]["cookies"][0]["value"] == {"length": 1, "sha256": "6b86b273"}
    assert found.data["result"] == ["a=1", "v"]
    assert (bad.error_code, missing.error_code) == ("invalid_argument", "path_denied")
    async with browse() as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/blank"))
        refused = await client.call("browser_storage_state", filename="state.json")
    assert refused.error_code == "secret_denied"


async def test_a_session_can_be_offline(browse: Browse, site: Site, ok: Any) -> None:
    async with browse(snapshot="none") as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/blank"))
        ok(await client.call("browser_network_state_set", state="offline"))
        off = await client.call("browser_navigate", url=f"{site.url}/form")
        ok(await client.call("browser_network_state_set", state="online"))
        ok(await client.call("browser_navigate", url=f"{site.url}/form"))
        bad = await client.call("browser_route", pattern="**", headers=["no colon"])
    assert off.error_code == "failed"
    assert "ERR_INTERNET_DISCONNECTED" in off.text
    assert bad.error_code == "invalid_argument"


async def test_locators_and_checks_for_tests(browse: Browse, site: Site, ok: Any, ref: Any) -> None:
    async with browse() as client:
        page = ok(await client.call("browser_navigate", url=f"{site.url}/form"))
        user = ref(page, 'textbox "User"')
        python = ok(await client.call("browser_generate_locator", target=user))
        typescript = ok(await client.call("browser_generate_locator", target=user, language="typescript"))
        ok(await client.call("browser_type", target=user, text="bob"))
        good = [
            await client.call("browser_verify_element_visible", role="button", accessibleName="Go"),
            await client.call("browser_verify_text_visible", text="three"),
            await client.call("browser_verify_list_visible", target="ul", items=["one", "six"]),
            await client.call("browser_verify_value", type="textbox", target=user, value="bob"),
            await client.call("browser_verify_value", type="checkbox", target="[name=agree]", value="false"),
            await client.call("browser_verify_value", type="combobox", target="#c", value="red"),
        ]
        bad = [
            await client.call("browser_verify_element_visible", role="button", accessibleName="Stop"),
            await client.call("browser_verify_text_visible", text="seventy"),
            await client.call("browser_verify_list_visible", target="ul", items=["one", "seven"]),
            await client.call("browser_verify_value", type="textbox", target=user, value="ann"),
        ]
    assert python.data["result"]["locator"] == 'page.get_by_role("textbox", name="User")'
    assert typescript.data["result"]["locator"] == 'page.getByRole("textbox", { name: "User" })'
    assert [one.is_error for one in good] == [False] * 6
    assert [one.error_code for one in bad] == ["no_match"] * 4


async def test_developer_tools(browse: Browse, site: Site, ok: Any) -> None:
    place = """() => new Promise(done =>
      navigator.geolocation.getCurrentPosition(p => done(p.coords.latitude), e => done(e.code)))"""
    async with browse(snapshot="none") as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/article", waitUntil="load"))
        timings = ok(await client.call("browser_performance"))
        ok(await client.call("browser_highlight", target="h1", style="outline: 3px solid lime"))
        ok(await client.call("browser_hide_highlight"))
        ok(
            await client.call(
                "browser_emulate",
                geolocation={"latitude": 52.5, "longitude": 13.4},
                cpuRate=2,
                networkProfile="fast-3g",
            )
        )
        where = ok(await client.call("browser_evaluate", function=place))
        ok(await client.call("browser_emulate", cpuRate=1, networkProfile="none"))
        nothing = await client.call("browser_emulate")
        chapter = await client.call("browser_video_chapter", title="One")
        stop = await client.call("browser_stop_tracing")
    assert timings.data["result"]["ttfbMs"] > 0
    assert {"lcpMs", "cls", "inpMs", "resources", "transferredBytes"} <= timings.data["result"].keys()
    assert where.data["result"] == 52.5
    assert [one.error_code for one in (nothing, chapter, stop)] == ["invalid_argument"] * 3


@pytest.fixture
def ffprobe() -> str:
    """A program that reads videos, which comes with the one that makes them."""
    found = shutil.which("ffprobe")
    if found is None:
        skip = pytest.fail if os.environ.get("MCP_TEST_REQUIRE") == "all" else pytest.skip
        skip("ffmpeg is not installed")
    return found


@each_revision
async def test_a_video_shows_what_happened(
    browse: Browse, site: Site, ok: Any, revision: str, tmp_path: Path, ffprobe: str
) -> None:
    """Case 29: with chapters and actions, of the time that was recorded; a tab that closes leaves what it has shown."""
    files = [tmp_path / "clicks.webm", tmp_path / "closed.webm"]
    async with browse(revision=revision, snapshot="none") as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/form"))
        ok(await client.call("browser_start_video", size={"width": 321, "height": 241}, fps=10))
        twice = await client.call("browser_start_video")
        ok(await client.call("browser_video_show_actions"))
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


async def test_the_configuration_is_shown_without_what_is_private(browse: Browse, ok: Any, tmp_path: Path) -> None:
    async with browse(output_dir=tmp_path, proxy_server="http://127.0.0.1:9", max_tabs=3) as client:
        shown = ok(await client.call("browser_get_config"))
    told = shown.data["result"]
    assert told["maxTabs"] == 3
    assert (told["outputDir"], told["proxyServer"]) == ("(set)", "(set)")
    assert str(tmp_path) not in str(shown.raw)


async def test_what_a_page_offers_itself_needs_a_browser_that_lets_it(browse: Browse, site: Site, ok: Any) -> None:
    async with browse() as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/blank"))
        result = await client.call("browser_webmcp_list")
    assert result.error_code == "unsupported" or result.data["result"]["tools"] == []
