"""search_files and search_content: what they find, what they skip, and pages that continue without repeats."""

import os
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_protocol import ToolError
from mcp_ref_filesystem.search import needle as needles
from mcp_ref_filesystem.search import scanning
from mcp_ref_filesystem.search.finding import Finding, NameQuery
from mcp_ref_filesystem.search.needle import Needle, TooSlow, is_lower
from mcp_ref_filesystem.search.passages import Passage, count, passages, searchable
from mcp_ref_filesystem.search.scanning import ContentQuery, Scanning
from mcp_ref_filesystem.settings import Settings
from mcp_ref_filesystem.slices import Pulse
from mcp_ref_filesystem.tools.search import as_text
from mcp_ref_kit.workers import Stop, Stopped

Bench = Any


def put(bench: Bench, **files: str | bytes) -> None:
    for name, content in files.items():
        path = bench.path / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def find(bench: Bench, pattern: str, *, settings: Settings | None = None, resume: Any = None, **query: Any) -> Finding:
    finding = Finding(bench.at("."), NameQuery(path=".", pattern=pattern, **query), settings or Settings(), resume)
    list(finding.steps())
    return finding


def names(bench: Bench, pattern: str, **query: Any) -> list[str]:
    return [found.path for found in find(bench, pattern, **query).found]


def scan(bench: Bench, pattern: str, *, settings: Settings | None = None, resume: Any = None, **query: Any) -> Scanning:
    scanning = Scanning(bench.at("."), ContentQuery(pattern=pattern, **query), settings or Settings(), Pulse(), resume)
    list(scanning.steps())
    return scanning


def hits(bench: Bench, pattern: str, **query: Any) -> list[tuple[str, int, str]]:
    return [(found.path, found.line, found.text) for found in scan(bench, pattern, **query).passages]


def test_a_glob_matches_the_path_below_the_start(bench: Bench) -> None:
    put(bench, **{"a.py": "", "src__b.py": "", "src__deep__c.PY": ""})
    assert names(bench, "*.py") == ["a.py"]
    assert names(bench, "**/*.py") == ["src/deep/c.PY", "src/b.py", "a.py"]
    assert names(bench, "**/*.py", case_sensitive=True) == ["src/b.py", "a.py"]
    assert names(bench, "src/*") == ["src/deep", "src/b.py"]


def test_a_plain_pattern_is_also_a_part_of_a_name(bench: Bench) -> None:
    put(bench, **{"README.md": "", "docs__readme.txt": "", "docs__x": ""})
    assert names(bench, "readme") == ["docs/readme.txt", "README.md"]
    assert names(bench, "cs/re") == ["docs/readme.txt"]
    assert names(bench, "docs/") == ["docs"]


def test_kind_size_and_time_narrow_the_search(bench: Bench) -> None:
    put(bench, small="x", large="x" * 100, d__x="")
    (bench.path / "link").symlink_to("small")
    os.utime(bench.path / "small", (0, 0))
    assert names(bench, "*", type="directory") == ["d"]
    assert names(bench, "*", type="symlink") == ["link"]
    assert names(bench, "**", min_size=50) == ["large"]
    assert names(bench, "**", max_size=1) == ["d/x", "small"]
    assert names(bench, "*", modified_before="1970-01-02") == ["small"]
    assert "small" not in names(bench, "*", modified_after="1970-01-02T00:00:00+00:00")


@pytest.mark.parametrize("text", ["yesterday", "", "2026-13-01"])
def test_a_time_that_makes_no_sense_is_refused(bench: Bench, text: str) -> None:
    with pytest.raises(ToolError, match="modifiedAfter"):
        names(bench, "*", modified_after=text)


def test_excluded_ignored_and_denied_entries_are_left_out(strict_bench: Bench) -> None:
    put(strict_bench, **{"secret__x": "", "a.log": "", "node_modules__x": "", "keep__x": ""})
    (strict_bench.path / ".gitignore").write_text("*.log\n")
    found = find(strict_bench, "**", exclude=("node_modules",), gitignore=True)
    assert [one.path for one in found.found] == ["keep", "keep/x", "secret", ".gitignore"]
    assert found.denied == 1


def test_pages_of_names_give_every_match_once(bench: Bench) -> None:
    put(bench, **{f"d{number % 3}__f{number:02}": "" for number in range(20)})
    everything = names(bench, "**")
    paged: list[str] = []
    after = None
    for _ in range(20):
        page = find(bench, "**", limit=3, resume=after)
        paged += [found.path for found in page.found]
        after = page.position
        if page.truncation is None:
            break
        assert (page.truncation.reason, page.truncation.shown) == ("limit", 3)
    assert paged == everything


def test_a_page_that_is_just_full_is_the_last_one(bench: Bench) -> None:
    put(bench, a="", b="")
    assert find(bench, "*", limit=2).truncation is None
    assert find(bench, "*", settings=Settings(max_results=1)).truncation is not None


def test_enough_visited_says_so_and_gives_a_position(bench: Bench) -> None:
    put(bench, **{f"d{number}__f": "" for number in range(9)})
    page = find(bench, "**/f", settings=Settings(max_visited=10))
    assert page.truncation is not None
    assert page.truncation.reason == "visited"
    assert len(page.found) + len(find(bench, "**/f", resume=page.position).found) == 9


def test_matching_lines_have_line_column_and_spans(bench: Bench) -> None:
    put(bench, a="one\ntwo é foo, foo\nthree\n")
    (found,) = scan(bench, "foo").passages
    assert (found.path, found.line, found.column, found.text) == ("a", 2, 7, "two é foo, foo")
    assert [found.text[span.start : span.end] for span in found.submatches] == ["foo", "foo"]


def test_lines_round_a_match_come_on_request(bench: Bench) -> None:
    put(bench, a="1\n2\n3 x\n4\n5\n")
    (found,) = scan(bench, "x", before=1, after=9).passages
    assert (found.before, found.after) == (["2"], ["4", "5"])


@pytest.mark.parametrize(
    ("pattern", "query", "lines"),
    [
        ("foo", {}, [1, 2]),
        ("Foo", {}, [2]),
        ("foo", {"case": "yes"}, [1]),
        ("FOO", {"case": "no"}, [1, 2]),
        ("f.o", {"mode": "literal"}, []),
        ("f.o", {}, [1, 2]),
        ("fo", {"mode": "word"}, []),
        ("foo", {"mode": "word", "case": "yes"}, [1]),
        ("^$", {}, [3]),
        ("o$", {"case": "yes"}, [1]),
        (r"\bbar\b", {}, [2]),
        ("x*", {}, [1, 2, 3, 4]),
        (r"foo\s+Foo", {}, []),
        (r"foo\s+Foo", {"multiline": True}, [1]),
        ("é", {"mode": "literal"}, [4]),
        ("É", {"mode": "literal", "case": "no"}, [4]),
        ("t", {"mode": "word"}, []),
    ],
)
def test_modes_and_case(bench: Bench, pattern: str, query: dict[str, Any], lines: list[int]) -> None:
    put(bench, a="a foo\nFoo bar\n\nété\n")
    assert [line for _, line, _ in hits(bench, pattern, **query)] == lines


@pytest.mark.parametrize(
    ("pattern", "lower"), [("abc", True), ("aBc", False), (r"\Sx\B", True), (r"\p{Lu}x", True), (r"(?P<Name>x)", True)]
)
def test_smart_case_looks_at_letters_only(pattern: str, *, lower: bool) -> None:
    assert is_lower(pattern, "regex") is lower


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("a(b", "character 1: missing ): a(b"),
        ("a[b", "character 2: missing ]: [b"),
        ("(?=x)", "character 1: invalid perl operator: (?="),
        ("x" * 5000, "1 to 4096 characters, got 5000"),
        ("\ud800", "half a surrogate pair"),
        ("a\\", "character 2: trailing"),
    ],
)
def test_a_bad_pattern_says_what_and_where(bench: Bench, pattern: str, words: str) -> None:
    with pytest.raises(ToolError, match=re.escape(words)) as caught:
        scan(bench, pattern)
    assert caught.value.code == "invalid_argument"


def test_look_around_is_refused_with_a_hint(bench: Bench) -> None:
    with pytest.raises(ToolError) as caught:
        scan(bench, "(?<=x)y")
    assert caught.value.hint == "RE2 syntax has no look-around and no back-references."


def test_a_line_feed_in_plain_text_needs_multiline(bench: Bench) -> None:
    put(bench, a="a\nb\n")
    with pytest.raises(ToolError, match="line feed"):
        scan(bench, "a\nb", mode="literal")
    assert hits(bench, "a\nb", mode="literal", multiline=True) == [("a", 1, "a\nb")]
    assert hits(bench, "a\n", mode="literal", multiline=True) == [("a", 1, "a")]


def test_every_encoding_is_searched_as_text(bench: Bench) -> None:
    put(
        bench,
        a="naïve\n".encode("latin-1"),
        b="naïve\n".encode("utf-16"),
        c="naïve\r\n".encode("utf-8-sig"),
        d="naïve\n".encode("utf-32"),
    )
    assert hits(bench, "^naïve$") == [(name, 1, "naïve") for name in "abcd"]


def test_what_is_not_searched_is_counted(strict_bench: Bench) -> None:
    put(strict_bench, binary=b"\0\1needle", large="needle" * 100, plain="needle", **{"secret/x": "needle"})
    (strict_bench.path / "link").symlink_to("plain")
    found = scan(strict_bench, "needle", max_file_bytes=100)
    assert [one.path for one in found.passages] == ["plain"]
    assert (found.skipped.binary, found.skipped.large, found.skipped.denied, found.scanned) == (1, 1, 1, 1)


def test_hidden_and_ignored_files_are_left_out_unless_wanted(bench: Bench) -> None:
    put(bench, **{".env": "x", "out__a": "x", "b": "x"})
    (bench.path / ".gitignore").write_text("out\n")
    assert [path for path, _, _ in hits(bench, "x")] == ["b"]
    assert [path for path, _, _ in hits(bench, "x", hidden=True, gitignore=False)] == ["out/a", ".env", "b"]


def test_include_and_exclude_choose_the_files(bench: Bench) -> None:
    put(bench, **{"a.py": "x", "d__b.py": "x", "d__c.md": "x"})
    assert [path for path, _, _ in hits(bench, "x", include=("*.py",))] == ["d/b.py", "a.py"]
    assert [path for path, _, _ in hits(bench, "x", include=("d/*",), exclude=("*.md",))] == ["d/b.py"]


def test_only_so_many_lines_of_one_file(bench: Bench) -> None:
    put(bench, a="x\n" * 50, b="x\n")
    found = hits(bench, "x", max_per_file=2)
    assert found == [("a", 1, "x"), ("a", 2, "x"), ("b", 1, "x")]


def test_files_and_counts(bench: Bench) -> None:
    put(bench, a="x\nx x\ny\n", b="y", c="x")
    files = scan(bench, "x", output="files").tallies
    assert [(one.path, one.count) for one in files] == [("a", None), ("c", None)]
    counts = scan(bench, "x", output="count")
    assert [(one.path, one.count) for one in counts.tallies] == [("a", 2), ("c", 1)]
    page = scan(bench, "x", output="files", max_matches=1)
    assert page.truncation is not None
    assert [one.path for one in scan(bench, "x", output="files", resume=page.position).tallies] == ["c"]


def test_fs28_pages_continue_within_a_file_and_never_repeat(bench: Bench) -> None:
    put(bench, a="x\ny\n" * 10, d__b="x\n" * 5, d__c="y\n", e=b"\0x")
    everything = hits(bench, "x", max_per_file=8)
    paged: list[tuple[str, int, str]] = []
    after = None
    for _ in range(30):
        page = scan(bench, "x", max_matches=2, max_per_file=8, resume=after)
        paged += [(one.path, one.line, one.text) for one in page.passages]
        after = page.position
        if page.truncation is None:
            break
    assert paged == everything
    assert len(paged) == 13


def test_too_much_text_ends_a_page(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "MOST_TEXT", 30)
    put(bench, a="x" * 20 + "\n" + "x" * 20 + "\n" + "x\n")
    page = scan(bench, "x")
    assert page.truncation is not None
    assert (page.truncation.reason, len(page.passages)) == ("bytes", 2)
    assert [one.line for one in scan(bench, "x", resume=page.position).passages] == [3]


def test_when_the_time_is_up_it_answers_what_it_has(bench: Bench) -> None:
    put(bench, a="x", b="x", c="x")
    page = Scanning(bench.at("."), ContentQuery(pattern="x"), Settings(), Pulse())
    page.deadline = 0
    list(page.steps())
    assert page.truncation is not None
    assert page.truncation.reason == "time"
    assert page.milliseconds >= 0
    rest = scan(bench, "x", resume=page.position)
    assert [[one.path for one in found.passages] for found in (page, rest)] == [["a"], ["b", "c"]]


def test_a_long_line_is_cut_round_the_match(bench: Bench) -> None:
    put(bench, a="é" * 3000 + "needle" + "é" * 3000)
    (found,) = scan(bench, "needle").passages
    assert (found.column, len(found.text), found.cut) == (3001, 500, True)
    assert [found.text[span.start : span.end] for span in found.submatches] == ["needle"]


def test_the_text_numbers_lines_and_parts_groups() -> None:
    def passage(path: str, line: int, before: list[str], after: list[str], *, cut: bool = False) -> Passage:
        return Passage(
            path=path, line=line, column=1, text=f"m{line}", before=before, after=after, submatches=[], cut=cut
        )

    shown = as_text([passage("a", 2, ["b1"], ["m3"]), passage("a", 3, ["m2"], ["a4"]), passage("a", 9, ["b8"], [])])
    assert shown == "a\n1-b1\n2:m2\n3:m3\n4-a4\n--\n8-b8\n9:m9"
    assert as_text([passage("a", 1, [], []), passage("b", 5, [], [], cut=True)]) == "a\n1:m1\n\nb\n5:m5..."


TEXTS = st.text("ab\n é", max_size=60)


@given(text=TEXTS, pattern=st.sampled_from(["a", "ab", "a+b", "^a", "b$", "^$", " *", "[^a]b", "é?a"]))
def test_lines_agree_with_an_oracle(text: str, pattern: str) -> None:
    data = searchable(text.encode())
    assert data is not None
    expected = [(number, line) for number, line in enumerate(lines_of(text), 1) if re.search(f"(?m){pattern}", line)]
    found = [(one.line, one.text) for one in passages(data, Needle(pattern, case="yes"), "f")]
    assert found == expected
    assert count(data, Needle(pattern, case="yes")) == len(expected)


def lines_of(text: str) -> list[str]:
    pieces = text.split("\n")
    return pieces[:-1] if pieces[-1] == "" else pieces


def test_long_text_is_searched_in_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(needles, "_STRETCH", 8)
    monkeypatch.setattr(needles, "_LONG", 32)
    data = b"no\nnothing here\n" * 5 + b"a needle\n" + b"x" * 100
    assert Needle("needle|none").find(data, 0, len(data)) == (82, 88)
    assert Needle("none").find(data, 0, len(data)) is None


def test_a_hostile_pattern_on_an_endless_line_is_given_up(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(needles, "_MOST_SECONDS", 0)
    put(bench, a="a" * 1_000_000, b="ab")
    with pytest.raises(TooSlow):
        Needle("(a|b)*c").find(b"a" * 1_000_000, 0, 1_000_000)
    found = scan(bench, "(a|b)+")
    assert [one.path for one in found.passages] == ["b"]
    assert found.skipped.large == 1


def test_between_stretches_the_work_can_be_stopped() -> None:
    pulse = Pulse()
    pulse.stop = Stop()
    pulse.stop.set()
    with pytest.raises(Stopped):
        Needle("nee+dle", check=pulse.check).find(b"x\n" * 100_000, 0, 200_000)
