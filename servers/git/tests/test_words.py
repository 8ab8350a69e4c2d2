"""The types by which values enter command lines, and the builder: nothing that a caller writes becomes an option."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_protocol import ToolError
from mcp_ref_git.program.argv import Argv
from mcp_ref_git.program.words import (
    Glued,
    Identity,
    ObjectId,
    Pattern,
    Ref,
    RefPattern,
    RemoteName,
    RepoPath,
    Rev,
)

ID = ObjectId.of("a" * 40)
ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
SHARP = st.text(st.sampled_from("-:/.@{}^~*?[]\\ \0\n\tabHEAD="), max_size=30)


@pytest.mark.parametrize(
    "text",
    [
        "main",
        "v1.0",
        "HEAD~3",
        "HEAD^2",
        "@{-1}",
        "feature/x",
        "a" * 40,
        "HEAD@{yesterday}",
        "origin/main",
        "HEAD:a.txt",
        "x^{tree}",
    ],
)
def test_revisions_are_taken_as_git_writes_them(text: str) -> None:
    assert Rev.of(text).text == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-x",
        "--output=f",
        "^main",
        "a..b",
        "a...b",
        ":/text",
        "x:/y",
        "a b",
        "a\nb",
        "a\0b",
        "x" * 1025,
        "--",
        "a\x7f",
    ],
)
def test_what_could_be_an_option_a_range_or_a_search_is_no_revision(text: str) -> None:
    with pytest.raises(ToolError) as caught:
        Rev.of(text)
    assert caught.value.code == "bad_revision"


@given(ANY | SHARP)
def test_no_revision_begins_like_an_option(text: str) -> None:
    try:
        found = Rev.of(text).text
    except ToolError:
        return
    assert found == text
    assert found[0] not in "-^"
    assert ".." not in found


@pytest.mark.parametrize("text", ["main", "feature/x-1", "a.b", "ünï", "-x"[1:], "a@b"])
def test_names_of_branches_are_taken(text: str) -> None:
    assert Ref.of(text).text == text


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "-x",
            "HEAD",
            "@",
            "a..b",
            "a b",
            "a~b",
            "a^b",
            "a:b",
            "a?b",
            "a*b",
            "a[b",
            "a\\b",
            "a@{b",
            "a//b",
            "/a",
            "a/",
        ),
        *(".a", "a/.b", "a.lock", "a.lock/b", "a.", "a\nb", "a\0", "x" * 300),
    ],
)
def test_names_that_git_forbids_are_refused(text: str) -> None:
    with pytest.raises(ToolError) as caught:
        Ref.of(text)
    assert caught.value.code == "bad_ref"


@pytest.mark.parametrize(
    ("text", "path"),
    [("a", "a"), ("a//b/./c/", "a/b/c"), (".", "."), ("-rf", "-rf"), ("*.txt", "*.txt"), (":(top)x", ":(top)x")],
)
def test_paths_are_literal(text: str, path: str) -> None:
    assert RepoPath.of(text).text == path


@pytest.mark.parametrize(
    "text", ["", "/etc/passwd", "..", "a/../b", "../a", "a\0b", "a\nb", ".git/config", "a/.GIT/x", "x" * 5000]
)
def test_paths_that_lead_out_are_refused(text: str) -> None:
    with pytest.raises(ToolError) as caught:
        RepoPath.of(text)
    assert caught.value.code == "invalid_argument"


@given(ANY | SHARP)
def test_no_path_is_absolute_or_leads_upwards(text: str) -> None:
    try:
        found = RepoPath.of(text).text
    except ToolError:
        return
    assert not found.startswith("/")
    assert ".." not in found.split("/")


def test_a_name_shown_with_escapes_can_stand_for_the_odd_one() -> None:
    assert RepoPath.of("d/a\\xff").other == RepoPath("d/a\udcff")
    assert RepoPath.of("d/a").other is None


@pytest.mark.parametrize("text", ["Ada <ada@example.org>", "Ada Lovelace <a@b>", "Ä. Ö. <x@y>"])
def test_identities_are_taken(text: str) -> None:
    assert Identity.of(text).text == text


@pytest.mark.parametrize(
    "text",
    [
        "Ada",
        "<a@b>",
        "Ada <a@b> x",
        "Ada <a@b>\n",
        "Ada\nX <a@b>",
        "Ada <a b>",
        "A <b> <c@d>",
        "Ada <>",
        ". <a@b>",
        "--amend",
    ],
)
def test_an_identity_is_one_name_and_one_address(text: str) -> None:
    with pytest.raises(ToolError):
        Identity.of(text)


@pytest.mark.parametrize("text", ["origin", "a/b", "x-1"])
def test_remotes_have_plain_names(text: str) -> None:
    assert RemoteName.of(text).text == text


@pytest.mark.parametrize("text", ["", "-x", "ext::sh", "https://u:p4ss@h/", "a b", "../x", "a.lock", "x" * 200])
def test_addresses_and_options_are_no_names_of_remotes(text: str) -> None:
    with pytest.raises(ToolError) as caught:
        RemoteName.of(text)
    assert "p4ss" not in caught.value.text


@pytest.mark.parametrize("text", ["", "a\nb", "a\0b", "x" * 1025])
def test_patterns_are_one_line(text: str) -> None:
    with pytest.raises(ToolError):
        Pattern.of(text, "grep")


@pytest.mark.parametrize("text", ["", "-x", "a b", "../x", "a:b", "/x", "x/"])
def test_globs_over_names_are_of_their_kind(text: str) -> None:
    with pytest.raises(ToolError):
        RefPattern.of(text)


@pytest.mark.parametrize("text", ["", "a" * 39, "a" * 41, "g" * 40, "A" * 40, "a" * 40 + "\n"])
def test_an_object_id_is_whole(text: str) -> None:
    with pytest.raises(ToolError):
        ObjectId.of(text)


def test_the_builder_puts_paths_last_and_values_to_their_options() -> None:
    argv = Argv("log", "-z").add("--merges", when=False).attach("--author=", Pattern.of("-x", "author"))
    argv.attach("--skip=", 3).attach("-S", None).put(ID, None).paths([RepoPath.of("--output=x")])
    assert argv.words == ("log", "-z", "--author=-x", "--skip=3", "a" * 40, "--", "--output=x")
    assert Argv("log").paths(()).words == ("log", "--")
    assert Argv("log").words == ("log",)


def test_the_builder_takes_no_value_that_looks_like_an_option() -> None:
    with pytest.raises(AssertionError):
        Argv("log").put(Glued("-x"))


def test_paths_by_stdin_are_ended_by_nul() -> None:
    argv = Argv("add").paths_by_stdin([RepoPath("a\nb"), RepoPath("c\udcff")])
    assert argv.stdin == b"a\nb\0c\xff\0"
    assert argv.words == ("add", "--pathspec-from-file=-", "--pathspec-file-nul")


def test_joined_words_keep_their_parts_apart() -> None:
    other = ObjectId.of("b" * 40)
    assert Glued.between(ID, other, common=False).text == f"{'a' * 40}..{'b' * 40}"
    assert Glued.between(ID, other, common=True).text == f"{'a' * 40}...{'b' * 40}"
    assert Glued.span(1, 2, RepoPath.of("a:b")).text == "1,2:a:b"
    assert Glued.refspec(None, Ref.of("x")).text == ":x"
    assert set(string.hexdigits) >= set(Glued.leaving(ID).text[1:])
