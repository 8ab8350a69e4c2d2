"""Arguments at and beyond their limits, of wrong kinds, and such as exclude each other."""

from typing import Any

Browse = Any
Site = Any
CAPS = ["vision", "pdf", "storage", "network", "testing", "devtools", "config"]
# Tool, arguments that are refused, words of the refusal.
REFUSED: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("navigate", {"url": 7}, "`url` must be a string"),
    ("navigate", {"url": "https://a.example", "waitUntil": "soon"}, '"networkidle"'),
    ("navigate", {}, "url"),
    ("snapshot", {"depth": 0}, "between 1 and 1000, got 0"),
    ("snapshot", {"depth": 1001}, "between 1 and 1000, got 1001"),
    ("snapshot", {"maxChars": 0}, "between 1 and 200000, got 0"),
    ("snapshot", {"maxChars": 200_001}, "between 1 and 200000, got 200001"),
    ("snapshot", {"target": "x" * 2001}, "at most 2000 characters"),
    ("find", {}, "either `text` or `regex`"),
    ("find", {"text": "a", "regex": "a"}, "either `text` or `regex`"),
    ("find", {"regex": "("}, "missing ): ("),
    ("find", {"text": "a", "limit": 0}, "between 1 and 500, got 0"),
    ("find", {"text": "a", "limit": 501}, "between 1 and 500, got 501"),
    ("find", {"text": "a", "context": 51}, "between 0 and 50, got 51"),
    ("click", {"target": "#u", "modifiers": ["Hyper"]}, "there are Alt, Control"),
    ("click", {"target": "#u", "button": "fourth"}, '"middle"'),
    ("click", {"target": "#u", "position": {"x": 1}}, "two numbers"),
    ("click", {"target": "#u", "position": {"x": "1", "y": 2}}, "two numbers"),
    ("click", {"target": "#u", "timeoutMs": 0}, "between 1 and 120000, got 0"),
    ("click", {"target": "#u", "timeoutMs": 120_001}, "between 1 and 120000, got 120001"),
    ("click", {"target": "#u", "snapshot": "half"}, "auto, diff, full and none"),
    ("drop", {"target": "#u"}, "`paths` or `data`"),
    ("drop", {"target": "#u", "data": {"text/plain": 7}}, "data"),
    ("scroll", {"amount": 0}, "between 1 and 100000, got 0"),
    ("scroll", {"amount": 100_001}, "between 1 and 100000, got 100001"),
    ("scroll", {"to": "middle"}, '"bottom"'),
    ("type", {"target": "#u", "text": "x" * 200_001}, "200000 can be typed"),
    ("press_key", {"key": "a", "count": 0}, "between 1 and 100, got 0"),
    ("press_key", {"key": "a", "count": 101}, "between 1 and 100, got 101"),
    ("press_key", {"key": ""}, "Control+A"),
    ("select_option", {"target": "#c", "values": "red"}, "`values` must be"),
    ("select_option", {"target": "#c", "values": ["red", "blue"]}, "takes one option, got 2"),
    ("fill_form", {"fields": []}, "between 1 and 100, got 0"),
    ("fill_form", {"fields": [{"target": "#u", "type": "textbox", "value": "x"}] * 101}, "between 1 and 100, got 101"),
    ("fill_form", {"fields": [{"target": "#u", "type": "text", "value": "x"}]}, '"textbox"'),
    ("fill_form", {"fields": [{"target": "#u", "value": "x"}]}, "type"),
    ("file_upload", {"paths": []}, "Click what opens one first"),
    ("handle_dialog", {"accept": True}, "No dialog is open"),
    ("wait_for", {}, "`time`, `text`, `textGone`"),
    ("wait_for", {"time": -1}, "between 0 and 30, got -1"),
    ("wait_for", {"time": 30.5}, "between 0 and 30, got 30.5"),
    ("wait_for", {"target": "#u", "state": "happy"}, '"detached"'),
    ("evaluate", {"function": ""}, "between 1 and 200000, got 0"),
    ("evaluate", {"function": "return 5"}, "() => document.title"),
    ("console_messages", {"level": "loud"}, '"warning"'),
    ("console_messages", {"limit": 501}, "between 1 and 500, got 501"),
    ("network_request", {"index": 10_000}, "browser_network_requests lists"),
    ("network_request", {"index": 1, "part": "soul"}, "request-headers"),
    ("take_screenshot", {"quality": 0, "type": "jpeg"}, "between 1 and 100, got 0"),
    ("take_screenshot", {"quality": 101, "type": "jpeg"}, "between 1 and 100, got 101"),
    ("take_screenshot", {"quality": 50}, "jpeg and webp"),
    ("take_screenshot", {"fullPage": True, "target": "#u"}, "give one of them"),
    ("take_screenshot", {"maxWidth": 15}, "between 16 and 8192, got 15"),
    ("take_screenshot", {"type": "gif"}, '"webp"'),
    ("resize", {"width": 0, "height": 10}, "between 1 and 16384, got 0"),
    ("resize", {"width": 10, "height": 16_385}, "between 1 and 16384, got 16385"),
    ("resize", {"width": 10.5, "height": 10}, "an integer"),
    ("tabs", {"action": "select"}, "`index` or `tab`"),
    ("tabs", {"action": "select", "index": 9}, "action=list"),
    ("tabs", {"action": "close", "index": -1}, "action=list"),
    ("tabs", {"action": "list", "url": "https://a.example"}, "action=new"),
    ("session", {"action": "create", "viewport": "wide"}, "`viewport`"),
    ("session", {"action": "create", "timezone": "Mars/Base"}, "`timezone`"),
    ("mouse_click_xy", {"x": 1, "y": 1, "clickCount": 11}, "between 1 and 10, got 11"),
    ("mouse_click_xy", {"x": 1, "y": 1, "delay": 10_000.5}, "between 0 and 10000, got 10000.5"),
    ("cookie_set", {"name": "", "value": "x"}, "`name`"),
    ("cookie_set", {"name": "a", "value": "x", "expires": -5}, "-1, got -5"),
    ("cookie_set", {"name": "a", "value": "x", "sameSite": "None"}, "needs `secure`"),
    ("localstorage_set", {"key": "", "value": "x"}, "`key`"),
    ("route", {"pattern": "**", "status": 99}, "99"),
    ("route", {"pattern": "**", "headers": ["no colon"]}, "`Name: value`"),
    ("route", {"pattern": "**", "headers": ["X: a\r\nY: b"]}, "`Name: value`"),
    ("route", {"pattern": "**", "headers": ["X Y: b"]}, "`Name: value`"),
    ("route", {"pattern": "**", "contentType": "text/plain\n"}, "no header may have"),
    ("pdf_save", {"pageRanges": "9-"}, "Such as 1-3, 5."),
    ("pdf_save", {"pageRanges": "x"}, "Such as 1-3, 5."),
    ("start_video", {"fps": 61}, "61"),
    ("start_video", {"size": {"width": 15, "height": 100}}, "15"),
    ("video_show_actions", {"position": "middle"}, '"bottom-right"'),
    ("video_chapter", {"title": "One"}, "No video is being recorded"),
    ("stop_tracing", {}, "No trace is being recorded"),
    ("har_stop", {}, "No HAR is being recorded"),
    ("emulate", {}, "`geolocation`, `cpuRate` or `networkProfile`"),
    ("emulate", {"cpuRate": 0.5}, "between 1 and 20, got 0.5"),
    ("emulate", {"cpuRate": 20.5}, "between 1 and 20, got 20.5"),
    ("emulate", {"geolocation": {"latitude": 91, "longitude": 0}}, "91"),
)
TAKEN: tuple[tuple[str, dict[str, Any]], ...] = (
    ("snapshot", {"depth": 1, "maxChars": 200_000}),
    ("find", {"regex": "/GO/i", "limit": 500, "context": 50}),
    ("find", {"text": "go", "limit": 1, "context": 0}),
    ("click", {"target": "#idle", "position": {"x": 1, "y": 1.5}, "timeoutMs": 120_000, "modifiers": ["Shift"]}),
    ("scroll", {"amount": 1}),
    ("press_key", {"key": "a", "count": 1}),
    ("type", {"target": "#u", "text": "x" * 200_000, "snapshot": "none"}),
    ("type", {"target": "#u", "text": ""}),
    ("wait_for", {"time": 0}),
    ("resize", {"width": 800.0, "height": 600}),
    ("take_screenshot", {"quality": 1, "type": "webp", "maxWidth": 16}),
    ("take_screenshot", {"filename": "small.jpg", "quality": 100}),
    ("cookie_set", {"name": "a", "value": "x", "expires": -1}),
    ("route", {"pattern": "**/nowhere", "headers": ["X-A:", "X-B:  two words "]}),
    ("pdf_save", {"pageRanges": "1"}),
    ("emulate", {"cpuRate": 1}),
    ("select_option", {"target": "#m", "values": []}),
)


async def test_what_is_refused_says_what_would_work_and_breaks_nothing(browse: Browse, site: Site, ok: Any) -> None:
    async with browse(caps=CAPS, snapshot="none") as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/form"))
        for tool, arguments, words in REFUSED:
            refused = await client.call(f"browser_{tool}", **arguments)
            case = f"{tool} {str(arguments)[:100]}: {refused.text[:300]}"
            assert refused.error_code == "invalid_argument", case
            assert words in refused.text, case
            assert len(refused.text) < 1500, case
        for tool, arguments in TAKEN:
            ok(await client.call(f"browser_{tool}", **arguments))
        page = ok(await client.call("browser_snapshot"))
    assert 'button "Go"' in page.text


async def test_a_picture_is_what_its_name_says(browse: Browse, site: Site, ok: Any) -> None:
    async with browse() as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/form", snapshot="none"))
        named = [
            ok(await client.call("browser_take_screenshot", filename=name)) for name in ("a.JPG", "b.webp", "c.txt")
        ]
        chosen = ok(await client.call("browser_take_screenshot", filename="d.webp", type="jpeg"))
    kinds = [one.data["result"]["mimeType"] for one in (*named, chosen)]
    assert kinds == ["image/jpeg", "image/webp", "image/png", "image/jpeg"]


async def test_null_ends_what_was_emulated_and_leaving_out_does_not(browse: Browse, site: Site, ok: Any) -> None:
    look = "() => ['(prefers-color-scheme: dark)', 'print'].map(q => matchMedia(q).matches)"
    async with browse(snapshot="none") as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/form"))
        ok(await client.call("browser_emulate_media", colorScheme="dark", media="print"))
        ok(await client.call("browser_emulate_media", reducedMotion="reduce"))
        both = ok(await client.call("browser_evaluate", function=look))
        ok(await client.call("browser_emulate_media", colorScheme=None, media=None))
        neither = ok(await client.call("browser_evaluate", function=look))
    assert both.data["result"] == [True, True]
    assert neither.data["result"] == [False, False]


async def test_what_failed_to_load_is_listed_though_it_is_static(browse: Browse, site: Site, ok: Any) -> None:
    load = "() => new Promise(done => { const i = new Image(); i.onerror = done; i.src = '/missing.png'; })"
    async with browse(snapshot="none") as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/form"))
        ok(await client.call("browser_evaluate", function=load))
        listed = ok(await client.call("browser_network_requests"))
        number = listed.data["result"]["entries"][-1]["id"]
        nothing = ok(await client.call("browser_network_request", index=number, part="request-body"))
    assert "missing.png => 404" in listed.text
    assert "has no request-body" in nothing.text
