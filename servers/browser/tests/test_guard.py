"""The pure parts of the guard, with literal input: origins, URLs of tools, heads of messages."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_ref_browser.errors import BrowserError
from mcp_ref_browser.guard.heads import (
    BadMessage,
    Framing,
    onward,
    read_request,
    read_response,
    request_framing,
    response_framing,
)
from mcp_ref_browser.guard.origins import Destination, OriginPattern, OriginRules, parsed
from mcp_ref_browser.guard.urls import opened
from mcp_ref_kit.network import InvalidUrl, WebUrl


def where(url: str) -> Destination:
    return Destination.of(WebUrl.parse(url))


@pytest.mark.parametrize(
    ("pattern", "url", "matches"),
    [
        ("https://a.example", "https://a.example/x", True),
        ("https://a.example", "https://A.EXAMPLE./", True),
        ("https://a.example", "http://a.example/", False),
        ("https://a.example", "https://a.example:444/", False),
        ("https://a.example", "https://a.example.evil/", False),
        ("https://a.example", "https://b.a.example/", False),
        ("a.example", "http://a.example/", True),
        ("a.example", "https://a.example/", True),
        ("a.example", "https://a.example:8443/", False),
        ("*.a.example", "https://b.a.example/", True),
        ("*.a.example", "https://a.example/", False),
        ("*.a.example", "https://evila.example/", False),
        ("http://localhost:*", "http://localhost:3000/", True),
        ("http://localhost:*", "https://localhost:3000/", False),
        ("a.example:8443", "https://a.example:8443/", True),
        ("https://[::1]:9", "https://[::1]:9/", True),
    ],
)
def test_an_origin_matches_by_its_parsed_parts(pattern: str, url: str, *, matches: bool) -> None:
    assert OriginPattern.parse(pattern).matches(where(url)) is matches


@pytest.mark.parametrize(
    "text", ["", "https://", "ftp://a", "https://a/path", "a b", "*", "*.*.a", "a:99999", "a@b", "https://a:x"]
)
def test_what_is_no_origin_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  its words are tested with the settings
        OriginPattern.parse(text)


def test_a_tunnel_is_judged_by_host_and_port() -> None:
    pattern = OriginPattern.parse("https://a.example")
    assert pattern.matches(Destination.tunnel("a.example:443"))
    assert not pattern.matches(Destination.tunnel("a.example:80"))
    assert OriginPattern.parse("a.example").matches(Destination.tunnel("a.example:80"))
    for wrong in ("a.example", ":443", "a.example:", "a.example:0", "a.example:x", "a.example:65536"):
        with pytest.raises(InvalidUrl):
            Destination.tunnel(wrong)


def test_blocked_wins_and_sessions_only_narrow() -> None:
    rules = OriginRules(
        allowed=parsed(["*.a.example"]), blocked=parsed(["bad.a.example"]), narrower=parsed(["x.a.example"])
    )
    assert rules.judge(where("https://x.a.example/")).allowed
    assert not rules.judge(where("https://y.a.example/")).allowed
    assert not rules.judge(where("https://bad.a.example/")).allowed
    wide, narrow = OriginPattern.parse("*.a.example:*"), OriginPattern.parse("https://x.a.example")
    assert wide.covers(narrow)
    assert not narrow.covers(wide)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("example.com", "https://example.com/"),
        ("localhost:3000/x", "http://localhost:3000/x"),
        ("127.0.0.1:8000", "http://127.0.0.1:8000/"),
        ("2130706433:80", "http://127.0.0.1/"),
        ("https://example.com/a b#frag", "https://example.com/a%20b#frag"),
        (" https://example.com ", "https://example.com/"),
        ("HTTPS://EXAMPLE.COM", "https://example.com/"),
        ("about:blank", "about:blank"),
        ("example.com:8080/x", "https://example.com:8080/x"),
    ],
)
def test_a_url_is_opened_in_the_spelling_that_was_judged(text: str, url: str) -> None:
    assert opened(text, restricted=True) == url


@given(st.text(max_size=60))
def test_whatever_is_given_only_the_web_is_opened(text: str) -> None:
    try:
        url = opened(text, restricted=True)
    except BrowserError:
        return
    assert url == "about:blank" or url.startswith(("http://", "https://"))
    assert opened(url, restricted=True) == url


@given(
    st.sampled_from(["file", "chrome", "javascript", "view-source", "devtools", "ftp"]),
    st.text(" \t\r\n\x00", max_size=5),
    st.data(),
)
def test_a_forbidden_scheme_is_seen_through_blanks_and_cases(scheme: str, blanks: str, data: Any) -> None:
    spelled = "".join(data.draw(st.sampled_from([one, one.upper()])) for one in scheme)
    with pytest.raises(BrowserError) as caught:
        opened(f"{blanks}{spelled}:///etc/passwd", restricted=False)
    assert caught.value.code == "blocked_scheme"


def test_heads_are_read_strictly() -> None:
    head = read_request(
        b"GET http://a/ HTTP/1.1\r\nHost: a\r\nProxy-Authorization: x\r\n"
        b"Connection: X-Mine\r\nX-Mine: 1\r\nA: b\r\n\r\n"
    )
    assert head.target == b"http://a/"
    assert onward(head.fields) == [(b"Host", b"a"), (b"A", b"b")]
    assert read_response(b"HTTP/1.1 204 No Content\r\n\r\n").status == 204
    for bad in (
        b"GET  http://a/ HTTP/1.1\r\n\r\n",
        b"get http://a/ HTTP/1.1\r\n\r\n",
        b"GET http://a/ HTTP/2\r\n\r\n",
        b"GET http://a/ HTTP/1.1\r\nA : b\r\n\r\n",
        b"GET http://a/ HTTP/1.1\r\n A: b\r\n\r\n",
        b"\r\n\r\n",
    ):
        with pytest.raises(BadMessage):
            read_request(bad)


@pytest.mark.parametrize(
    ("fields", "framing"),
    [
        (b"", Framing(0)),
        (b"Content-Length: 5\r\n", Framing(5)),
        (b"Transfer-Encoding: chunked\r\n", Framing(None, chunked=True)),
        (b"Content-Length: 5\r\nContent-Length: 5\r\n", Framing(5)),
    ],
)
def test_bodies_end_where_their_head_says(fields: bytes, framing: Framing) -> None:
    assert request_framing(read_request(b"POST http://a/ HTTP/1.1\r\n" + fields + b"\r\n")) == framing


@pytest.mark.parametrize(
    "fields",
    [
        b"Content-Length: 5\r\nContent-Length: 6\r\n",
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: gzip, chunked\r\n",
        b"Content-Length: +5\r\n",
        b"Content-Length: 5, 5\r\n",
        b"Content-Length: \r\n",
    ],
)
def test_a_body_with_two_ends_is_refused(fields: bytes) -> None:
    with pytest.raises(BadMessage):
        request_framing(read_request(b"POST http://a/ HTTP/1.1\r\n" + fields + b"\r\n"))


def test_answers_without_a_body_have_none() -> None:
    head = read_response(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
    assert response_framing(head, b"HEAD") == Framing(0)
    assert response_framing(head, b"GET") == Framing(5)
    assert response_framing(read_response(b"HTTP/1.1 200 OK\r\n\r\n"), b"GET").until_close
