"""Dialogs, choosers and whatever else a page puts before everything."""

import asyncio
import time
from typing import Any

import pytest

Browse = Any
Site = Any
each_revision = pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])


async def test_confirm_and_prompt_get_their_answers(browse: Browse, site: Site, ok: Any) -> None:
    """Case 31."""
    async with browse(snapshot="full") as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/dialogs"))
        ok(await client.call("browser_click", target="text=Confirm"))
        declined = ok(await client.call("browser_handle_dialog", accept=False))
        asked = ok(await client.call("browser_click", target="text=Prompt"))
        named = ok(await client.call("browser_handle_dialog", accept=True, promptText="ann"))
        none = await client.call("browser_handle_dialog", accept=True)
        ok(await client.call("browser_click", target="text=Prompt"))
        suggested = ok(await client.call("browser_handle_dialog", accept=True))
    assert "status [ref=" in declined.text
    assert "false" in declined.text
    assert asked.data["modal"]["default"] == "nobody"
    assert "name ann" in named.text
    assert "name nobody" in suggested.text
    assert none.error_code == "invalid_argument"


async def test_a_dialog_that_opens_while_something_is_waited_for_ends_the_wait(
    browse: Browse, site: Site, ok: Any
) -> None:
    async with browse() as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/dialogs"))
        ok(await client.call("browser_evaluate", function="() => { setTimeout(() => alert('late'), 800) }"))
        began = time.monotonic()
        result = ok(await client.call("browser_wait_for", text="never comes", timeoutMs=5000))
        assert time.monotonic() - began < 4
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


async def test_a_dialog_that_nobody_answers_is_dismissed(browse: Browse, site: Site, ok: Any) -> None:
    """Case 32."""
    async with browse(timeout_dialog=1, snapshot="none") as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/dialogs"))
        opened = ok(await client.call("browser_click", target="text=Confirm"))
        events: list[dict[str, Any]] = opened.data.get("events", [])
        async with asyncio.timeout(10):
            while "dialog_dismissed" not in [event["kind"] for event in events]:
                events = ok(await client.call("browser_tabs", action="list")).data.get("events", [])
        answered = ok(await client.call("browser_evaluate", function="() => out.textContent"))
    assert opened.data["modal"]["kind"] == "confirm"
    assert "sure?" in str(events)
    assert answered.data["result"] == "false"
