"""Results are cut between characters, and say so; what cannot be cut is refused."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_protocol.errors import ToolError
from mcp_protocol.types import CallToolResult, ImageContent, TextContent
from mcp_ref_kit.budget import cut, fit, marked

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"


def result(*content: Any, structured: Any = None) -> CallToolResult:
    return CallToolResult(content=list(content), structured_content=structured)


def texts(fitted: CallToolResult) -> list[str]:
    return [block.text for block in fitted.content if isinstance(block, TextContent)]


def test_a_result_within_the_budget_is_left_alone() -> None:
    small = result(TextContent("abc"), structured={"a": "abc"})
    assert fit(small, 11) is small


def test_a_long_text_ends_with_the_way_to_the_rest() -> None:
    [text] = texts(fit(result(TextContent("a" * 50)), 20))
    assert text.startswith("a" * 20 + "\n[20 of 50 characters. For the rest, ask for less at a time")


def test_the_budget_is_shared_by_all_texts_and_spares_other_content() -> None:
    picture = ImageContent(data=b"x" * 100, mime_type="image/png")
    fitted = fit(result(TextContent("a" * 15), picture, TextContent("b" * 15), TextContent("c")), 20)
    first, second = texts(fitted)
    assert first == "a" * 15
    assert second.startswith("bbbbb\n[5 of 15 characters.")
    assert picture in fitted.content


def test_plain_text_is_cut_in_both_of_its_forms() -> None:
    fitted = fit(result(TextContent("a" * 50), structured={"result": "a" * 50}), 20)
    assert fitted.structured_content["result"] == texts(fitted)[0] == marked("a" * 50, 20)


@pytest.mark.parametrize(
    "structured", [{"rows": ["a" * 50]}, msgspec.Raw(b'{"rows":"' + b"a" * 50 + b'"}'), {"result": ["a" * 50]}]
)
def test_structured_content_over_the_budget_is_refused(structured: Any) -> None:
    with pytest.raises(ToolError, match=r"at most 20 can be returned") as caught:
        fit(result(TextContent("short"), structured=structured), 20)
    assert caught.value.code == "too_large"


def test_escapes_do_not_count_twice() -> None:
    lines = {"a": "\n" * 90}
    whole = result(TextContent("90 lines"), structured=lines)
    assert fit(whole, 100) is whole


def test_a_letter_keeps_its_marks() -> None:
    assert cut("ae\u0301b", 2) == "a"
    assert cut("ae\u0301b", 3) == "ae\u0301"
    assert cut(f"a{FAMILY}b", 3) == "a"
    assert cut("a\U0001f44b\U0001f3fdb", 2) == "a"
    assert cut("a" + "\u0301" * 100, 50) == "a" + "\u0301" * 49
    assert cut("\u0301" * 10, 5) == "\u0301" * 5
    assert cut("abc", 0) == ""


@given(st.text(), st.integers(0, 20))
def test_a_cut_text_is_a_beginning_within_the_budget(text: str, most: int) -> None:
    kept = cut(text, most)
    assert text.startswith(kept)
    assert len(kept) <= most
    assert len(kept) == min(len(text), most) or len(kept) > most - 32
