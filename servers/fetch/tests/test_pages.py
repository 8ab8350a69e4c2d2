# ruff: noqa: E501  pages as they are written
"""The other tools, resources, prompts and completions through the protocol."""

import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from mcp_protocol.testing import RpcError

Web = Any
Reads = Any
Pdf = Any

each_era = pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
HEAD = """<!doctype html><html lang="de-DE"><head><title>Der  Titel</title>
<meta name="Description" content="Worum es geht"><meta property="og:title" content="OG"><meta name="twitter:card" content="summary">
<meta property="article:published_time" content="2026-01-02"><link rel=canonical href="/kanon">
<link rel=alternate type=application/rss+xml href=feed.xml title=Neues><link rel=icon href=/i.png sizes=32x32>
<link rel=alternate hreflang=en href=/en><base href="http://base.test/dir/">
<script type="application/ld+json">{"@graph": [{"@type": "Article", "headline": "H"}]}</script></head>
<body><a href="x">eins</a> <a href="x#y"> </a> <a href="//other.test/z" rel=nofollow>zwei</a>
<a href="javascript:void(0)">no</a><a href="mailto:a@b">mail</a></body></html>"""
SITEMAP = """<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
<url><loc>http://h/1</loc><lastmod>2026-01-01</lastmod></url><url><loc>http://h/2</loc></url><url><loc>http://h/3</loc></url></urlset>"""
RSS = """<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>T</title>
<item><title>One &amp; only</title><link>http://h/1</link><pubDate>Mon, 1 Jun 2026</pubDate><description>&lt;p&gt;Short&lt;/p&gt;</description></item>
<item><title>Two</title><link>http://h/2</link></item></channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>A</title><link rel="self" href="http://h/s"/><link href="http://h/a"/>
<updated>2026-06-01</updated><summary>S</summary></entry></feed>"""
LAUGHS = """<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><urlset><url><loc>&b;</loc></url></urlset>"""
OUTSIDE = """<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><urlset><url><loc>&a;</loc></url></urlset>"""


@each_era
async def test_links_are_absolute_each_once_and_paged(web: Web, reads: Reads, revision: str) -> None:
    web.page("/p", HEAD)
    async with reads(revision=revision) as reading:
        call = reading.client.call
        found = await call("fetch_links", url=web.url("/p"))
        first = await call("fetch_links", url=web.url("/p"), limit=1)
        second = await call("fetch_links", url=web.url("/p"), limit=1, cursor=first.data["next_cursor"])
        other = await call("fetch_links", url=web.url("/p"), filter="zwei", scope="external")
        forged = await call("fetch_links", url=web.url("/p"), limit=2, cursor=first.data["next_cursor"])
    assert [(link["href"], link["text"]) for link in found.data["links"]] == [
        ("http://base.test/dir/x", "eins"),
        ("http://other.test/z", "zwei"),
    ]
    assert found.data["links"][1]["rel"] == "nofollow"
    assert first.data["links"] + second.data["links"] == found.data["links"]
    assert "next_cursor" not in second.data
    assert len(other.data["links"]) == 1
    assert forged.error_code == "invalid_argument"


@each_era
async def test_metadata_are_what_the_head_says(web: Web, reads: Reads, revision: str) -> None:
    web.page("/p", HEAD, headers={"Set-Cookie": "secret=1", "X-Robots-Tag": "noindex"})
    async with reads(revision=revision) as reading:
        data = (await reading.client.call("fetch_metadata", url=web.url("/p"))).data
    assert (data["title"], data["description"], data["language"]) == ("Der Titel", "Worum es geht", "de-DE")
    assert (data["canonical"], data["published"]) == ("http://base.test/kanon", "2026-01-02")
    assert data["open_graph"] == {"title": "OG"}
    assert data["twitter"] == {"card": "summary"}
    assert data["json_ld"] == [{"@type": "Article", "headline": "H"}]
    assert data["feeds"] == [{"href": "http://base.test/dir/feed.xml", "type": "application/rss+xml", "title": "Neues"}]
    assert data["icons"] == [{"href": "http://base.test/i.png", "sizes": "32x32"}]
    assert data["alternates"] == [{"href": "http://base.test/en", "hreflang": "en"}]
    assert data["headers"]["x-robots-tag"] == "noindex"
    assert "set-cookie" not in data["headers"]


async def test_metadata_read_only_the_beginning(web: Web, reads: Reads) -> None:
    web.page("/p", HEAD.encode() + b"<p>x" * 2_000_000)
    async with reads() as reading:
        found = await reading.client.call("fetch_metadata", url=web.url("/p"))
    assert found.data["title"] == "Der Titel"
    assert found.data["truncated"] is True


@each_era
async def test_a_sitemap_and_a_feed_are_lists(web: Web, reads: Reads, revision: str) -> None:
    web.page("/s", SITEMAP, "application/xml")
    web.page("/gz", gzip.compress(SITEMAP.encode()), "application/gzip")
    web.page("/i", "<sitemapindex><sitemap><loc>http://h/s1</loc></sitemap></sitemapindex>", "text/xml")
    web.page("/rss", RSS, "application/rss+xml")
    web.page("/atom", ATOM, "application/atom+xml")
    web.page("/llms.txt", "# A site\n\nFor models.", "text/plain")
    async with reads(revision=revision) as reading:
        call = reading.client.call
        pages = await call("fetch_sitemap", url=web.url("/s"), limit=2)
        rest = await call("fetch_sitemap", url=web.url("/s"), limit=2, cursor=pages.data["next_cursor"])
        packed = await call("fetch_sitemap", url=web.url("/gz"))
        index = await call("fetch_sitemap", url=web.url("/i"))
        rss = await call("fetch_feed", url=web.url("/rss"))
        atom = await call("fetch_feed", url=web.url("/atom"))
        llms = await call("fetch_llms_txt", url=web.url("/deep/page"))
    assert pages.data["urls"] == [{"loc": "http://h/1", "lastmod": "2026-01-01"}, {"loc": "http://h/2"}]
    assert rest.data["urls"] == [{"loc": "http://h/3"}]
    assert len(packed.data["urls"]) == 3
    assert (index.data["is_index"], index.data["urls"]) == (True, [{"loc": "http://h/s1"}])
    assert rss.data["entries"] == [
        {"title": "One & only", "link": "http://h/1", "date": "Mon, 1 Jun 2026", "summary": "Short"},
        {"title": "Two", "link": "http://h/2"},
    ]
    assert atom.data["entries"] == [{"title": "A", "link": "http://h/a", "date": "2026-06-01", "summary": "S"}]
    assert llms.data["content"] == "# A site\n\nFor models."


async def test_a_document_type_is_refused(web: Web, reads: Reads) -> None:
    for path, body in (("/l", LAUGHS), ("/o", OUTSIDE), ("/n", "no xml")):
        web.page(path, body, "application/xml")
    web.page("/bomb", gzip.compress(bytes(30_000_000)), "application/gzip")
    async with reads() as reading:
        for path in ("/l", "/o", "/n"):
            for tool in ("fetch_sitemap", "fetch_feed"):
                assert (await reading.client.call(tool, url=web.url(path))).error_code == "decode"
        assert (await reading.client.call("fetch_sitemap", url=web.url("/bomb"))).error_code == "too_large"


@each_era
async def test_wf30_a_download_is_whole_and_inside_or_not_at_all(
    web: Web, reads: Reads, tmp_path: Path, revision: str
) -> None:
    """WF30."""
    home = tmp_path / "D"
    home.mkdir()
    (home / "there").write_text("old")
    (tmp_path / "outside").mkdir()
    (home / "link").symlink_to(tmp_path / "outside")
    body = bytes(range(256)) * 5000
    web.page("/f.bin", body, "application/octet-stream")
    digest = hashlib.sha256(body).hexdigest()
    async with reads(download_dir=home, revision=revision) as reading:

        async def get(path: str, **more: Any) -> Any:
            return await reading.client.call("download_file", url=web.url("/f.bin"), path=path, **more)

        done = await get("new.bin", sha256=digest.upper())
        refused = [await get(path) for path in ("../x", "/etc/x", "there", "link/x", "missing/x", ".")]
        other = await get("other", sha256="0" * 64)
        large = await get("large", max_bytes=1000)
        gone = await reading.client.call("download_file", url=web.url("/none"), path="gone")
    assert done.data == {
        "path": "new.bin",
        "bytes": len(body),
        "sha256": digest,
        "mime_type": "application/octet-stream",
        "final_url": web.url("/f.bin"),
        "untrusted": True,
    }
    assert (home / "new.bin").read_bytes() == body
    codes = [found.error_code for found in refused]
    assert codes[:3] == ["denied_outside_root", "invalid_argument", "already_exists"]
    assert all(codes)
    assert (other.error_code, large.error_code, gone.error_code) == ("decode", "too_large", "http_status")
    assert sorted(path.name for path in home.iterdir()) == ["link", "new.bin", "there"]
    assert list((tmp_path / "outside").iterdir()) == []
    assert (home / "there").read_text() == "old"


async def test_a_download_without_a_directory_says_what_is_missing(web: Web, reads: Reads) -> None:
    async with reads() as reading:
        found = await reading.client.call("download_file", url=web.url("/"), path="x")
    assert found.is_error
    assert "--download-dir" in found.text


@each_era
async def test_requests_of_any_method(web: Web, reads: Reads, revision: str) -> None:
    web.page("/api", '{"a": 1}', "application/json", headers={"Set-Cookie": "x=1", "X-Count": "3"})
    web.redirect("/old", "/api")
    async with reads(revision=revision, header_allow=[]) as reading:
        call = reading.client.call
        posted = await call("http_request", method="POST", url=web.url("/api"), json={"q": "ü"})
        put = await call("http_request", method="PUT", url=web.url("/api"), body="text")
        moved = await call("http_request", method="POST", url=web.url("/old"), body="x")
        followed = await call("http_request", method="GET", url=web.url("/old"))
        looked = await call("http_request", method="HEAD", url=web.url("/api"))
        both = await call("http_request", method="POST", url=web.url("/api"), body="x", json={})
        empty = await call("http_request", method="GET", url=web.url("/api"), body="x")
        smuggled = await call("http_request", method="GET\r\nHost: x", url=web.url("/api"))
        token = await call("http_request", method="GET", url=web.url("/api"), headers={"Authorization": "x"})
    asked = [hit for hit in web.hits if hit.path == "/api"]
    assert json.loads(asked[0].body) == {"q": "ü"}
    assert asked[0].headers["content-type"] == "application/json"
    assert asked[1].body == b"text"
    assert (posted.data["status"], posted.data["body"]) == (200, '{"a": 1}')
    assert posted.data["headers"]["x-count"] == "3"
    assert "set-cookie" not in posted.data["headers"]
    assert put.data["status"] == 200
    assert moved.data["status"] == 302
    assert followed.data["final_url"] == web.url("/api")
    assert looked.data["body"] == ""
    assert {both.error_code, empty.error_code, smuggled.error_code, token.error_code} == {"invalid_argument"}


@each_era
async def test_a_snapshot_and_a_page_are_resources(web: Web, reads: Reads, revision: str) -> None:
    web.page("/p?q=a%20b", "<p>" + "</p><p>".join(["A paragraph of a page."] * 50))
    web.page("/robots.txt", "User-agent: *\nDisallow: /no\n", "text/plain")
    async with reads(revision=revision) as reading:
        page = await reading.fetch(web.url("/p?q=a%20b"), max_length=50)
        [stored] = await reading.client.read(f"fetch-cache://{page['snapshot']}")
        uri = f"fetch+{web.url('/p?q=a%20b')}"
        [read] = await reading.client.read(uri)
        with pytest.raises(RpcError):
            await reading.client.read("fetch-cache://nothing")
        with pytest.raises(RpcError):
            await reading.client.read(f"fetch+{web.url('/no')}")
        with pytest.raises(RpcError):
            await reading.client.read("fetch+file:///etc/passwd")
    assert stored["text"] == read["text"]
    assert len(stored["text"]) == page["total_length"]
    assert (read["uri"], read["mimeType"]) == (uri, "text/markdown")


@each_era
async def test_addresses_that_were_fetched_are_suggested(web: Web, reads: Reads, revision: str) -> None:
    web.page("/1", "<p>one")
    web.page("/2", "<p>two")
    async with reads(revision=revision) as reading:
        for path in ("/1", "/2"):
            await reading.fetch(web.url(path))
        reference = {"type": "ref/prompt", "name": "summarize_url"}
        assert await reading.client.complete(reference, "url", "http") == [web.url("/2"), web.url("/1")]
        assert await reading.client.complete(reference, "url", "https") == []


async def test_prompts_say_what_to_do(web: Web, reads: Reads) -> None:
    async with reads() as reading:
        names = {prompt["name"] for prompt in await reading.client.list("prompts")}
        [summary] = await reading.client.prompt("summarize_url", url=web.url("/x"))
        [comparison] = await reading.client.prompt("compare_urls", urls="http://a/ http://b/")
    assert names == {"fetch", "summarize_url", "compare_urls"}
    assert web.url("/x") in summary["content"]["text"]
    assert "- http://a/\n- http://b/" in comparison["content"]["text"]


async def test_a_pdf_is_read_by_page(web: Web, reads: Reads, pdf: Pdf) -> None:
    """WF20."""
    web.page("/doc", pdf("first page", "second page", "third page"), "application/octet-stream")
    web.page("/broken", b"%PDF-1.4\nnothing", "application/pdf")
    async with reads() as reading:
        whole = await reading.fetch(web.url("/doc"))
        second = await reading.fetch(web.url("/doc"), pages="2")
        outside = await reading.refusal(web.url("/doc"), pages="9")
        wrong = await reading.refusal(web.url("/doc"), pages="x")
        broken = await reading.refusal(web.url("/broken"))
    assert whole["content_type"] == "application/pdf"
    assert whole["content"] == ("## Page 1\n\nfirst page\n\n## Page 2\n\nsecond page\n\n## Page 3\n\nthird page")
    assert second["content"] == "## Page 2\n\nsecond page"
    assert (outside[0], wrong[0], broken[0]) == ("invalid_argument", "invalid_argument", "decode")
