"""URI templates: what they match, what they give back, and the attacks on them (T5, T8, T9)."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_protocol.server.templates import UriTemplate

MATCHES: list[tuple[str, str, dict[str, str] | None]] = [
    ("db:///{name}/schema", "db:///orders/schema", {"name": "orders"}),
    ("db:///{name}/schema", "db:///a%20b%C3%A9/schema", {"name": "a bé"}),
    ("db:///{name}/schema", "db:///é/schema", {"name": "é"}),
    ("db:///{name}/schema", "db:////schema", None),
    ("db:///{name}/schema", "db:///schema", None),
    ("db:///{name}/schema", "db:///a/b/schema", None),
    ("db:///{name}/schema", "db:///orders/schema/", None),
    ("db:///{name}/schema", "DB:///orders/schema", None),
    ("db:///{name}/schema", "x db:///orders/schema", None),
    ("db:///{name}", "db:///orders?x", None),
    ("db:///{name}", "db:///orders#x", None),
    ("db:///{name}", "db:///orders\n", {"name": "orders\n"}),
    ("file:///{+path}", "file:///a/b%20c?d#e", {"path": "a/b c?d#e"}),
    ("file:///{+path}", "file:////etc/passwd", {"path": "/etc/passwd"}),
    ("file:///{+path}", "file:///", None),
    ("file:///{+path}", "file://host/a", None),
    ("file:///{+path}", "FILE:///a", None),
    ("t://{a}/{b}", "t://1/2", {"a": "1", "b": "2"}),
    ("t://{a}-{b}.{c}", "t://1-2-3.4.5", {"a": "1", "b": "2-3", "c": "4.5"}),
    ("t://{a}-/{b}", "t://x--/y", {"a": "x-", "b": "y"}),
    ("t://{a}/{+path}/raw/{b}.txt", "t://x/p/raw/q/raw/y.txt", {"a": "x", "path": "p/raw/q", "b": "y"}),
    ("t://{a}/{+path}/raw", "t://x//raw", None),
    ("t+{+url}", "t+https://h/a?b=%20c", {"url": "https://h/a?b= c"}),
    ("t+{+url}", "t:https://h/", None),
    ("t://static", "t://static", {}),
    ("t://static", "t://static/", None),
]


@pytest.mark.parametrize(("template", "uri", "values"), MATCHES)
def test_a_uri_gives_these_values(template: str, uri: str, values: dict[str, str] | None) -> None:
    assert UriTemplate(template).match(uri) == values


@pytest.mark.parametrize("value", ["%", "%4", "%zz", "%ff", "%c3", "%ed%a0%80", "a%c0%af", "\ud800"])
def test_t5_a_broken_escape_or_no_utf_8_matches_nothing(value: str) -> None:
    """Attack case T5."""
    assert UriTemplate("t://{name}").match(f"t://a%20{value}") is None
    assert UriTemplate("t://{+name}").match(f"t://a%20{value}") is None


def test_t5_a_value_is_decoded_once() -> None:
    """Attack case T5."""
    assert UriTemplate("t://{name}").match("t://%252e%252e") == {"name": "%2e%2e"}
    assert UriTemplate("file:///{+path}").match("file:///%252e%252e/a%00") == {"path": "%2e%2e/a\0"}


@pytest.mark.parametrize(
    "value",
    [
        "..", ".", "%2e%2e", "%2E%2e", ".%2e", "a%2fb", "a%2Fb", "%2f", "..%2f..%2fetc%2fpasswd", "a/../b",
        "..%5c..%5cetc", "a%5c..%5cb", "%00", "a%00b", "a?b", "a#b", "?x",
    ],
)  # fmt: skip
def test_cve_2026_32871_template_traversal(value: str) -> None:
    """CVE-2026-32871 (GHSA-vv7q-7jx5-f767), attack case T9: an encoded separator or `..` left its segment."""
    assert UriTemplate("db:///{name}/schema").match(f"db:///{value}/schema") is None
    assert UriTemplate("db:///{name}").match(f"db:///{value}") is None


@pytest.mark.parametrize("value", ["a/b", "..", "../../etc", "a?b#c", "%2f", "a b", "é", "\n", "%", "a%2e"])
def test_t9_what_is_expanded_stays_in_its_segment(value: str) -> None:
    """Attack case T9."""
    uri = UriTemplate("db:///{name}/schema").expand({"name": value})
    assert uri.removeprefix("db:///").removesuffix("/schema").isascii()
    assert not set("/?#% ").intersection(re.sub("%[0-9A-F]{2}", "", uri.removeprefix("db:///").removesuffix("/schema")))
    assert UriTemplate("file:///{+path}").match(UriTemplate("file:///{+path}").expand({"path": value})) == {
        "path": value
    }


def test_cve_2026_0621_template_linear() -> None:
    """CVE-2026-0621 (GHSA-8r9q-7v3j-jr4g, GHSA-cqwc-fm46-7fff), attack case T8: exponential matching."""
    hostile = ["/user/" + "user1," * 15 + "FAIL/", "," * 50_000, "-" * 50_000, "/" * 50_000, "%2c" * 50_000]
    templates = [
        UriTemplate(f"t://{text}") for text in ("{a}-{b}-{c}-{d}", "{a},{+p},{b},{c}", "{+p}--{a}", "{a}%2c{b}")
    ]
    for template in templates:
        for text in hostile:
            started = time.process_time()
            template.match(f"t://{text}")
            template.match(f"t://{text}x/")
            # An exponential matcher would need years: half a second of CPU is room for any machine.
            assert time.process_time() - started < 0.5


@given(st.data())
@settings(deadline=None)
def test_matching_agrees_with_a_backtracking_pattern(data: st.DataObject) -> None:
    literals = st.text("-/x", min_size=1, max_size=2)
    spanning = data.draw(st.integers(0, 3))
    pieces = ["t:"]
    for index in range(data.draw(st.integers(1, 3))):
        pieces += [f"{{{'+' if index == spanning else ''}v{index}}}", data.draw(literals)]
    template = "".join(pieces[: None if data.draw(st.booleans()) else -1])
    uri = "t:" + data.draw(st.text("-/xy", max_size=12))
    found = UriTemplate(template).match(uri)
    assert (found is not None) == (_by_pattern(template, uri) is not None)
    if found is not None:
        assert _by_pattern(template, uri) is not None
        assert UriTemplate(template).expand(found) == uri


def _by_pattern(template: str, uri: str) -> re.Match[str] | None:
    parts = re.split(r"(\{\+?v\d\})", template)
    kinds = {"{v": "([^/?#]+)", "{+": "(.+)"}
    return re.fullmatch("".join(kinds.get(part[:2], re.escape(part)) for part in parts), uri, re.DOTALL)


SEGMENTS = st.text(st.characters(exclude_characters="/\\\0", codec="utf-8"), min_size=1).filter(
    lambda text: text not in {".", ".."}
)
PATHS = st.text(st.characters(codec="utf-8"), min_size=1)


@given(SEGMENTS, PATHS, SEGMENTS)
@settings(deadline=None)
def test_what_is_expanded_is_matched_again(name: str, path: str, end: str) -> None:
    template = UriTemplate("t://{name}/{+path}/{end}.x")
    values = {"name": name, "path": path, "end": end}
    assert template.match(template.expand(values)) == values


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{name}", "must begin with a scheme"),
        ("/a/{name}", "must begin with a scheme"),
        ("File:///{name}", "must begin with a scheme"),
        ("t://{a}{b}", "a text between"),
        ("t://{a}{+b}", "a text between"),
        ("t://{a}/{a}", "twice"),
        ("t://{+a}/{+b}", "only one"),
        ("t://{?q}", "a variable is"),
        ("t://{/a*}", "a variable is"),
        ("t://{a", "a variable is"),
        ("t://a}", "a variable is"),
        ("t://{}", "a variable is"),
        ("t://{a-b}", "a variable is"),
        ("t://{é}", "a variable is"),
    ],
)
def test_a_template_of_another_kind_is_refused(template: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        UriTemplate(template)


QUERY = UriTemplate("git-log://{repo}{?ref,n}")


@pytest.mark.parametrize(
    ("uri", "values"),
    [
        ("git-log://a", {"repo": "a"}),
        ("git-log://a?", {"repo": "a"}),
        ("git-log://a?n=5", {"repo": "a", "n": "5"}),
        ("git-log://a?n=5&ref=x%2Fy%3D", {"repo": "a", "n": "5", "ref": "x/y="}),
        ("git-log://a?ref=", {"repo": "a", "ref": ""}),
        ("git-log://a?n=5&n=6", None),
        ("git-log://a?other=1", None),
        ("git-log://a?n", None),
        ("git-log://a?n=%00", None),
        ("git-log://a?n=%ff", None),
        ("git-log://a/b?n=1", None),
        ("git-log://?n=1", None),
    ],
)
def test_a_query_holds_what_the_template_names_each_once_or_not(uri: str, values: dict[str, str] | None) -> None:
    assert QUERY.match(uri) == values
    if values is not None:
        assert QUERY.match(QUERY.expand(values)) == values


def test_the_names_of_a_query_are_names_of_the_template() -> None:
    assert QUERY.names == ("repo", "ref", "n")
    with pytest.raises(ValueError, match="twice"):
        UriTemplate("git-log://{repo}{?repo}")
