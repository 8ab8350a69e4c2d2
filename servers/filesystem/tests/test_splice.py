"""The edit engine: what it matches, what it refuses, and that no other character changes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_protocol.errors import ToolError
from mcp_ref_filesystem.text.splice import Applied, Edit, MatchMode, NoMatch, apply


def edited(text: str, *edits: tuple[str, str] | Edit, mode: MatchMode = "whitespace") -> str:
    return apply(text, [e if isinstance(e, Edit) else Edit(old_text=e[0], new_text=e[1]) for e in edits], mode=mode)[0]


def refusal(text: str, *edits: tuple[str, str] | Edit, mode: MatchMode = "whitespace") -> ToolError:
    with pytest.raises(ToolError) as caught:
        edited(text, *edits, mode=mode)
    return caught.value


def test_edits_apply_in_order_to_the_running_text() -> None:
    assert edited("a b c", ("a", "b"), ("b b", "x")) == "x c"


def test_the_lines_and_the_number_of_places_are_told() -> None:
    _, applied = apply("a\nb\nc\nb\n", [Edit(old_text="b\n", new_text="", replace_all=True)])
    assert applied == [Applied(index=0, count=2, start_line=2, end_line=4, mode="exact")]


def test_several_matches_are_refused_with_their_lines() -> None:
    error = refusal("b\na\nb\n", ("b", "x"))
    assert (error.code, error.message) == ("ambiguous", "edits[0]: oldText matches 2 times, at lines 1, 3.")


def test_many_matches_are_counted_not_listed() -> None:
    assert refusal("b\n" * 20, ("b", "x")).message.endswith("20 times, at lines 1, 2, 3, 4, 5, 6, 7, 8 and 12 more.")


def test_overlapping_matches_are_ambiguous() -> None:
    assert refusal("aaa", ("aa", "b")).code == "ambiguous"


def test_occurrence_picks_one_match() -> None:
    assert edited("b b b", Edit(old_text="b", new_text="x", occurrence=2)) == "b x b"


def test_an_occurrence_that_is_not_there_is_no_match() -> None:
    error = refusal("b b", Edit(old_text="b", new_text="x", occurrence=3))
    assert (error.code, error.message) == (
        "no_match",
        "edits[0]: there is no match 3: oldText matches 2 times, at lines 1, 1.",
    )


def test_expected_replaces_all_of_them_or_none() -> None:
    assert edited("b b", Edit(old_text="b", new_text="x", expected=2)) == "x x"
    assert refusal("b b b", Edit(old_text="b", new_text="x", expected=2)).code == "ambiguous"


def test_occurrence_with_replace_all_is_refused() -> None:
    assert refusal("b", Edit(old_text="b", new_text="x", occurrence=1, replace_all=True)).code == "invalid_argument"


def test_an_empty_old_text_is_refused() -> None:
    assert refusal("b", ("", "x")).code == "invalid_argument"


def test_a_miss_after_a_hit_is_a_miss() -> None:
    error = refusal("a b", ("a", "x"), ("zzz", "y"))
    assert isinstance(error, NoMatch)
    assert error.message == "edits[1]: oldText is not in the file."


def test_line_feeds_match_the_line_ends_of_the_file() -> None:
    assert edited("a\r\nb\r\nc\r\n", ("a\nb\n", "x\ny\nz\n")) == "x\r\ny\r\nz\r\nc\r\n"
    assert edited("a\rb\rc", ("b\nc", "x\ny")) == "a\rx\ry"
    assert edited("a\nb\n", ("a\r\nb", "x\r\ny")) == "x\ny\n"


def test_line_ends_of_a_mixed_file_stay_where_they_were() -> None:
    assert edited("a\r\nb\nc\r\nd\n", ("a\nb\nc", "a\nB\nc")) == "a\r\nB\nc\r\nd\n"
    assert edited("a\r\nb\nc\r\nd\n", ("c\n", "c\nnew\n")) == "a\r\nb\nc\r\nnew\r\nd\n"
    assert edited("a\r\nb\n", ("b\n", "")) == "a\r\n"


def test_a_line_feed_never_matches_inside_a_crlf() -> None:
    assert edited("a\r\nb\n", ("\nb", "\nc")) == "a\r\nc\n"


def test_lone_carriage_returns_are_characters_where_lines_end_in_lf() -> None:
    assert edited("10%\r20%\ndone\n", ("10%\r20%", "30%")) == "30%\ndone\n"
    assert edited("a\r\r\nb\r\n", ("b", "c")) == "a\r\r\nc\r\n"


def test_white_space_at_line_ends_is_disregarded_second() -> None:
    assert edited("  x\n x\n", ("  x\n", "  y\n")) == "  y\n x\n"
    assert edited("\tx  \nz\n", ("  x\n", "  y\n")) == "\ty\nz\n"
    assert refusal("  x\n", ("x  y", "z")).code == "no_match"


def test_exact_mode_wants_every_space() -> None:
    assert refusal("  x\n", ("   x\n", "y\n"), mode="exact").code == "no_match"


def test_new_lines_get_the_indentation_of_the_file() -> None:
    file = "class A:\n\tdef f(self):\n\t\tx = 1\n\t\treturn x\n"
    old = "def f(self):\n    x = 1\n    return x\n"
    new = "def f(self):\n    x = 1\n    if x:\n        x = 2\n    return x\n"
    assert edited(file, (old, new)) == ("class A:\n\tdef f(self):\n\t\tx = 1\n\t\tif x:\n\t\t\tx = 2\n\t\treturn x\n")


def test_new_lines_may_be_less_indented() -> None:
    file = "        if x:\n            y()\n"
    assert (
        edited(file, ("    if x:\n        y()", "    if x:\n        y()\nz()"))
        == "        if x:\n            y()\n    z()\n"
    )


def test_lines_left_as_they_were_keep_their_trailing_space() -> None:
    file = "  a  \n  b\t\n  c\n"
    assert edited(file, ("a\nb\nc", "a\nB\nc")) == "  a  \n  B\n  c\n"


def test_a_block_at_the_end_gets_no_final_newline() -> None:
    assert edited("a\n  b", ("b\n", "c\n")) == "a\n  c"


def test_blank_lines_alone_are_only_matched_exactly() -> None:
    assert refusal("a\n \nb\n", ("\t\n", "x\n")).code == "no_match"


def test_white_space_matches_are_counted_too() -> None:
    error = refusal("\tx \n\tx \n", ("  x", "y"))
    assert (error.code, error.message) == ("ambiguous", "edits[0]: oldText matches 2 times, at lines 1, 2.")
    whole = edited("\tx \n\tx \n", Edit(old_text="  x", new_text="  y", replace_all=True))
    assert whole == "\ty\n\ty\n"


def test_ever_more_matches_are_refused() -> None:
    assert refusal("b" * 100_001, Edit(old_text="b", new_text="", replace_all=True)).code == "too_large"


lines = st.lists(
    st.tuples(st.sampled_from(["a", "b", " c", "\td ", "", "x\rx", "é"]), st.sampled_from(["\n", "\r\n"])), max_size=12
).map(lambda pairs: "".join(map("".join, pairs)))


@given(lines, st.data())
def test_characters_outside_the_edited_ones_stay_equal(text: str, data: st.DataObject) -> None:
    cuts = [at for at in range(len(text) + 1) if text[at - 1 : at + 1] != "\r\n"]
    start = data.draw(st.sampled_from(cuts))
    end = data.draw(st.sampled_from([at for at in cuts if at >= start]))
    old = text[start:end]
    new = data.draw(st.sampled_from(["", "Z", "Z\nY", old + "Z", "Z" + old]))
    if not old:
        return
    try:
        result, applied = apply(text, [Edit(old_text=old, new_text=new)], mode="exact")
    except ToolError as error:
        plain, wanted = text.replace("\r\n", "\n"), old.replace("\r\n", "\n")
        if error.code != "ambiguous" or plain.find(wanted) == plain.rfind(wanted):
            raise
        return
    assert applied[0].count == 1
    assert result.startswith(text[:start])
    assert result.endswith(text[end:])


@given(lines)
def test_an_edit_that_changes_nothing_changes_no_byte(text: str) -> None:
    for old in set(text.replace("\r\n", "\n").split("\n")) - {""}:
        same = Edit(old_text=old, new_text=old, replace_all=True)
        assert apply(text, [same])[0] == text


@given(lines, st.sampled_from(["a\nb", "a\n c\n", "b\n\td", "x"]), st.sampled_from(["Q", "Q\nR\n", ""]))
def test_replacing_all_equals_replacing_in_lf_and_converting(text: str, old: str, new: str) -> None:
    for end in ("\n", "\r\n"):
        uniform = text.replace("\r\n", "\n")
        edit = Edit(old_text=old, new_text=new, replace_all=True)
        try:
            result = apply(uniform.replace("\n", end), [edit], mode="exact")[0]
        except NoMatch:
            assert old not in uniform
        else:
            assert result == uniform.replace(old, new).replace("\n", end)
