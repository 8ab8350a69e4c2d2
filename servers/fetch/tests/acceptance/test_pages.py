"""What comes back of pages of many kinds, through the running server."""

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from mcp_protocol.types import ImageContent

pytestmark = pytest.mark.asyncio(loop_scope="session")

ARTICLE = (
    "<!doctype html><html lang=en><head><title>The title</title></head>"
    "<body><nav><a href=/>Home</a><a href=/b>Blog</a></nav><article><h1>A heading</h1>"
    + "".join(f"<p>Paragraph {number} tells a little more, with a comma, and goes on.</p>" for number in range(20))
    + "</article><footer>Imprint</footer></body></html>"
)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


async def test_charsets(town: Any, lane: str) -> None:
    """WF15: by meta, by header, by byte order mark, and where the mark and the header disagree."""
    plain = "text/plain; charset=utf-8"
    town.web.page("/meta", "<meta charset=shift_jis><p>日本語です</p>".encode("shift_jis"), "text/html")
    town.web.page("/header", "<p>Привет</p>".encode("windows-1251"), "text/html; charset=windows-1251")
    town.web.page("/mark", "日本語".encode("utf-16"), "text/plain")
    town.web.page("/both", b"\xef\xbb\xbf" + "Grüße".encode(), "text/plain; charset=iso-8859-1")
    town.web.page("/utf7", b"+ADw-script+AD4-", "text/plain; charset=utf-7")
    town.web.page("/odd", "fine ü".encode(), plain.replace("utf-8", '"../../etc"; charset=base64_codec; x'))
    server = await town.opened(lane)
    texts = [
        (await server.fetch(town.url(path)))["content"]
        for path in ("/meta", "/header", "/mark", "/both", "/utf7", "/odd")
    ]
    assert texts == ["日本語です", "Привет", "日本語", "Grüße", "+ADw-script+AD4-", "fine ü"]


async def test_links_code_lists_and_tables(town: Any, lane: str) -> None:
    """WF16."""
    town.web.page(
        "/dir/page",
        "<base href=/other/><p>See <a href=x>the manual</a> and <a href='javascript:x'>no more</a>.</p>"
        "<pre><code class=language-python>a &lt; b</code></pre><ul><li>one<ul><li>two</ul></ul>"
        "<table><tr><th colspan=2>wide</th></tr><tr><td rowspan=2>a</td><td>b</td></tr><tr><td>c</td></tr></table>",
    )
    server = await town.opened(lane)
    text = (await server.fetch(town.url("/dir/page")))["content"]
    assert f"[the manual]({town.url('/other/x')})" in text
    assert "```python\na < b\n```" in text
    assert "- one\n  - two" in text
    assert "| b |" in text
    assert "<" not in text.replace("a < b", "")
    assert "javascript" not in text


async def test_hidden_text_is_in_the_source_alone(town: Any, lane: str) -> None:
    """WF17."""
    words = ("hiddenA", "hiddenB", "hiddenC")
    town.web.page(
        "/", f"<p>seen</p><p style='display:none'>{words[0]}</p><!-- {words[1]} --><p aria-hidden=true>{words[2]}</p>"
    )
    server = await town.opened(lane)
    assert (await server.fetch(town.url()))["content"] == "seen"
    raw = (await server.fetch(town.url(), raw=True))["content"]
    assert all(word in raw for word in words)


async def test_main_content_or_the_whole_body(town: Any, lane: str) -> None:
    """WF18."""
    town.web.page("/a", ARTICLE)
    town.web.page("/b", "<body><div>Just a few words</div><ul><li>one<li>two</ul></body>")
    server = await town.opened(lane)
    article = (await server.fetch(town.url("/a"), max_length=100_000))["content"]
    assert all(f"Paragraph {number} " in article for number in range(20))
    assert "Home" not in article
    assert (await server.fetch(town.url("/b")))["content"] == "Just a few words\n\n- one\n- two"


async def test_pictures(town: Any, lane: str) -> None:
    """WF19."""
    town.web.page("/p", PNG, "text/plain")
    town.web.page("/s", "<svg xmlns='http://www.w3.org/2000/svg'><text>hello</text></svg>", "image/svg+xml")
    town.web.page("/big", PNG + bytes(6_000_000), "image/png")
    town.web.page("/huge", PNG + bytes(20_000_000), "image/png")
    town.web.page("/lie", ARTICLE, "image/png")
    server = await town.opened(lane)
    [block] = [
        each for each in (await server.call("fetch", url=town.url("/p"))).blocks if isinstance(each, ImageContent)
    ]
    assert block.mime_type == "image/png"
    assert "<text>hello</text>" in (await server.fetch(town.url("/s")))["content"]
    assert (await server.fetch(town.url("/lie")))["content"].startswith("# A heading")
    for path in ("/big", "/huge"):
        assert (await server.refusal(town.url(path)))[0] == "too_large"


async def test_documents_data_and_other_bytes(town: Any, lane: str, pdf: Any) -> None:
    """WF20."""
    town.web.page("/doc", pdf("first page", "second page"), "application/octet-stream")
    town.web.page("/j", '{"b":[1],"a":12345678901234567890}', "application/json")
    town.web.page("/o", bytes(range(256)), "application/octet-stream")
    server = await town.opened(lane)
    assert (await server.fetch(town.url("/doc"), pages="2"))["content"] == "## Page 2\n\nsecond page"
    pretty = '{\n  "b": [\n    1\n  ],\n  "a": 12345678901234567890\n}'
    assert (await server.fetch(town.url("/j")))["content"] == pretty
    code, words = await server.refusal(town.url("/o"))
    assert (code, "256 bytes of application/octet-stream" in words) == ("unsupported_type", True)


async def test_without_the_extra_a_document_gets_a_hint(town: Any, pdf: Any) -> None:
    """WF20: what is installed is the same in every lane."""
    town.web.page("/doc", pdf("x"), "application/pdf")
    bare = await town.opened("stdio, 2026-07-28", env={"STAGE_WITHOUT": "pypdf"})
    code, words = await bare.refusal(town.url("/doc"))
    assert (code, "mcp-ref-fetch[pdf]" in words) == ("unsupported_type", True)


async def test_errors_of_web_servers(town: Any, lane: str) -> None:
    """WF21."""
    town.web.page("/404", "<title>x</title><p>Not <b>here</b> &amp; not there" + "!" * 5000, status=404)
    town.web.page("/429", "slow down", "text/plain", status=429, headers={"Retry-After": "17"})
    server = await town.opened(lane)
    code, words = await server.refusal(town.url("/404"))
    assert (code, "status 404.\nx Not here & not there!" in words) == ("http_status", True)
    assert words.count("!") < 1000
    slow = await server.call("fetch", url=town.url("/429"))
    assert ("retry_after=17" in slow.text, slow.meta["retryable"]) == (True, True)


async def test_chunks_are_of_one_snapshot(town: Any, lane: str) -> None:
    """WF22, WF32; servers #3547 asked again for each chunk."""
    town.web.page("/a", ARTICLE)
    server = await town.opened(lane)
    page = await server.fetch(town.url("/a"), max_length=200)
    first, text = page["snapshot"], page["content"]
    town.web.page("/a", "<p>Something else by now.</p>")
    asked = len(town.web.hits)
    while "next_start_index" in page:
        page = await server.fetch(town.url("/a"), max_length=200, start_index=page["next_start_index"])
        text += page["content"]
    whole = await server.fetch(town.url("/a"), max_length=100_000, snapshot=first)
    assert len(town.web.hits) == asked == 2
    assert text == whole["content"]
    assert len(text) == whole["total_length"]


async def test_lengths_and_places_that_make_no_sense(town: Any, lane: str) -> None:
    """WF23, WF28."""
    town.web.page("/a", "<p>Short.</p>")
    server = await town.opened(lane)
    town.web.hits.clear()
    for wrong in ({"max_length": 0}, {"max_length": -1}, {"max_length": "10"}, {"max_length": 10**9}):
        assert (await server.refusal(town.url("/a"), **wrong))[0] == "invalid_argument"
    code, words = await server.refusal(town.url("/a"), maxlength=5)
    assert (code, "did you mean `max_length`" in words) == ("invalid_argument", True)
    assert town.web.hits == []
    beyond = await server.call("fetch", url=town.url("/a"), start_index=5000)
    assert (beyond.code, beyond.data["content"], "no more" in beyond.text) == (None, "", True)


async def test_what_is_stale_is_asked_about_and_what_may_not_be_kept_is_not(town: Any, lane: str) -> None:
    """WF24."""
    town.web.page("/a", ARTICLE, headers={"ETag": '"one"', "Cache-Control": "max-age=0"})
    town.web.page("/n", ARTICLE, headers={"Cache-Control": "no-store"})
    server = await town.opened(lane)
    first = await server.fetch(town.url("/a"))
    town.web.page("/a", status=304, type="")
    later = await server.fetch(town.url("/a"))
    assert (first["cached"], later["cached"]) == ("miss", "revalidated")
    assert later["content"] == first["content"]
    assert town.web.hits[-1].headers["if-none-match"] == '"one"'
    assert [(await server.fetch(town.url("/n")))["cached"] for _ in range(2)] == ["miss", "miss"]


async def test_words_and_elements_are_found(town: Any, lane: str) -> None:
    """WF25."""
    town.web.page("/a", ARTICLE)
    server = await town.opened(lane)
    whole = (await server.fetch(town.url("/a"), max_length=100_000))["content"]
    [window] = (await server.fetch(town.url("/a"), find="paragraph 12"))["found"]
    assert whole[window["index"] :].startswith("Paragraph 12 ")
    assert whole[window["start"] : window["start"] + len(window["text"])] == window["text"]
    code, words = await server.refusal(town.url("/a"), selector="#none")
    assert (code, "without `selector`" in words) == ("invalid_argument", True)


async def test_one_bad_page_of_five_leaves_four(town: Any, lane: str) -> None:
    """WF26."""
    for number in range(4):
        town.web.page(f"/{number}", f"<p>Page {number} has a text.</p>")
    urls = [town.url(f"/{number}") for number in range(4)] + [town.url("/none")]
    server = await town.opened(lane)
    found = await server.call("fetch_many", urls=urls)
    assert [one["ok"] for one in found.data["results"]] == [True] * 4 + [False]
    assert [one["url"] for one in found.data["results"]] == urls
    assert found.data["results"][4]["error"]["code"] == "http_status"


async def test_downloads_are_inside_or_not_at_all(town: Any, lane: str) -> None:
    """WF30; that there is no such tool by default is seen without a lane."""
    town.web.page("/f", b"new", "application/octet-stream")
    server = await town.opened(lane)
    home: Path = town.downloads
    (home / "there").write_text("old")
    (home / "link").unlink(missing_ok=True)
    (home / "link").symlink_to(town.directory)
    for path in ("../x", "/etc/x", "there", "link/x", ".", ""):
        assert (await server.call("download_file", url=town.url("/f"), path=path)).code, path
    name = f"new-{lane}".replace(", ", "-")
    assert (await server.call("download_file", url=town.url("/f"), path=name)).data["bytes"] == 3
    assert (home / name).read_bytes() == b"new"
    assert (home / "there").read_text() == "old"
    assert not (town.directory / "x").exists()


async def test_structured_content_fits_its_schema_and_is_marked(town: Any, lane: str) -> None:
    """WF31."""
    town.web.page("/p", ARTICLE)
    town.web.page("/s", "<urlset><url><loc>http://h/1</loc></url></urlset>", "application/xml")
    town.web.page("/rss", "<rss><channel><item><title>One</title></item></channel></rss>", "application/xml")
    town.web.page("/llms.txt", "hello", "text/plain")
    calls: dict[str, dict[str, Any]] = {
        "fetch": {"url": town.url("/p")},
        "fetch_many": {"urls": [town.url("/p"), town.url("/none")]},
        "fetch_links": {"url": town.url("/p")},
        "fetch_metadata": {"url": town.url("/p")},
        "fetch_robots": {"url": town.url("/p")},
        "fetch_sitemap": {"url": town.url("/s")},
        "fetch_feed": {"url": town.url("/rss")},
        "fetch_llms_txt": {"url": town.url("/p")},
        "download_file": {"url": town.url("/p"), "path": f"schema-{lane}".replace(", ", "-")},
        "http_request": {"url": town.url("/p"), "method": "GET"},
    }
    server = await town.opened(lane)
    schemas = {tool.name: tool.output_schema for tool in await server.client.list_tools()}
    assert set(schemas) == set(calls)
    for name, arguments in calls.items():
        found = await server.call(name, **arguments)
        validator: Any = Draft202012Validator(schemas[name])
        validator.validate(found.data)
        assert found.data["untrusted"] is True, name
        assert (await server.call(name, **arguments, nonsense=1)).code == "invalid_argument"
