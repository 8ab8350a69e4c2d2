"""The pure parts, with literal input: origins, URLs, heads, trees, differences, redaction, names, locators."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_ref_browser.answer.answers import Told, answer, plain
from mcp_ref_browser.answer.redact import Redactor, masked
from mcp_ref_browser.errors import BrowserError
from mcp_ref_browser.errors import plain as plain_error
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
from mcp_ref_browser.page.diff import changes, rendered
from mcp_ref_browser.page.exchange import without_passwords
from mcp_ref_browser.page.locators import code
from mcp_ref_browser.page.snapshot import mask_lines
from mcp_ref_browser.page.tree import ancestors, dropped, level, ref_of, subtree_end, trail
from mcp_ref_browser.page.views import cut, cut_text
from mcp_ref_browser.sessions.artifacts import safe_name
from mcp_ref_browser.sessions.events import Events
from mcp_ref_browser.tools.aliases import renamed
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


TREE = [
    "- main [ref=e1]:",
    '  - list "Rows" [ref=e2]:',
    "    - listitem [ref=e3]: one",
    "    - listitem [ref=e4]: two",
    "  - paragraph [ref=e5]: text [ref=e99]",
]


def test_a_tree_knows_levels_refs_and_ancestors() -> None:
    assert [level(line) for line in TREE] == [0, 1, 2, 2, 1]
    assert ref_of(TREE[4]) == "e5"
    assert ancestors(TREE, 3) == [0, 1]
    assert subtree_end(TREE, 1) == 4
    assert trail(TREE, 3) == 'main > list "Rows"'
    assert dropped(TREE, [1]) == [TREE[0], TREE[2][2:], TREE[3][2:], TREE[4]]


def test_what_moves_the_focus_changes_nothing() -> None:
    old = ['- button "A" [active] [ref=e1]', '- button "B" [ref=e2]']
    new = ['- button "A" [ref=e1]', '- button "B" [active] [ref=e2]']
    assert changes(old, new) == []


def lines(texts: list[str]) -> list[str]:
    return [f"- text: {text}" for text in texts]


@given(st.lists(st.text("abc", max_size=3), max_size=30), st.lists(st.text("abc", max_size=3), max_size=30))
def test_a_difference_has_every_new_line_and_its_changes_lead_from_one_to_the_other(
    old_texts: list[str], new_texts: list[str]
) -> None:
    old, new = lines(old_texts), lines(new_texts)
    found = changes(old, new)
    assert found is not None
    made = list(old)
    for a, b, c, d in reversed(found):
        made[a:b] = new[c:d]
    assert made == new
    shown = [line[2:] for line in rendered(old, new, found) if line.startswith("+ ")]
    assert shown == [new[at] for _, _, c, d in found for at in range(c, d)]


@given(st.lists(st.text("ab", max_size=300), min_size=1, max_size=40), st.integers(1, 500))
def test_pages_of_lines_lose_and_repeat_nothing(texts: list[str], budget: int) -> None:
    whole = lines(texts)
    got: list[str] = []
    at = 0
    while at < len(whole):
        part, after = cut(whole, at, budget)
        assert after > at
        got += part
        at = after
    assert len(got) == len(whole)
    assert all(shown == line or shown.endswith("…") for shown, line in zip(got, whole, strict=True))


@given(st.text(min_size=1, max_size=3000), st.integers(1, 700))
def test_pages_of_text_join_to_the_whole(text: str, budget: int) -> None:
    got, start = "", 0
    while True:
        part, following = cut_text(text, start, budget)
        got += part
        if following is None:
            break
        start = following
    assert got == text


SECRETS = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=6, max_size=30).filter(
    lambda text: len(text.strip()) > 5
)


@given(SECRETS, st.binary(max_size=4))
def test_no_form_of_a_secret_gets_through(value: str, before: bytes) -> None:
    redactor = Redactor([("NAME", value)])
    from html import escape  # noqa: PLC0415  beside its use
    from urllib.parse import quote, quote_plus  # noqa: PLC0415  beside its use

    told = [
        value,
        quote(value, safe=""),
        quote_plus(value),
        json.dumps(value),
        json.dumps(value, ensure_ascii=False),
        escape(value),
        f"x{value}y",
    ]
    if value not in "<secret>NAME</secret>":
        for text in told:
            assert value not in redactor.text(text)
            assert "<secret>NAME</secret>" in redactor.text(text)
    coded = base64.b64encode(before + value.encode() + b"tail").decode()
    assert "<secret>NAME</secret>" in redactor.text(coded)


def test_a_redactor_reaches_into_values_and_keys() -> None:
    redactor = Redactor([("N", "abcdef")])
    assert redactor.value({"abcdef": ["x abcdef", 1, None]}) == {
        "<secret>N</secret>": ["x <secret>N</secret>", 1, None]
    }
    assert redactor.data(b"an abcdef") == b"an <secret>N</secret>"


def test_text_boxes_are_masked_whatever_the_length() -> None:
    given_lines = ['- textbox "P" [ref=e1]: ab', '- textbox "Q" [ref=e2]: "a: b"', "- text: ab here"]
    assert mask_lines(given_lines, ["ab", "a: b"], set(), blind=False) == [
        '- textbox "P" [ref=e1]: [masked]',
        '- textbox "Q" [ref=e2]: "[masked]"',
        "- text: ab here",
    ]
    assert mask_lines(given_lines, [], set(), blind=True)[:2] == [
        '- textbox "P" [ref=e1]: [masked]',
        '- textbox "Q" [ref=e2]: [masked]',
    ]
    assert mask_lines(["  - generic [ref=e9]: 12"], [], {"e9"}, blind=False) == ["  - generic [ref=e9]: [masked]"]
    assert masked("the long value", ["long value"]) == "the [masked]"


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("a\\b\\c.txt", "c.txt"),
        ("", "file"),
        ("...", "_"),
        ("a\nb\x00c.txt", "a_b_c.txt"),
        ("\u202egnp.exe", "_gnp.exe"),
        ("x" * 300 + ".tar.gz", "x" * 252 + ".gz"),
        ("ü" * 200 + ".txt", "ü" * 125 + ".txt"),
    ],
)
def test_a_name_of_a_download_is_one_safe_component(name: str, safe: str) -> None:
    assert safe_name(name)[: len(safe)] == safe or safe_name(name) == safe


@given(st.text(max_size=400))
def test_every_name_is_safe(name: str) -> None:
    made = safe_name(name)
    assert made
    assert "/" not in made
    assert "\x00" not in made
    assert len(made.encode()) <= 255
    assert made not in {".", ".."}


@pytest.mark.parametrize(
    ("python", "typescript"),
    [
        ('get_by_role("button", name="Go")', 'page.getByRole("button", { name: "Go" })'),
        (
            'get_by_role("button", name="Go", exact=True).first',
            'page.getByRole("button", { name: "Go", exact: true }).first()',
        ),
        (
            'locator("iframe").content_frame.get_by_text("x").nth(2)',
            'page.locator("iframe").contentFrame().getByText("x").nth(2)',
        ),
        ('get_by_test_id("a")', 'page.getByTestId("a")'),
        ("x[0]", 'page.locator("x[0]")'),
    ],
)
def test_locators_are_written_in_typescript(python: str, typescript: str) -> None:
    assert code(python, "typescript") == typescript


def test_older_names_of_arguments_are_accepted_everywhere() -> None:
    assert renamed({"ref": "e1", "element": "x"}) == {"target": "e1"}
    assert renamed({"fields": [{"ref": "e1", "name": "n", "type": "textbox", "value": ""}]}) == {
        "fields": [{"target": "e1", "type": "textbox", "value": ""}]
    }
    assert renamed({"ref": "e1", "target": "e1"}) == {"target": "e1"}
    with pytest.raises(BrowserError):
        renamed({"ref": "e1", "target": "e2"})


def test_forms_are_sent_on_paper_without_passwords() -> None:
    kind = "application/x-www-form-urlencoded"
    assert without_passwords("u=ann&password=x%20y", kind) == "u=ann&password=[masked]"
    assert without_passwords("u=ann", kind) == "u=ann"
    assert (
        without_passwords('{"userPassword": "a\\"b", "n": 1}', "application/json")
        == '{"userPassword": "[masked]", "n": 1}'
    )


def test_a_flood_of_equal_events_is_one() -> None:
    events = Events()
    for _ in range(100):
        events.add("blocked", "there")
    for number in range(200):
        events.add("console_error", str(number))
    told = events.take()
    assert len(told) == 50
    assert events.take() == []


def test_text_of_pages_controls_no_terminal() -> None:
    assert plain("a\x1b[31mb\u202ec\u2028d\te\n") == "a[31mbcd\te\n"
    told = Told(page={"tab": "t1", "url": 'http://x/"\nSnapshot:', "title": "a\nText:\nb"}, text="page", label="Text")
    text = answer(told, Redactor(), fence=False).content[0]
    assert isinstance(text, str)
    assert text.split("\n")[0] == 'Page t1: "http://x/\\"\\nSnapshot:" "a\\nText:\\nb"'


def test_errors_of_the_driver_are_told_in_one_line() -> None:
    message = "Page.click: \x1b[31mTimeout\x1b[0m at /root/.cache/x/y\nCall log:\n  - waiting"
    assert plain_error(message) == "Timeout at [path]"
    assert plain_error("Page.evaluate: Error: bad\n    at f (eval at x)") == "Error: bad"
