"""Snapshots as lines, with literal input: nodes and marks, masks, differences, pages."""

import time
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_ref_browser.answer.redact import masked
from mcp_ref_browser.page.diff import changes, rendered
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
