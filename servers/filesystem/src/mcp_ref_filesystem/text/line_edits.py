"""Edits by line number on one text, exact outside the lines named. Pure: no I/O, no clock."""

from itertools import accumulate, pairwise
from typing import Annotated

from msgspec import Meta, Struct

from mcp_protocol.errors import ToolError
from mcp_ref_filesystem.text.splice import Applied, Body, Place, Span, span_of


class LineEdit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Lines and what replaces them."""

    start: Annotated[int, Meta(description="First line, counted from 1.", ge=1)]
    end: Annotated[int, Meta(description="Last line; start - 1 inserts before start.", ge=0)]
    new_text: Annotated[str, Meta(description="The new lines; empty deletes.")]
    expect_text: Annotated[str, Meta(description="What the lines must be now.")] | None = None


def apply_lines(text: str, edits: list[LineEdit]) -> tuple[str, list[Applied]]:
    """The text after all edits; their line numbers are those of the text as it was.

    Raises:
        ToolError: a line that is not there, overlapping edits, or lines that are not as expected.
    """
    body = Body(text)
    starts = [0, *accumulate(len(line) + 1 for line in body.text.split("\n"))]
    count = len(starts) - 1 if not body.text or body.text[-1] != "\n" else len(starts) - 2
    count = 0 if not body.text else count
    for index, edit in enumerate(edits):
        _check(edit, index, count)
    order = sorted(range(len(edits)), key=lambda index: (edits[index].start, edits[index].end))
    for before, after in pairwise(order):
        # Two insertions at one place have no order of their own.
        if edits[after].start <= max(edits[before].end, edits[before].start - 1) or edits[after] == edits[before]:
            message = f"edits[{before}] and edits[{after}] overlap."
            raise ToolError(message, code="invalid_argument")
    spans: list[Span] = []
    for index in order:
        edit = edits[index]
        place = Place(min(starts[edit.start - 1], len(body.text)), min(starts[edit.end], len(body.text)))
        old = body.text[place.start : place.end]
        _expect(edit, index, old, body)
        spans.append(span_of(place, old, _replacement(body, place, edit)))
    body.splice(spans)
    applied = [
        Applied(index=index, count=1, start_line=edit.start, end_line=edit.end, mode="exact")
        for index, edit in enumerate(edits)
    ]
    return body.written(), applied


def _check(edit: LineEdit, index: int, count: int) -> None:
    if edit.end < edit.start - 1:
        raise ToolError(f"edits[{index}]: end is before start.", code="invalid_argument")
    if edit.end > count or edit.start > count + 1:
        message = f"edits[{index}]: the file has {count} lines, not {max(edit.start, edit.end)}."
        raise ToolError(message, code="invalid_argument")


def _expect(edit: LineEdit, index: int, old: str, body: Body) -> None:
    if edit.expect_text is None or body.normal(edit.expect_text).removesuffix("\n") == old.removesuffix("\n"):
        return
    shown = old if len(old) <= 500 else f"{old[:500]}..."  # noqa: PLR2004  enough to see what is there
    message = f"edits[{index}]: lines {edit.start} to {edit.end} are not as expected; they are:\n{shown}"
    raise ToolError(message, code="conflict", hint="Read the file again: the lines may have moved.")


def _replacement(body: Body, place: Place, edit: LineEdit) -> str:
    """The new lines with line feeds; the end of the file keeps having or lacking its last one."""
    new = body.normal(edit.new_text)
    if new and not new.endswith("\n"):
        new += "\n"
    at_end = place.end == len(body.text) and not body.text.endswith("\n")
    if not at_end or not body.text:
        return new
    if place.start == place.end:
        return "\n" + new.removesuffix("\n") if new else ""
    return new.removesuffix("\n")
