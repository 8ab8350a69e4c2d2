"""Acting on pages by ref and selector, in both eras."""

import time
from typing import Any

import pytest

Browse = Any
Site = Any
each_revision = pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])


@each_revision
async def test_a_page_is_opened_and_told(browse: Browse, site: Site, ok: Any, revision: str) -> None:
    """Case 4."""
    async with browse(revision=revision) as client:
        result = ok(await client.call("browser_navigate", url=f"{site.url}/form"))
    page = result.data["page"]
    assert (page["url"], page["title"], page["status"]) == (f"{site.url}/form", "Form", 200)
    assert 'textbox "User" [ref=' in result.data["snapshot"]["text"]
    assert result.text.endswith("Snapshot:\n" + result.data["snapshot"]["text"])
    assert result.data["untrusted"] is True


@each_revision
async def test_a_host_that_calls_the_target_ref_succeeds(
    browse: Browse, site: Site, ok: Any, ref: Any, revision: str
) -> None:
    """Case 3."""
    async with browse(revision=revision) as client:
        page = ok(await client.call("browser_navigate", url=f"{site.url}/form"))
        ok(await client.call("browser_click", ref=ref(page, 'button "Idle"'), element="the idle button"))
        both = await client.call("browser_click", ref="e1", target="e2")
    assert both.error_code == "invalid_argument"


@each_revision
async def test_what_is_typed_and_sent_shows_as_a_diff(
    browse: Browse, site: Site, ok: Any, ref: Any, revision: str
) -> None:
    """Case 6."""
    async with browse(revision=revision) as client:
        page = ok(await client.call("browser_navigate", url=f"{site.url}/form"))
        ok(await client.call("browser_type", target=ref(page, 'textbox "User"'), text="bob"))
        result = ok(await client.call("browser_click", target=ref(page, 'button "Go"')))
    snapshot = result.data["snapshot"]
    assert snapshot["mode"] == "diff"
    assert "hi bob" in snapshot["text"]
    assert "listitem" not in snapshot["text"].replace("- listitem: one", "")
    assert "Volume" not in snapshot["text"]


async def test_typing_and_submitting_by_enter(browse: Browse, site: Site, ok: Any) -> None:
    async with browse() as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/form"))
        ok(await client.call("browser_type", target="#u", text="ann", slowly=True))
        result = ok(await client.call("browser_type", target="#u", text="a", clear=False, submit=True))
    assert "hi anna" in result.text


async def test_a_whole_form_is_filled_and_posted(browse: Browse, site: Site, ok: Any) -> None:
    """Case 7."""
    fields = [
        {"target": "[name=u]", "type": "textbox", "value": "bob"},
        {"target": "[name=c]", "type": "combobox", "value": "green"},
        {"target": "[name=agree]", "type": "checkbox", "value": "true", "name": "agreement"},
        {"target": "[name=size]", "type": "radio", "value": "true", "element": "large"},
        {"target": "[name=volume]", "type": "slider", "value": "7"},
    ]
    async with browse() as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/post"))
        filled = ok(await client.call("browser_fill_form", fields=fields))
        ok(await client.call("browser_click", target="text=Send"))
    assert [one["ok"] for one in filled.data["result"]["fields"]] == [True] * 5
    assert site.posts[-1] == ("/echo", b"u=bob&password=&c=green&agree=on&size=l&volume=7")


async def test_a_field_that_fails_does_not_hide_the_others(browse: Browse, site: Site, ok: Any) -> None:
    """Case 7."""
    fields = [
        {"target": "e999", "type": "textbox", "value": "x"},
        {"target": "[name=u]", "type": "textbox", "value": "bob"},
    ]
    async with browse() as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/post"))
        result = await client.call("browser_fill_form", fields=fields)
        value = ok(await client.call("browser_evaluate", function="() => document.querySelector('[name=u]').value"))
    assert result.error_code == "stale_ref"
    assert "[name=u]: ok" in result.text
    assert value.data["result"] == "bob"


async def test_several_options_and_one_that_does_not_exist(browse: Browse, site: Site, ok: Any) -> None:
    """Case 8."""
    async with browse() as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/form"))
        both = ok(await client.call("browser_select_option", target="#m", values=["1", "three"]))
        wrong = await client.call("browser_select_option", target="#m", values=["four"])
    assert both.data["result"]["selected"] == ["1", "3"]
    assert wrong.error_code == "invalid_argument"
    assert "'one', 'two', 'three'" in wrong.text


async def test_clicks_reach_frames_and_shadow_roots(browse: Browse, site: Site, ok: Any, ref: Any) -> None:
    """Case 9."""
    async with browse() as client:
        page = ok(await client.call("browser_navigate", url=f"{site.url}/iframe", waitUntil="load"))
        inner = ok(await client.call("browser_click", target=ref(page, 'button "Inner"'), snapshot="diff"))
        shadow = ok(await client.call("browser_click", target=ref(page, 'button "Shadow"'), snapshot="diff"))
    assert "inner clicked" in inner.data["snapshot"]["text"]
    assert "shadow clicked" in shadow.data["snapshot"]["text"]


async def test_dragging_dropping_keys_and_menus(browse: Browse, site: Site, ok: Any) -> None:
    """Case 9."""
    async with browse(snapshot="diff") as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/play"))
        dragged = ok(await client.call("browser_drag", startTarget="#src", endTarget="#dst"))
        dropped = ok(await client.call("browser_drop", target="#dst", data={"text/plain": "words"}))
        ok(await client.call("browser_press_key", key="Control+A", target="[aria-label=Field]"))
        emptied = ok(await client.call("browser_press_key", key="Delete"))
        hovered = ok(await client.call("browser_hover", target="#menu"))
    assert "dropped x" in dragged.text
    assert "dropped words" in dropped.text
    assert '+   - textbox "Field"' in emptied.text
    assert "some words" not in emptied.text.split("+   - textbox")[1]
    assert "Entry" in hovered.text


async def test_scrolling_goes_where_it_is_asked(browse: Browse, site: Site, ok: Any) -> None:
    position = "() => Math.round(scrollY)"
    async with browse(snapshot="none") as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/play"))
        ok(await client.call("browser_scroll", to="bottom"))
        bottom = (await client.call("browser_evaluate", function=position)).data["result"]
        ok(await client.call("browser_scroll", to="top"))
        top = (await client.call("browser_evaluate", function=position)).data["result"]
        ok(await client.call("browser_scroll", target="text=Bottom"))
        seen = (await client.call("browser_evaluate", function=position)).data["result"]
    assert bottom > 2000
    assert top == 0
    assert seen > 2000


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("e12345", "stale_ref"),
        ("#nothing", "no_match"),
        ("li", "ambiguous"),
        ("a[[b", "invalid_argument"),
        ("", "invalid_argument"),
    ],
)
async def test_a_target_that_is_no_one_element_says_why(
    browse: Browse, site: Site, ok: Any, target: str, code: str
) -> None:
    async with browse() as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/form"))
        began = time.monotonic()
        result = await client.call("browser_click", target=target)
    assert result.error_code == code
    assert time.monotonic() - began < 2


async def test_what_is_covered_cannot_be_clicked_and_says_so(browse: Browse, site: Site, ok: Any) -> None:
    cover = "() => document.body.insertAdjacentHTML('beforeend', '<div style=\"position:fixed;inset:0\">cover</div>')"
    async with browse() as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/form"))
        ok(await client.call("browser_evaluate", function=cover))
        result = await client.call("browser_click", target="#idle", timeoutMs=500)
    assert result.error_code == "timeout"
    assert "another element (<div>) covers it" in result.text


async def test_a_page_that_cannot_be_had_does_not_disturb_the_next_one(browse: Browse, site: Site, ok: Any) -> None:
    async with browse(allowed_origins=[site.url, "http://127.0.0.1:1"], snapshot="none") as client:
        for _ in range(3):
            failed = await client.call("browser_navigate", url="http://127.0.0.1:1/")
            page = ok(await client.call("browser_navigate", url=f"{site.url}/form"))
            assert failed.error_code == "failed"
            assert page.data["page"]["title"] == "Form"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("idle.disabled = true", "it is disabled. Do first"),
        ("idle.style.visibility = 'hidden'", "it is not visible"),
        ("document.body.inert = true", "it is inert"),
        ("idle.onclick = () => { const end = Date.now() + 1200; while (Date.now() < end); }", "it was clicked, and"),
    ],
)
async def test_why_a_click_did_not_happen_is_told(browse: Browse, site: Site, ok: Any, change: str, says: str) -> None:
    async with browse() as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/form"))
        ok(await client.call("browser_evaluate", function=f"() => {{ {change} }}"))
        result = await client.call("browser_click", target="#idle", timeoutMs=400)
    assert result.error_code == "timeout"
    assert "within 0.4 s: " in result.text
    assert says in result.text


async def test_waiting_for_text_that_comes_and_text_that_does_not(browse: Browse, site: Site, ok: Any) -> None:
    """Case 10."""
    async with browse() as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/wait"))
        began = time.monotonic()
        ok(await client.call("browser_wait_for", text="ready now"))
        soon = time.monotonic() - began
        ok(await client.call("browser_wait_for", textGone="going"))
        began = time.monotonic()
        never = await client.call("browser_wait_for", text="never comes", timeoutMs=700)
        late = time.monotonic() - began
        long = await client.call("browser_wait_for", time=999)
        bare = await client.call("browser_wait_for")
    assert soon < 1
    assert never.error_code == "timeout"
    assert 0.65 < late < 1.0
    assert (long.error_code, bare.error_code) == ("invalid_argument", "invalid_argument")


@pytest.mark.parametrize(
    ("arguments", "name"),
    [({}, "target"), ({"target": 7}, "target"), ({"target": "e1", "surprise": 1}, "surprise")],
)
async def test_wrong_arguments_are_told_by_name(browse: Browse, arguments: dict[str, Any], name: str) -> None:
    """Case 5."""
    async with browse() as client:
        result = await client.call("browser_click", **arguments)
    assert result.error_code == "invalid_argument"
    assert name in result.text


async def test_back_forward_and_reload(browse: Browse, site: Site, ok: Any) -> None:
    async with browse(snapshot="none") as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/form"))
        ok(await client.call("browser_navigate", url=f"{site.url}/blank"))
        back = ok(await client.call("browser_navigate_back"))
        forward = ok(await client.call("browser_navigate_forward"))
        again = ok(await client.call("browser_reload"))
        nowhere = ok(await client.call("browser_navigate_forward"))
    assert [one.data["page"]["title"] for one in (back, forward, again)] == ["Form", "Blank", "Blank"]
    assert nowhere.data["result"] == {"moved": False}


async def test_size_and_media_of_a_page(browse: Browse, site: Site, ok: Any) -> None:
    look = "() => [innerWidth, innerHeight, matchMedia('(prefers-color-scheme: dark)').matches]"
    async with browse(snapshot="none") as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/form"))
        ok(await client.call("browser_resize", width=640, height=480))
        ok(await client.call("browser_emulate_media", colorScheme="dark"))
        result = ok(await client.call("browser_evaluate", function=look))
    assert result.data["result"] == [640, 480, True]
