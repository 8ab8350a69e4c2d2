"""Globs: what they match, name by name, against an oracle that is plain recursion."""

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_protocol.errors import ToolError
from mcp_ref_filesystem.search.match import MAX_ALTERNATIVES, Globs, expanded, is_plain, substrings

MATCHES = [
    ("*.py", "a.py", True),
    ("*.py", ".py", True),
    ("*.py", "src/a.py", False),
    ("**/*.py", "a.py", True),
    ("**/*.py", "src/deep/a.py", True),
    ("src/**", "src", False),
    ("src/**", "src/a/b", True),
    ("src/**/a", "src/a", True),
    ("**", "a/b/c", True),
    ("a**b", "axxb", True),
    ("a**b", "ax/xb", False),
    ("?.txt", "é.txt", True),
    ("?.txt", "ab.txt", False),
    ("[a-c]x", "bx", True),
    ("[!a-c]x", "bx", False),
    ("[^a-c]x", "dx", True),
    ("[]]x", "]x", True),
    ("[a", "[a", True),
    ("[z-a]", "m", False),
    ("[!z-a]", "m", True),
    ("a[-z]", "a-", True),
    (r"\*.py", "*.py", True),
    (r"\*.py", "a.py", False),
    (r"[\]]", "]", True),
    ("{a,b}.py", "b.py", True),
    ("{a,b{c,d}}", "bd", True),
    ("{a}", "{a}", True),
    ("a*b*c", "a1b2c", True),
    ("a*b*c", "abc", True),
    ("ab*ba", "aba", False),
    ("*a*", "bab", True),
    (".*", ".env", True),
    ("./a", "a", True),
    ("a/./b", "a/b", True),
    ("", "a", False),
]


@pytest.mark.parametrize(("pattern", "path", "expected"), MATCHES)
def test_a_glob_matches_the_whole_relative_path(pattern: str, path: str, *, expected: bool) -> None:
    assert Globs([pattern]).matches(path) is expected


def test_a_pattern_that_ends_in_a_slash_is_for_directories_only() -> None:
    compiled = Globs(["build/"])
    assert not compiled.matches("build")
    assert compiled.matches("build", directory=True)
    assert Globs(["**/"]).matches("a/b", directory=True)


def test_a_floating_pattern_without_a_slash_matches_at_any_depth() -> None:
    compiled = Globs(["*.log", "/top"], floating=True)
    assert compiled.matches("a/b/c.log")
    assert compiled.matches("top")
    assert not compiled.matches("a/top")


def test_case_is_ignored_on_request() -> None:
    compiled = Globs(["**/*.PY", "[A-C]?"], ignore_case=True)
    assert compiled.matches("Src/Main.py")
    assert compiled.matches("bX")


def test_a_level_of_one_directory_does_not_leak_into_its_children() -> None:
    compiled = Globs(["a/*.py", "**/x"])
    inside = compiled.start().below("a")
    assert inside.hits("m.py")
    assert not inside.below("sub").hits("m.py")
    assert inside.below("sub").hits("x")


def test_a_level_knows_when_nothing_beneath_can_match() -> None:
    start = Globs(["src/*.py"]).start()
    assert start.below("docs").dead
    assert not start.below("src").dead


def test_names_are_selected_in_their_order() -> None:
    names = ["b.py", "a.txt", "a.py"]
    assert Globs(["*.py"]).start().select(names) == ["b.py", "a.py"]
    assert Globs(["*.txt", "b*"]).start().select(names) == ["b.py", "a.txt"]
    assert Globs(["**"]).start().select(names) == names
    assert Globs(["x/y"]).start().select(names) == []


def test_names_that_are_not_utf8_count_as_characters() -> None:
    assert Globs(["a?"]).matches("a\udcff")
    assert Globs(["a*"]).matches("a\udcff")


@pytest.mark.parametrize(
    ("pattern", "alternatives"),
    [
        ("a{b,c}d", ["abd", "acd"]),
        ("{a,b}{c,d}", ["ac", "ad", "bc", "bd"]),
        ("{a,{b,c}}", ["a", "b", "c"]),
        ("a{,b}", ["a", "ab"]),
        ("{a", ["{a"]),
        ("{a,{b,c}", ["{a,b", "{a,c"]),
        (r"\{a,b}", [r"\{a,b}"]),
        ("}{", ["}{"]),
    ],
)
def test_braces_are_written_out(pattern: str, alternatives: list[str]) -> None:
    assert expanded(pattern) == alternatives


@pytest.mark.parametrize("pattern", ["{a,b}" * 20, "{" + "a," * 300 + "}", "x" * 2000])
def test_a_pattern_with_too_many_alternatives_is_refused(pattern: str) -> None:
    with pytest.raises(ToolError) as caught:
        expanded(pattern)
    assert caught.value.code == "invalid_argument"


def test_a_plain_pattern_has_no_glob_character() -> None:
    assert is_plain("read me.md")
    assert not is_plain("*.md")


SEGMENT = (
    st.lists(st.sampled_from(["a", "b", ".", "*", "?", "[ab]", "[!a]"]), min_size=1, max_size=5)
    .map("".join)
    .filter(lambda one: one != ".")
)
PATTERN = st.lists(st.one_of(SEGMENT, st.just("**")), min_size=1, max_size=4).map("/".join)
PATH = st.lists(st.text("ab.", min_size=1, max_size=4), min_size=1, max_size=4).map("/".join)


@given(PATTERN, PATH)
def test_globs_agree_with_an_oracle(pattern: str, path: str) -> None:
    assert Globs([pattern]).matches(path) == oracle(pattern.split("/"), path.split("/"))


@given(st.lists(PATTERN, max_size=4), PATH)
def test_a_set_of_globs_is_the_union_of_its_members(patterns: list[str], path: str) -> None:
    assert Globs(patterns).matches(path) == any(Globs([pattern]).matches(path) for pattern in patterns)


@given(st.lists(PATTERN, max_size=3), PATH)
def test_a_dead_level_never_matches_again(patterns: list[str], path: str) -> None:
    *parents, name = path.split("/")
    level = Globs(patterns).start()
    was_dead = False
    for parent in parents:
        was_dead = was_dead or level.dead
        level = level.below(parent)
    assert not (was_dead and level.hits(name))


@given(st.text("{},a", max_size=9))
def test_expansion_ends_within_its_bound(pattern: str) -> None:
    assert 1 <= len(expanded(pattern)) <= MAX_ALTERNATIVES


def oracle(pattern: list[str], path: list[str]) -> bool:
    if not pattern:
        return not path
    if pattern[0] == "**":
        # At the end it stands for at least one name, elsewhere also for none.
        least = 1 if len(pattern) == 1 else 0
        return any(oracle(pattern[1:], path[taken:]) for taken in range(least, len(path) + 1))
    return bool(path) and name_matches(pattern[0], path[0]) and oracle(pattern[1:], path[1:])


def name_matches(segment: str, name: str) -> bool:
    tokens: list[str] = re.findall(r"\[[^\]]*\]|.", segment)
    table = {"*": ".*", "?": ".", "[ab]": "[ab]", "[!a]": "[^a]"}
    expression = "".join(table[token] if token in table else re.escape(token) for token in tokens)
    return re.fullmatch(expression, name, re.DOTALL) is not None


def test_hostile_stars_stay_linear() -> None:
    compiled = Globs(["**/" * 50 + "*a" * 200 + "b"])
    assert not compiled.matches("/".join(["a" * 255] * 60))


def test_every_pair_of_kinds_of_segment_is_told_apart() -> None:
    for (first, hit), (second, _) in product([("a*", "ab"), ("*b", "cb"), ("*x*", "axa"), ("a*c", "abc")], repeat=2):
        assert Globs([first]).matches(hit)
        assert Globs([first, second]).matches(hit)


def test_a_plain_text_is_looked_for_in_names_at_any_depth() -> None:
    assert substrings("eadm").matches("docs/README.md") is False
    assert substrings("EADM", ignore_case=True).matches("docs/readme.md")
    assert substrings("c/ma").matches("src/main.py")
    assert substrings("rc/deep/ma").matches("x/src/deep/main.py")
    assert not substrings("c/ma").matches("src/deep/main.py")


def test_named_classes_are_those_of_git() -> None:
    assert Globs(["[[:digit:]x]"]).matches("7")
    assert Globs(["[[:digit:]x]"]).matches("x")
    assert not Globs(["[[:nonsense:]]"]).matches("n")
