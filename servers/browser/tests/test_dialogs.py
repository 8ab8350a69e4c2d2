"""Dialogs, choosers and whatever else a page puts before everything."""

import asyncio
import time
from typing import Any

import pytest

Browse = Any
Site = Any
each_revision = pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])


@each_revision
async def test_a_click_that_opens_an_alert_answers_at_once(browse: Browse, site: Site, ok: Any, revision: str) -> None:
    """Case 31."""
    async with browse(revision=revision) as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/dialogs"))
        began = time.monotonic()
        opened = ok(await client.call("browser_click", target="text=Alert"))
        assert time.monotonic() - began < 1
        assert opened.data["modal"] == {"kind": "alert", "message": "boo", "default": ""}
        meanwhile = await client.call("browser_snapshot")
        assert meanwhile.error_code == "modal_open"
        assert "browser_handle_dialog" in meanwhile.text
        ok(await client.call("browser_handle_dialog", accept=True))
        after = ok(await client.call("browser_snapshot"))
    assert 'button "Alert"' in after.text


async def test_confirm_and_prompt_get_their_answers(browse: Browse, site: Site, ok: Any) -> None:
    """Case 31."""
    async with browse(snapshot="full") as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/dialogs"))
        ok(await client.call("browser_click", target="text=Confirm"))
        declined = ok(await client.call("browser_handle_dialog", accept=False))
        asked = ok(await client.call("browser_click", target="text=Prompt"))
        named = ok(await client.call("browser_handle_dialog", accept=True, promptText="ann"))
        none = await client.call("browser_handle_dialog", accept=True)
    assert "status [ref=" in declined.text
    assert "false" in declined.text
    assert asked.data["modal"]["default"] == "nobody"
    assert "name ann" in named.text
    assert none.error_code == "invalid_argument"


async def test_leaving_a_page_that_asks_first(browse: Browse, site: Site, ok: Any) -> None:
    """Case 31: beforeunload."""
    async with browse(snapshot="none") as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/dialogs"))
        ok(await client.call("browser_type", target="[aria-label=field]", text="x"))
        ok(await client.call("browser_click", target="text=Hold"))
        held = ok(await client.call("browser_navigate", url=f"{site.url}/form"))
        assert held.data["modal"]["kind"] == "beforeunload"
        stayed = ok(await client.call("browser_handle_dialog", accept=False))
        assert stayed.data["page"]["title"] == "Dialogs"
        ok(await client.call("browser_navigate", url=f"{site.url}/form"))
        ok(await client.call("browser_handle_dialog", accept=True))
        ok(await client.call("browser_wait_for", url="**/form"))
        left = ok(await client.call("browser_snapshot"))
    assert left.data["page"]["title"] == "Form"


async def test_a_dialog_that_opens_while_something_is_waited_for_ends_the_wait(
    browse: Browse, site: Site, ok: Any
) -> None:
    async with browse() as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/dialogs"))
        ok(await client.call("browser_click", target="text=Later", snapshot="none"))
        began = time.monotonic()
        result = ok(await client.call("browser_wait_for", text="never comes", timeoutMs=5000))
        assert time.monotonic() - began < 2
    assert result.data["modal"]["message"] == "late"


@pytest.mark.parametrize("mode", ["accept", "dismiss"])
async def test_the_operator_can_answer_all_dialogs(browse: Browse, site: Site, ok: Any, mode: str) -> None:
    async with browse(dialogs=mode) as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/dialogs"))
        ok(await client.call("browser_click", target="text=Confirm"))
        async with asyncio.timeout(5):
            while True:
                result = await client.call("browser_snapshot")
                if not result.is_error:
                    break
        more = ok(await client.call("browser_evaluate", function="() => out.textContent"))
    assert more.data["result"] == ("true" if mode == "accept" else "false")


async def test_printing_authentication_permissions_and_choosers_never_hang(browse: Browse, site: Site, ok: Any) -> None:
    """Case 32."""
    ask = "() => navigator.permissions.query({name: 'geolocation'}).then(p => p.state)"
    where = (
        """() => new Promise(done => navigator.geolocation.getCurrentPosition(() => done('yes'), e => done(e.code)))"""
    )
    async with browse(snapshot="none") as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/dialogs"))
        began = time.monotonic()
        ok(await client.call("browser_click", target="text=Print"))
        state = ok(await client.call("browser_evaluate", function=ask)).data["result"]
        place = ok(await client.call("browser_evaluate", function=where)).data["result"]
        who = await client.call("browser_navigate", url=f"{site.url}/auth")
        ok(await client.call("browser_navigate", url=f"{site.url}/upload"))
        opened = ok(await client.call("browser_click", target="[aria-label=File]"))
        ok(await client.call("browser_snapshot"))
        assert time.monotonic() - began < 12
    assert state in {"denied", "prompt"}
    assert place == 1
    assert who.is_error or who.data["page"]["status"] == 401
    assert "filechooser" in [event["kind"] for event in opened.data["events"]]
