"""The optional toolsets: mouse by coordinates, storage, network, checks of tests, developer tools, configuration."""

import json
from pathlib import Path
from typing import Any

import pytest
from lanes_of_tests import REVISIONS, Visitor, client_of

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
        ok(await client.call("browser_evaluate", function="() => { p.value = 'preset pass' }"))
        kept = await client.call("browser_verify_value", type="textbox", target="#p", value="x")
    assert python.data["result"]["locator"] == 'page.get_by_role("textbox", name="User")'
    assert typescript.data["result"]["locator"] == 'page.getByRole("textbox", { name: "User" })'
    assert [one.is_error for one in good] == [False] * 6
    assert [one.error_code for one in bad] == ["no_match"] * 4
    assert "it holds 'bob'" in bad[3].text
    assert (kept.error_code, "preset" in kept.text) == ("no_match", False)


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


async def test_the_configuration_is_shown_without_what_is_private(browse: Browse, ok: Any, tmp_path: Path) -> None:
    async with browse(output_dir=tmp_path, proxy_server="http://127.0.0.1:9", max_tabs=3) as client:
        shown = ok(await client.call("browser_get_config"))
    told = shown.data["result"]
    assert told["maxTabs"] == 3
    assert (told["outputDir"], told["proxyServer"]) == ("(set)", "(set)")
    assert str(tmp_path) not in str(shown.raw)


async def test_tools_that_a_page_offers_are_listed_and_called(chromium: str, site: Site) -> None:
    """In a browser of its own: the shared one was started without them."""
    del chromium
    offer = """() => { const here = navigator.modelContext || document.modelContext; if (!here) return false;
      here.registerTool({name: 'add', description: 'Adds.', execute: async i => `sum ${i.a + i.b}`,
        inputSchema: {type: 'object', properties: {a: {type: 'number'}, b: {type: 'number'}}}}); return true; }"""
    async with client_of("stdio", REVISIONS[1], "--caps", "webmcp", "--allowed-origins", site.url) as client:
        made = await client.call_tool("browser_session", {"action": "create"})
        own = Visitor(client, made.structured_content["session"])
        await own.do("browser_navigate", url=f"{site.url}/blank", snapshot="none")
        none = await own.call("browser_webmcp_list")
        if not await own.run(offer):
            pytest.skip("this browser has no WebMCP")
        listed = await own.do("browser_webmcp_list")
        called = await own.do("browser_webmcp_call", name="add", input={"a": 1, "b": 2})
        missing = await own.code("browser_webmcp_call", name="subtract")
    assert none.data["result"]["tools"] == []
    [tool] = listed.data["result"]["tools"]
    assert (tool["name"], sorted(tool["inputSchema"]["properties"])) == ("add", ["a", "b"])
    assert "sum 3" in called.text
    assert missing == "failed"
