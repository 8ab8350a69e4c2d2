"""Console, requests, functions in the page, resources and subscriptions."""

import base64
import json
import sys
import time
from typing import Any

import pytest

from mcp_protocol.testing import RpcError

Browse = Any
Site = Any
MANY_KEYS = "() => { const o = {}; for (let i = 0; i < 1e5; i++) o[i] = i; return o }"
each_revision = pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])


async def test_the_console_is_counted_filtered_and_continued(browse: Browse, site: Site, ok: Any) -> None:
    """Case 33."""
    async with browse() as client:
        opened = ok(await client.call("browser_navigate", url=f"{site.url}/console", waitUntil="load"))
        everything = ok(await client.call("browser_console_messages", level="debug"))
        worst = ok(await client.call("browser_console_messages", level="error"))
        last = everything.data["result"]["lastId"]
        none = ok(await client.call("browser_console_messages", sinceId=last))
        ok(await client.call("browser_click", target="text=Err"))
        newer = ok(await client.call("browser_console_messages", sinceId=last))
        ok(await client.call("browser_navigate", url=f"{site.url}/blank"))
        fresh = ok(await client.call("browser_console_messages"))
        old = ok(await client.call("browser_console_messages", all=True, level="error"))
    levels = [one["level"] for one in everything.data["result"]["entries"]]
    assert {"info", "warning", "error", "debug"} == set(levels)
    assert worst.data["result"]["errors"] == 2
    assert "nobody caught me" in worst.text
    assert "console_error" in [event["kind"] for event in opened.data["events"]]
    assert none.data["result"]["entries"] == []
    assert [one["text"] for one in newer.data["result"]["entries"]] == ["clicked error"]
    assert fresh.data["result"]["entries"] == []
    assert old.data["result"]["total"] == 3


async def test_requests_are_listed_and_shown_without_credentials(browse: Browse, site: Site, ok: Any) -> None:
    """Case 35."""
    async with browse(snapshot="none") as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/net", waitUntil="load"))
        ok(await client.call("browser_click", target="text=Load"))
        usual = ok(await client.call("browser_network_requests"))
        everything = ok(await client.call("browser_network_requests", static=True))
        filtered = ok(await client.call("browser_network_requests", filter="/api$"))
        number = filtered.data["result"]["entries"][0]["id"]
        whole = ok(await client.call("browser_network_request", id=number))
        body = ok(await client.call("browser_network_request", index=number, part="response-body"))
        picture = next(one for one in everything.data["result"]["entries"] if one["url"].endswith("/pixel.png"))
        binary = ok(await client.call("browser_network_request", index=picture["id"], part="response-body"))
        wrong = await client.call("browser_network_request", index=number, part="soul")
        missing = await client.call("browser_network_request", index=99999)
    assert "pixel.png" not in usual.text
    assert "pixel.png" in everything.text
    assert len(filtered.data["result"]["entries"]) == 1
    assert body.data["result"]["text"] == '{"answer": 42}'
    assert binary.data["result"]["text"].endswith("bytes of image/png]")
    for secret in ("tok-12345", "topsecret", "hunter2secret"):
        assert secret not in whole.text
    assert "ann" in whole.text
    assert (wrong.error_code, missing.error_code) == ("invalid_argument", "invalid_argument")


async def test_the_operator_can_show_credentials_of_requests(browse: Browse, site: Site, ok: Any) -> None:
    async with browse(show_network_secrets=True, snapshot="none") as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/net"))
        ok(await client.call("browser_click", target="text=Load"))
        filtered = ok(await client.call("browser_network_requests", filter="/api$"))
        whole = ok(await client.call("browser_network_request", id=filtered.data["result"]["entries"][0]["id"]))
    assert "tok-12345" in whole.text


@pytest.mark.parametrize(
    ("function", "value"),
    [
        ("() => ({a: [1, null, true, 'x']})", {"a": [1, None, True, "x"]}),
        ("() => { const o = {n: 1}; o.self = o; return o }", {"n": 1, "self": "[cyclic]"}),
        ("() => [NaN, Infinity, -0, undefined]", ["NaN", "Infinity", 0, None]),
        ("() => 12345678901234567890n", "12345678901234567890n"),
        ("() => ({f: function named() {}, d: new Date(0), e: new Error('bad'), n: document.body})",
         {"f": "[function named]", "d": "1970-01-01T00:00:00.000Z", "e": "Error: bad", "n": "[body]"}),
        ("() => new Map([['k', new Set([1])]])", {"k": [1]}),
        ("() => '\\ud800'", "\ufffd"),
        ("1 + 1", 2),
        ("async () => { await null; return 'later' }", "later"),
        ("() => undefined", None),
    ],
)  # fmt: skip
async def test_whatever_a_function_returns_becomes_strict_json(
    browse: Browse, site: Site, ok: Any, function: str, value: Any
) -> None:
    """Case 42."""
    async with browse() as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/blank", snapshot="none"))
        result = ok(await client.call("browser_evaluate", function=function))
    assert result.data["result"] == value
    assert json.loads(result.text.partition("Text:\n")[2]) == value


@pytest.mark.parametrize(
    "function",
    ["() => 'x'.repeat(100 * 1024 * 1024)", "() => Array(1e6).fill('yyyy')", MANY_KEYS],
)  # fmt: skip
async def test_a_huge_result_stays_within_the_budget(browse: Browse, site: Site, ok: Any, function: str) -> None:
    """Case 42: 100 MB."""
    async with browse() as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/blank", snapshot="none"))
        result = ok(await client.call("browser_evaluate", function=function))
    assert len(result.text) < 45_000
    assert result.data["truncated"] is True


async def test_a_function_that_never_ends_or_fails_is_an_error(browse: Browse, site: Site, ok: Any) -> None:
    async with browse() as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/blank", snapshot="none"))
        began = time.monotonic()
        endless = await client.call("browser_evaluate", function="() => new Promise(() => 0)", timeoutMs=500)
        took = time.monotonic() - began
        failing = await client.call("browser_evaluate", function="() => nothing.there")
        broken = await client.call("browser_evaluate", function="() => {")
        element = ok(await client.call("browser_evaluate", function="e => e.tagName", target="body"))
    assert endless.error_code == "timeout"
    assert took < 1.5
    assert "nothing is not defined" in failing.text
    assert broken.is_error
    assert element.data["result"] == "BODY"
    assert "\x1b" not in failing.text + broken.text
    assert sys.prefix not in failing.text + broken.text
    assert "node_modules" not in failing.text + broken.text


@each_revision
async def test_what_a_session_has_is_listed_read_and_completed(
    browse: Browse, site: Site, ok: Any, revision: str
) -> None:
    async with browse(revision=revision) as client:
        opened = ok(await client.call("browser_navigate", url=f"{site.url}/form"))
        handle = opened.data["session"]
        shot = ok(await client.call("browser_take_screenshot"))
        base = f"browser://{handle}"
        listed = {one["uri"] for one in await client.list("resources")}
        for uri in (
            f"{base}/page",
            f"{base}/tabs/t1/snapshot",
            f"{base}/artifacts",
            "browser://sessions",
            "browser://policy",
        ):
            assert uri in listed, uri
            [content] = await client.read(uri)
            assert content["text"]
        generation = opened.data["snapshot"]["resource"]
        [kept] = await client.read(generation)
        [picture] = await client.read(f"{base}/tabs/t1/screenshot")
        artifact = next(one["uri"] for one in shot.raw["content"] if one["type"] == "resource_link")
        ident = artifact.rpartition("/")[2]
        completed = [
            await client.complete({"type": "ref/resource", "uri": "browser://{session}/page"}, "session", handle[:4]),
            await client.complete(
                {"type": "ref/resource", "uri": "browser://{session}/tabs/{tab}/console"}, "tab", "t"
            ),
            await client.complete(
                {"type": "ref/resource", "uri": "browser://{session}/artifacts/{id}"}, "id", ident[:3]
            ),
            await client.complete({"type": "ref/prompt", "name": "browse_task"}, "startUrl", "http"),
        ]
        devices = await client.complete({"type": "ref/prompt", "name": "test_page"}, "device", "iphone 1")
    assert kept["text"] == opened.data["snapshot"]["text"]
    assert base64.b64decode(picture["blob"]).startswith(b"\x89PNG")
    assert completed == [[handle], ["t1"], [ident], [site.url]]
    assert "iPhone 15" in devices


@pytest.mark.parametrize("path", ["page", "tabs/t1/snapshot", "artifacts/x", "tabs/t1/network/1/all"])
async def test_an_invented_uri_is_not_found(browse: Browse, site: Site, ok: Any, path: str) -> None:
    async with browse() as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/form"))
        with pytest.raises(RpcError) as caught:
            await client.read(f"browser://{'A' * 22}/{path}")
    assert caught.value.message == "Resource not found"


async def test_a_legacy_subscription_hears_alike(browse: Browse, site: Site, ok: Any) -> None:
    """Case 34, before."""
    async with browse(snapshot="none", revision="2025-11-25") as client:
        handle = ok(await client.call("browser_navigate", url=f"{site.url}/console")).data["session"]
        uri = f"browser://{handle}/tabs/t1/console"
        await client.request("resources/subscribe", {"uri": uri})
        with pytest.raises(RpcError):
            await client.request("resources/subscribe", {"uri": f"browser://{'B' * 22}/tabs/t1/console"})
        ok(await client.call("browser_evaluate", function="() => console.log('news')"))
        update = await client.peer.notification("notifications/resources/updated")
        assert update["params"]["uri"] == uri


@each_revision
async def test_prompts_name_what_they_are_given(browse: Browse, revision: str) -> None:
    asked = {
        "browse_task": {"goal": "find the price", "startUrl": "https://shop.example"},
        "fill_and_submit": {"formUrl": "https://form.example", "data": "user: ann"},
        "test_page": {"url": "https://page.example", "checks": "it has a title"},
        "debug_page": {"url": "https://page.example"},
    }
    async with browse(revision=revision) as client:
        for name, arguments in asked.items():
            [message] = await client.prompt(name, **arguments)
            for value in arguments.values():
                assert value in message["content"]["text"]
