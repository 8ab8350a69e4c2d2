"""Opening pages and acting on them, black box: cases 1 to 10."""

import re
import time
from typing import Any

import pytest
from lanes_of_tests import Lane, Reply

Site = Any
SHOWN_BYTES = 15_500
LISTED_BYTES = 34_000


def ref_of(reply: Reply, name: str) -> str:
    found = re.search(rf"{re.escape(name)}(?: \[[a-z=0-9]+\])*? \[ref=((?:f\d+)?e\d+)\]", reply.text)
    assert found, f"{name} is not in {reply.text[:2000]}"
    return found[1]


async def test_a_page_is_opened_and_told(lane: Lane, site: Site) -> None:
    """Case 4."""
    async with lane.visitor() as own:
        reply = await own.do("browser_navigate", url=f"{site.url}/form")
    page = reply.data["page"]
    assert (page["url"], page["title"], page["status"]) == (f"{site.url}/form", "Form", 200)
    assert 'textbox "User" [ref=' in reply.data["snapshot"]["text"]
    assert reply.text.endswith("Snapshot:\n" + reply.data["snapshot"]["text"])
    assert reply.data["untrusted"] is True


async def test_a_host_that_calls_the_target_ref_succeeds(lane: Lane, site: Site) -> None:
    """Case 3."""
    async with lane.visitor() as own:
        page = await own.do("browser_navigate", url=f"{site.url}/form")
        await own.do("browser_click", ref=ref_of(page, 'button "Idle"'), element="the idle button")
        assert await own.code("browser_click", ref="e1", target="e2") == "invalid_argument"


@pytest.mark.parametrize(
    ("arguments", "name"),
    [({}, "target"), ({"target": 7}, "target"), ({"target": "e1", "surprise": 1}, "surprise")],
)
async def test_wrong_arguments_are_told_by_name(unlisted: Lane, arguments: dict[str, Any], name: str) -> None:
    """Case 5."""
    reply = Reply(await unlisted.client.call_tool("browser_click", arguments))
    assert reply.error_code == "invalid_argument"
    assert name in reply.text


async def test_what_is_typed_and_sent_shows_as_a_diff(lane: Lane, site: Site) -> None:
    """Case 6."""
    async with lane.visitor() as own:
        page = await own.do("browser_navigate", url=f"{site.url}/form")
        await own.do("browser_type", target=ref_of(page, 'textbox "User"'), text="bob")
        reply = await own.do("browser_click", target=ref_of(page, 'button "Go"'))
    snapshot = reply.data["snapshot"]
    assert snapshot["mode"] == "diff"
    assert "hi bob" in snapshot["text"]
    assert "Volume" not in snapshot["text"]


async def test_a_whole_form_is_filled_and_posted_and_one_bad_field_hides_no_other(lane: Lane, site: Site) -> None:
    """Case 7."""
    fields = [
        {"target": "[name=u]", "type": "textbox", "value": "bob"},
        {"target": "[name=c]", "type": "combobox", "value": "green"},
        {"target": "[name=agree]", "type": "checkbox", "value": "true"},
        {"target": "[name=size]", "type": "radio", "value": "true"},
        {"target": "[name=volume]", "type": "slider", "value": "7"},
    ]
    async with lane.visitor() as own:
        await own.do("browser_navigate", url=f"{site.url}/post")
        bad = await own.call("browser_fill_form", fields=[{**fields[0], "target": "e999"}, fields[0]])
        filled = await own.do("browser_fill_form", fields=fields)
        await own.do("browser_click", target="text=Send")
    assert bad.error_code == "stale_ref"
    assert "[name=u]: ok" in bad.text
    assert [one["ok"] for one in filled.data["result"]["fields"]] == [True] * 5
    assert site.posts[-1] == ("/echo", b"u=bob&password=&c=green&agree=on&size=l&volume=7")


async def test_several_options_and_one_that_does_not_exist(lane: Lane, site: Site) -> None:
    """Case 8."""
    async with lane.visitor() as own:
        await own.do("browser_navigate", url=f"{site.url}/form")
        both = await own.do("browser_select_option", target="#m", values=["1", "three"])
        wrong = await own.call("browser_select_option", target="#m", values=["four"])
    assert both.data["result"]["selected"] == ["1", "3"]
    assert wrong.error_code == "invalid_argument"
    assert "'one', 'two', 'three'" in wrong.text


async def test_frames_shadow_roots_dragging_keys_and_menus(lane: Lane, site: Site) -> None:
    """Case 9."""
    async with lane.visitor() as own:
        page = await own.do("browser_navigate", url=f"{site.url}/iframe", waitUntil="load")
        inner = await own.do("browser_click", target=ref_of(page, 'button "Inner"'), snapshot="diff")
        shadow = await own.do("browser_click", target=ref_of(page, 'button "Shadow"'), snapshot="diff")
        await own.do("browser_navigate", url=f"{site.url}/play")
        dragged = await own.do("browser_drag", startTarget="#src", endTarget="#dst", snapshot="diff")
        await own.do("browser_press_key", key="Control+A", target="[aria-label=Field]", snapshot="diff")
        emptied = await own.do("browser_press_key", key="Delete", snapshot="diff")
        hovered = await own.do("browser_hover", target="#menu", snapshot="diff")
    assert "inner clicked" in inner.data["snapshot"]["text"]
    assert "shadow clicked" in shadow.data["snapshot"]["text"]
    assert "dropped x" in dragged.text
    assert "some words" not in emptied.text.split("+   - textbox")[1]
    assert "Entry" in hovered.text


async def test_waiting_for_text_that_comes_and_text_that_does_not(lane: Lane, site: Site) -> None:
    """Case 10."""
    async with lane.visitor() as own:
        await own.do("browser_navigate", url=f"{site.url}/wait", snapshot="none")
        began = time.monotonic()
        await own.do("browser_wait_for", text="ready now")
        soon = time.monotonic() - began
        began = time.monotonic()
        assert await own.code("browser_wait_for", text="never comes", timeoutMs=300) == "timeout"
        late = time.monotonic() - began
        assert await own.code("browser_wait_for", time=999) == "invalid_argument"
    assert soon < 1
    assert 0.25 < late < 0.6 + 0.3
