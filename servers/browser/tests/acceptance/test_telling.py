"""Dialogs, consoles, requests and subscriptions, black box: cases 31 to 35."""

import asyncio
import time
from typing import Any

from lanes_of_tests import Lane

Site = Any


async def test_dialogs_answer_at_once_and_are_answered(lane: Lane, site: Site) -> None:
    """Case 31."""
    async with lane.visitor() as own:
        await own.do("browser_navigate", url=f"{site.url}/dialogs")
        began = time.monotonic()
        opened = await own.do("browser_click", target="text=Alert")
        assert time.monotonic() - began < 1
        assert opened.data["modal"] == {"kind": "alert", "message": "boo", "default": ""}
        meanwhile = await own.call("browser_snapshot")
        await own.do("browser_handle_dialog", accept=True)
        asked = await own.do("browser_click", target="text=Prompt")
        named = await own.do("browser_handle_dialog", accept=True, promptText="ann", snapshot="full")
        await own.do("browser_type", target="[aria-label=field]", text="x", snapshot="none")
        await own.do("browser_click", target="text=Hold", snapshot="none")
        held = await own.do("browser_navigate", url=f"{site.url}/form", snapshot="none")
        await own.do("browser_handle_dialog", accept=True)
        await own.do("browser_wait_for", url="**/form")
    assert meanwhile.error_code == "modal_open"
    assert "browser_handle_dialog" in meanwhile.text
    assert asked.data["modal"]["default"] == "nobody"
    assert "name ann" in named.text
    assert held.data["modal"]["kind"] == "beforeunload"


async def test_printing_authentication_permissions_and_choosers_never_hang(lane: Lane, site: Site) -> None:
    """Case 32."""
    where = "() => new Promise(done => navigator.geolocation.getCurrentPosition(() => done('yes'), e => done(e.code)))"
    async with lane.visitor() as own:
        await own.do("browser_navigate", url=f"{site.url}/dialogs", snapshot="none")
        began = time.monotonic()
        await own.do("browser_click", target="text=Print", snapshot="none")
        place = await own.run(where)
        who = await own.call("browser_navigate", url=f"{site.url}/auth", snapshot="none")
        await own.do("browser_navigate", url=f"{site.url}/upload", snapshot="none")
        await own.do("browser_click", target="[aria-label=File]", snapshot="none")
        await own.do("browser_snapshot")
        assert time.monotonic() - began < 12
    assert place == 1
    assert who.is_error or who.data["page"]["status"] == 401
    assert "filechooser" in [event["kind"] for event in own.told]


async def test_the_console_is_counted_filtered_and_continued(lane: Lane, site: Site) -> None:
    """Case 33."""
    async with lane.visitor() as own:
        await own.do("browser_navigate", url=f"{site.url}/console", waitUntil="load", snapshot="none")
        await own.event("console_error")
        async with asyncio.timeout(5):
            while (
                worst := await own.do("browser_console_messages", level="error")
            ).data["result"]["errors"] < 2:  # fmt: skip
                pass
        everything = await own.do("browser_console_messages", level="debug")
        last = everything.data["result"]["lastId"]
        none = await own.do("browser_console_messages", sinceId=last)
        await own.do("browser_click", target="text=Err", snapshot="none")
        newer = await own.do("browser_console_messages", sinceId=last)
    assert {one["level"] for one in everything.data["result"]["entries"]} == {"info", "warning", "error", "debug"}
    assert "nobody caught me" in worst.text
    assert none.data["result"]["entries"] == []
    assert [one["text"] for one in newer.data["result"]["entries"]] == ["clicked error"]


async def test_a_listener_hears_soon_not_too_often_and_of_its_own_only(lane: Lane, site: Site) -> None:
    """Case 34."""
    async with lane.visitor() as one, lane.visitor() as two, asyncio.timeout(20):
        for own in (one, two):
            await own.do("browser_navigate", url=f"{site.url}/blank", snapshot="none")
        mine = f"browser://{one.session}/tabs/t1/console"
        heard: list[str | None] = []
        async with lane.client.listen(uris=[mine]) as changes:
            await two.run("() => console.log('not for you')")
            began = time.monotonic()
            await one.run("() => { for (let i = 0; i < 200; i++) console.log(i) }")
            heard.append((await anext(changes)).uri)
            assert time.monotonic() - began < 1
            while time.monotonic() - began < 1.2:
                await one.run("() => console.log('more')")
            spent = time.monotonic() - began
            while time.monotonic() - began < spent + 0.3:
                try:
                    async with asyncio.timeout(0.3):
                        heard.append((await anext(changes)).uri)
                except TimeoutError:
                    break
    assert set(heard) == {mine}
    assert 1 <= len(heard) <= 4 * spent + 3


async def test_requests_are_listed_and_shown_without_credentials(lane: Lane, site: Site) -> None:
    """Case 35."""
    async with lane.visitor() as own:
        await own.do("browser_navigate", url=f"{site.url}/net", waitUntil="load", snapshot="none")
        await own.do("browser_click", target="text=Load", snapshot="none")
        usual = await own.do("browser_network_requests")
        everything = await own.do("browser_network_requests", static=True)
        entries = everything.data["result"]["entries"]
        number = next(one["id"] for one in entries if one["url"].endswith("/api"))
        picture = next(one["id"] for one in entries if one["url"].endswith("/pixel.png"))
        whole = await own.do("browser_network_request", id=number)
        body = await own.do("browser_network_request", index=number, part="response-body")
        binary = await own.do("browser_network_request", index=picture, part="response-body")
    assert "pixel.png" not in usual.text
    assert body.data["result"]["text"] == '{"answer": 42}'
    assert binary.data["result"]["text"].endswith("bytes of image/png]")
    assert "ann" in whole.text
    for secret in ("tok-12345", "topsecret", "hunter2secret"):
        assert secret not in whole.text
