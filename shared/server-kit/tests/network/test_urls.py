# ruff: noqa: E501, RUF001  look-alikes are what is tested
"""The grammar of URLs: one spelling for each, and nothing that two parsers could read differently."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_ref_kit.network import BlockedScheme, InvalidUrl, NetworkFault, WebUrl, read_host

GOOD = [
    ("http://example.com", "http://example.com/"),
    ("HTTPS://EXAMPLE.com:443/A?b#c", "https://example.com/A?b"),
    ("http://example.com.:80/", "http://example.com/"),
    ("http://example.com:8080?x", "http://example.com:8080/?x"),
    ("http://example.com:/", "http://example.com/"),
    ("http://h/a/../b/./c", "http://h/b/c"),
    ("http://h/../../x/..", "http://h/"),
    ("http://h/a/%2e%2E/b", "http://h/b"),
    ("http://h/a//b", "http://h/a//b"),
    ('http://h/ä?ö="<>`{}|^%zz%41', "http://h/%C3%A4?%C3%B6=%22%3C%3E%60%7B%7D%7C%5E%25zz%41"),
    ("http://bücher.example/", "http://xn--bcher-kva.example/"),
    ("http://EXAMPLE。com/", "http://example.com/"),
    ("http://１２７.１/", "http://127.0.0.1/"),
    ("http://2130706433/", "http://127.0.0.1/"),
    ("http://0x7f.1/", "http://127.0.0.1/"),
    ("http://0177.0.0.1/", "http://127.0.0.1/"),
    ("http://[::FFFF:7f00:1]:81/", "http://[::ffff:127.0.0.1]:81/"),
    ("http://[0:0:0::1]/", "http://[::1]/"),
    ("http://a_b.example-1.com/", "http://a_b.example-1.com/"),
]
BAD = [
    "", "http:", "http:/h", "http:h", "http://", "http:///x", "http://?", "http://h:0/", "http://h:65536/",
    "http://h:+1/", "http://h:1 /", "http://h:٣/", "http://u@h/", "http://u:p@h/", "http://h@/", "http://good\\@127.0.0.1/",
    "http://h\\/", " http://h/", "http://h/ ", "http://h/\n", "http://h\t/", "http://h/\x7f", "http://h\x00/",
    "http://%31/", "http://-a.com/", "http://a-.com/", "http://a..b/", "http://.a/", "http://a../", "http://" + "a" * 64 + ".com/",
    "http://" + ".".join(["a" * 60] * 5) + "/", "http://1.2.3.4.5/", "http://256.1.1.1/", "http://1.2.3.0x/z/", "http://a.1/",
    "http://[::1", "http://[::1]x/", "http://[fe80::1%1]/", "http://[1.2.3.4]/", "http://[]/", "http://::1/", "http://a:b:1/",
    "http://a,b/", "http://a;b/", "http://a'b/", "http://*.a/", "http://\u200b/", "http://a\u2024b\u0000/", "example.com", "example.com/x",
    "example.com:80/", "localhost:80/x", "//h/x", "/x", "http://h/" + "x" * 9000,
]  # fmt: skip


@pytest.mark.parametrize(("text", "spelled"), GOOD)
def test_a_url_has_one_spelling(text: str, spelled: str) -> None:
    assert str(WebUrl.parse(text)) == spelled
    assert str(WebUrl.parse(spelled)) == spelled


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_url_is_refused(text: str) -> None:
    with pytest.raises(InvalidUrl):
        WebUrl.parse(text)


@pytest.mark.parametrize(
    "text", ["file:///x", "FTP://h/", "data:,x", "javascript:1", "view-source:http://h/", "about:blank"]
)
def test_other_schemes_are_blocked(text: str) -> None:
    with pytest.raises(BlockedScheme):
        WebUrl.parse(text)


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("", "http://h:81/a/b?c"),
        ("#x", "http://h:81/a/b?c"),
        ("?d", "http://h:81/a/b?d"),
        ("e", "http://h:81/a/e"),
        ("../e?f", "http://h:81/e?f"),
        ("/e f", "http://h:81/e%20f"),
        ("//i/j", "http://i/j"),
        ("https://k", "https://k/"),
    ],
)
def test_a_reference_is_resolved(reference: str, expected: str) -> None:
    assert str(WebUrl.parse("http://h:81/a/b?c").join(reference)) == expected


@pytest.mark.parametrize("reference", ["http://u@h/", "//h\\@i/", "file:///x", "http:x", "//", "/\x00"])
def test_a_reference_that_means_no_url_is_refused(reference: str) -> None:
    with pytest.raises(NetworkFault):
        WebUrl.parse("http://h/").join(reference)


@given(st.text(max_size=60))
def test_whatever_is_read_is_read_again_as_the_same(text: str) -> None:
    """A check and a request that parse the same text twice must see the same host."""
    try:
        url = WebUrl.parse("http://" + text)
    except NetworkFault:
        return
    again = WebUrl.parse(str(url))
    assert (again.host, again.port, again.target) == (url.host, url.port, url.target)
    assert str(url).isascii()
    assert str(url).isprintable()
    assert "@" not in url.authority


@given(st.text(alphabet="0123456789abcdefx.:[]%-", max_size=30))
def test_a_host_that_ends_in_a_number_is_an_address_or_nothing(text: str) -> None:
    try:
        host = read_host(text)
    except InvalidUrl:
        return
    if host.name.split(".")[-1].isdecimal():
        assert host.address is not None
