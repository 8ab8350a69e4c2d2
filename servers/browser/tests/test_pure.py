"""The other pure parts, with literal input: redaction, names, locators, events, how things are started."""

import base64
import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_ref_browser.answer.answers import Told, answer, plain
from mcp_ref_browser.answer.redact import Redactor
from mcp_ref_browser.errors import BrowserError
from mcp_ref_browser.errors import plain as plain_error
from mcp_ref_browser.guard.policy import listening_ports
from mcp_ref_browser.page.exchange import without_passwords
from mcp_ref_browser.page.finding import spelled
from mcp_ref_browser.page.keys import is_text, named
from mcp_ref_browser.page.locators import code
from mcp_ref_browser.sessions.artifacts import safe_name
from mcp_ref_browser.sessions.events import Events
from mcp_ref_browser.settings import Settings
from mcp_ref_browser.setup.discover import keep_compiled, launch_options
from mcp_ref_browser.tools.aliases import renamed

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


@pytest.mark.skipif(not Path("/dev/fd").is_dir(), reason="needs /dev/fd to find descriptors")
def test_looking_for_own_ports_leaves_no_descriptor_open(tmp_path: Path) -> None:
    """Each connection to this machine has them looked for: a leak would double them every time."""
    with socket.create_server(("127.0.0.1", 0)) as own, (tmp_path / "file").open("w"), socket.socket() as other:
        before = len(os.listdir("/dev/fd"))  # noqa: PTH208  names are all that is wanted
        found = [listening_ports() for _ in range(3)]
        after = len(os.listdir("/dev/fd"))  # noqa: PTH208  names are all that is wanted
        assert other.fileno() > 0
        port = own.getsockname()[1]
    assert after == before
    assert all(port in ports for ports in found)


@pytest.mark.parametrize(
    ("spoken", "name"),
    [
        ("ctrl+enter", "Control+Enter"),
        ("CMD+Shift+p", "Meta+Shift+p"),
        ("Control++", "Control++"),
        ("+", "+"),
        ("esc", "Escape"),
        ("f12", "F12"),
        ("A", "A"),
        ("KeyA", "KeyA"),
        ("up", "ArrowUp"),
        ("nonsense", "nonsense"),
    ],
)
def test_keys_are_known_by_the_names_people_give_them(spoken: str, name: str) -> None:
    assert named(spoken) == name


def test_only_what_no_key_has_is_put_in_as_text() -> None:
    assert [is_text(key) for key in ("é", "👩‍👩‍👧", "a", "Enter", "", "ö" * 17)] == [
        True,
        True,
        False,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("written", "pattern"),
    [("/error/i", "(?i)error"), ("/a/b/", "a/b"), ("/x/gs", "(?s)x"), ("/path", "/path"), ("//", "//"), ("a", "a")],
)
def test_patterns_are_read_as_in_javascript(written: str, pattern: str) -> None:
    assert spelled(written) == pattern
