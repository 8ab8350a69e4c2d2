"""Corners of pages: frames of other sites, nested shadow roots, canvases, pointers, texts that are there twice."""

from typing import Any

Browse = Any
Site = Any
_FRAMED = """() => new Promise(done => { const f = document.createElement('iframe'); f.onload = () => done(true);
 f.src = 'URL'; document.body.append(f); })"""


async def test_a_frame_of_another_site_is_read_and_acted_on_like_the_page(
    browse: Browse, site: Site, other: Site, ok: Any, ref: Any
) -> None:
    """Case 9."""
    away = other.url.replace("127.0.0.1", "localhost")
    async with browse(allowed_origins=[site.url, away], caps=["testing"]) as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/blank", snapshot="none"))
        ok(await client.call("browser_evaluate", function=_FRAMED.replace("URL", f"{away}/form")))
        page = ok(await client.call("browser_snapshot"))
        ok(await client.call("browser_type", target=ref(page, 'textbox "User"'), text="bob", snapshot="none"))
        ok(await client.call("browser_select_option", target=ref(page, 'combobox "Colour"'), values=["blue"]))
        sent = ok(await client.call("browser_click", target=ref(page, 'button "Go"'), snapshot="diff"))
        ok(await client.call("browser_wait_for", text="hi bob", timeoutMs=2000))
        ok(await client.call("browser_verify_text_visible", text="hi bob"))
        ok(await client.call("browser_verify_element_visible", role="button", accessibleName="Go"))
        ok(
            await client.call(
                "browser_verify_value", type="combobox", target=ref(page, 'combobox "Colour"'), value="blue"
            )
        )
        read = ok(await client.call("browser_get_text"))
        picture = ok(await client.call("browser_take_screenshot", target=ref(page, 'button "Go"')))
        stays = await client.call("browser_wait_for", textGone="hi bob", timeoutMs=300)
        ok(await client.call("browser_evaluate", function="() => document.querySelector('iframe').remove()"))
        ok(await client.call("browser_wait_for", textGone="hi bob", timeoutMs=2000))
        gone = await client.call("browser_click", target=ref(page, 'button "Go"'))
    assert "hi bob" in sent.data["snapshot"]["text"]
    assert "hi bob" in read.text
    assert picture.data["result"]["bytes"] > 100
    assert (stays.error_code, gone.error_code) == ("timeout", "stale_ref")


async def test_a_frame_that_comes_late_is_waited_in(browse: Browse, site: Site, ok: Any) -> None:
    late = f"() => setTimeout(() => document.body.innerHTML = '<iframe src={site.url}/form></iframe>', 200)"
    async with browse(snapshot="none") as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/blank"))
        ok(await client.call("browser_evaluate", function=late))
        ok(await client.call("browser_wait_for", text="Several", timeoutMs=4000))


async def test_what_is_in_closed_shadow_roots_stays_there_and_the_mouse_reaches_it(
    browse: Browse, site: Site, ok: Any
) -> None:
    """Case 15."""
    async with browse(caps=["vision"], snapshot="full") as client:
        page = ok(await client.call("browser_navigate", url=f"{site.url}/corners"))
        read = ok(await client.call("browser_get_text"))
        source = ok(await client.call("browser_get_html"))
        place = await client.call(
            "browser_evaluate",
            function="() => { const r = shut.getBoundingClientRect(); return [r.x + 20, r.y + 10] }",
        )
        x, y = place.data["result"]
        clicked = ok(await client.call("browser_mouse_click_xy", x=x, y=y))
    for told in (page, read, source, clicked):
        assert "hunter2closed" not in told.text
    assert "closed clicked" in clicked.text


async def test_shadow_roots_within_shadow_roots_are_open_to_every_tool(
    browse: Browse, site: Site, ok: Any, ref: Any
) -> None:
    """Case 9."""
    async with browse() as client:
        page = ok(await client.call("browser_navigate", url=f"{site.url}/corners"))
        chosen = ok(await client.call("browser_select_option", target=ref(page, 'combobox "Deeper"'), values=["y"]))
        typed = ok(await client.call("browser_type", target="[aria-label=Deepest]", text="down here"))
        ok(await client.call("browser_click", target='role=button[name="Deep"]'))
    assert chosen.data["result"]["selected"] == ["y"]
    assert "down here" in typed.text


async def test_a_canvas_is_seen_in_a_picture_and_clicked_by_place(browse: Browse, site: Site, ok: Any) -> None:
    async with browse(caps=["vision"], snapshot="full") as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/corners"))
        picture = ok(await client.call("browser_take_screenshot", target="#board"))
        place = await client.call(
            "browser_evaluate", function="e => e.getBoundingClientRect().toJSON()", target="#board"
        )
        box = place.data["result"]
        by_mouse = ok(await client.call("browser_mouse_click_xy", x=box["x"] + 30, y=box["y"] + 40))
        by_element = ok(await client.call("browser_click", target="#board", position={"x": 100, "y": 20}))
        hidden = await client.call("browser_take_screenshot", target="p >> nth=1")
        beside = await client.call("browser_click", target="#board", position={"x": 301, "y": 20}, timeoutMs=300)
    assert any(block.get("mimeType") == "image/png" for block in picture.raw["content"])
    assert "board 30,40" in by_mouse.text
    assert "board 100,20" in by_element.text
    assert (beside.error_code, hidden.error_code) == ("timeout", "unsupported")


async def test_a_page_that_drags_by_pointer_events_sees_the_way_and_not_only_its_end(
    browse: Browse, site: Site, ok: Any
) -> None:
    async with browse(snapshot="full") as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/corners"))
        dragged = ok(await client.call("browser_drag", startTarget="#handle", endTarget="#far"))
    assert "moved true" in dragged.text


async def test_of_a_text_that_is_there_twice_the_visible_one_counts(browse: Browse, site: Site, ok: Any) -> None:
    """Case 10."""
    async with browse(snapshot="none") as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/corners"))
        hidden = await client.call("browser_wait_for", text="twice said", timeoutMs=200)
        ok(await client.call("browser_wait_for", textGone="twice said"))
        ok(await client.call("browser_evaluate", function="() => { second.textContent = 'twice said' }"))
        ok(await client.call("browser_wait_for", text="twice said"))
        stays = await client.call("browser_wait_for", textGone="twice said", timeoutMs=200)
        wrong = await client.call("browser_wait_for", target="a[[b")
        read = ok(await client.call("browser_get_text"))
    assert (hidden.error_code, stays.error_code) == ("timeout", "timeout")
    assert wrong.error_code == "invalid_argument"
    assert "left middle right" in read.text


async def test_half_a_character_spoils_no_answer(browse: Browse, site: Site, ok: Any) -> None:
    """JSON of UTF-8 cannot carry it; scripts of pages can have it anywhere."""
    half = """() => { document.title = 'half \\ud800'; console.log('log \\ud83d'); document.cookie = 'half=\\ud800';
      document.body.innerHTML = '<h1>cut \\udfff off</h1><button>Go</button>' }"""
    async with browse(snapshot="full") as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/blank"))
        ok(await client.call("browser_evaluate", function=half))
        page = ok(await client.call("browser_snapshot"))
        read = ok(await client.call("browser_get_text"))
        source = ok(await client.call("browser_get_html"))
        found = ok(await client.call("browser_find", text="cut"))
        clicked = ok(await client.call("browser_click", target="text=Go"))
        logged = ok(await client.call("browser_console_messages", level="info"))
    assert page.data["page"]["title"] == "half \ufffd"
    for told in (page, read, source, found, clicked):
        assert "cut " in told.text
    assert [one["text"] for one in logged.data["result"]["entries"]] == ["log \ufffd"]
