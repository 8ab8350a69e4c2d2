"""The other pure parts, with literal input: trees, differences, pages, redaction, names, locators, events."""

import base64
import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_ref_browser.answer.answers import Told, answer, plain
from mcp_ref_browser.answer.redact import Redactor, masked
from mcp_ref_browser.errors import BrowserError
from mcp_ref_browser.errors import plain as plain_error
from mcp_ref_browser.page.diff import changes, rendered
from mcp_ref_browser.page.exchange import without_passwords
from mcp_ref_browser.page.locators import code
from mcp_ref_browser.page.masking import Private, mask_lines
from mcp_ref_browser.page.tree import (
    ancestors,
    box_of,
    comparable,
    dropped,
    level,
    parents,
    points,
    ref_of,
    role_of,
    trail,
    without_box,
)
from mcp_ref_browser.page.views import cut, cut_text
from mcp_ref_browser.sessions.artifacts import safe_name
from mcp_ref_browser.sessions.events import Events
from mcp_ref_browser.settings import Settings
from mcp_ref_browser.setup.discover import keep_compiled, launch_options
from mcp_ref_browser.tools.aliases import renamed

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
    assert ancestors(parents(TREE), 3) == [0, 1]
    assert trail(TREE, 3) == 'main > list "Rows"'
    assert dropped(TREE, [1]) == [TREE[0], TREE[2][2:], TREE[3][2:], TREE[4]]


def test_what_moves_the_focus_changes_nothing() -> None:
    old = ['- button "A" [active] [ref=e1]', '- button "B" [ref=e2]']
    new = ['- button "A" [ref=e1]', '- button "B" [active] [ref=e2]']
    assert changes(old, new) == []


FORM = [
    "- main [ref=e1]:",
    "  - group [ref=e2]:",
    "    - text: User",
    '    - textbox "User" [ref=e3]',
    "  - list [ref=e4]:",
    "    - listitem [ref=e5]: one",
]


def test_a_node_that_is_still_there_is_shown_as_it_is_now() -> None:
    typed = [*FORM[:3], '    - textbox "User" [active] [ref=e3]: bob', *FORM[4:]]
    found = changes(FORM, typed)
    assert found
    assert rendered(FORM, typed, found) == ["  " + FORM[0], "  " + FORM[1], "+ " + typed[3]]
    ended = [*typed[:5], "    - listitem [ref=e9]: two"]
    found = changes(typed, ended)
    assert found
    assert rendered(typed, ended, found) == ["  " + FORM[0], "  " + FORM[4], "- " + FORM[5], "+ " + ended[5]]


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


def linked(names: Iterable[str]) -> list[str]:
    return [line for name in names for line in (f'- link "{name}" [ref=e{name}]:', "  - /url: x")]


def test_a_page_that_repeats_itself_is_compared_in_no_time() -> None:
    """Each line with each took 21 s for these."""
    began = time.process_time()
    found = changes(linked(map(str, range(5000))), linked(map(str, range(5000, 10_000))))
    assert found
    flat = ["- list [ref=e1]:", *(f"  - text: {number}" for number in range(20_000))]
    assert rendered(flat, flat, [(at, at + 1, at, at + 1) for at in range(1, 20_000, 2)])
    assert time.process_time() - began < 4


def test_changes_at_both_ends_of_a_long_page_are_two() -> None:
    old = linked(map(str, range(2000)))
    new = [old[0].replace('"0"', '"new"'), *old[1:-1], "  - /url: y"]
    assert changes(old, new) == [(0, 1, 0, 1), (3999, 4000, 3999, 4000)]


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


FIELDS = [
    '- textbox "P" [ref=e1]: ab',
    '- textbox "Q" [ref=e2]: "a: b"',
    '- textbox "[ref=e9]: x" [ref=e3]: ab',
    '- textbox "R" [ref=e4]:',
    "  - /placeholder: three digits",
    '  - text: "123"',
    "- text: ab and 123 here",
]


def test_text_boxes_are_masked_whatever_the_length_and_wherever_they_say_it() -> None:
    """Case 15."""
    assert mask_lines(FIELDS, Private(values=["ab", "a:  b", "123"])) == [
        '- textbox "P" [ref=e1]: [masked]',
        '- textbox "Q" [ref=e2]: [masked]',
        '- textbox "[ref=e9]: x" [ref=e3]: [masked]',
        *FIELDS[3:5],
        "  - text: [masked]",
        "- text: ab and 123 here",
    ]
    blind = mask_lines(FIELDS, Private(blind=True))
    assert [line.partition(": ")[2] for line in blind[:2]] == ["[masked]", "[masked]"]
    assert blind[3:] == [*FIELDS[3:5], "  - text: [masked]", FIELDS[6]]
    assert masked("the long value", ["long value"]) == "the [masked]"


def test_under_a_mask_a_node_keeps_role_and_ref_and_nothing_else() -> None:
    """Case 15."""
    tree = [
        "- main [ref=e1]:",
        '  - group "12" [ref=e2]:',
        "    - text: twelve",
        '    - button "x" [ref=e3]',
        '- link "at 12" [ref=e4]',
    ]
    assert mask_lines(tree, Private(refs={"e2", "e3"}, texts=["12", "twelve"])) == [
        "- main [ref=e1]:",
        "  - group [ref=e2]: [masked]",
        "    - button [ref=e3]: [masked]",
        '- link "at [masked]" [ref=e4]',
    ]


def test_a_private_value_that_looks_like_a_mark_takes_no_mark_away() -> None:
    assert mask_lines(['- link "a [ref=e" [ref=e1]: link'], Private(values=["[ref=e", "link"])) == [
        '- link "a [masked]" [ref=e1]: [masked]'
    ]


@pytest.mark.parametrize(
    "line",
    [
        '- button "Pay [ref=e1] [active] [box=0,0,9,9]" [active] [ref=e7] [cursor=pointer]: "[ref=e2]"',
        """- 'button "it''s: \\" [ref=e1] [box=0,0,9,9]" [active] [ref=e7] [cursor=pointer]': [ref=e2]""",
    ],
)
def test_marks_in_a_name_or_a_text_are_no_marks(line: str) -> None:
    assert (role_of(line), ref_of(line), box_of(line), points(line)) == ("button", "e7", None, True)
    assert comparable(line) == " [ref=e7]".join(line.rsplit(" [active] [ref=e7]", 1))
    assert without_box(line) == line


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
    parts = '--b\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n--b\r\nX: name="u"\r\n\r\nann\r\n--b--\r\n'
    assert without_passwords(parts.format("password", "x\r\ny"), "multipart/form-data; boundary=b") == parts.format(
        "password", "[masked]"
    )
    assert without_passwords(parts.format("colour", "x"), "multipart/form-data; boundary=b") == parts.format(
        "colour", "x"
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


def test_chromium_is_started_with_every_feature_in_one_flag(tmp_path: Path) -> None:
    """A second flag of that name would replace the first; of our environment only what a browser needs is passed on."""
    chosen: Any = {"executable_path": Path(__file__), "caps": ["webmcp"], "sandbox": True}
    options = launch_options(Settings(**chosen), "", tmp_path, {"PATH": "/bin", "MCP_TOKEN": "x"})
    flags = [flag for flag in options["args"] if flag.startswith("--enable-features=")]
    assert len(flags) == 1
    assert {"CDPScreenshotNewSurface", "NetworkServiceInProcess2", "WebMCP"} <= {*flags[0].partition("=")[2].split(",")}
    assert options["env"] == {"PATH": "/bin"}
    assert options["chromium_sandbox"] is True


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"HOME": "/home/ann"}, "/home/ann/.cache/mcp-ref-browser/driver"),
        ({"HOME": "/home/ann", "XDG_CACHE_HOME": "/cache"}, "/cache/mcp-ref-browser/driver"),
        ({"HOME": "/home/ann", "NODE_COMPILE_CACHE": "/elsewhere"}, "/elsewhere"),
        ({}, None),
    ],
)
def test_what_the_driver_compiles_is_kept_where_caches_are(given: dict[str, str], kept: str | None) -> None:
    keep_compiled(given)
    assert given.get("NODE_COMPILE_CACHE") == kept
