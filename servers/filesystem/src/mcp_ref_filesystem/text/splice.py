"""Find and replace in one text, exact outside the edited characters. Pure: no I/O, no clock.

The text is worked on with line feeds only and gets its own line ends back afterwards, so a line that no edit
touches keeps every byte, also where a file mixes line ends.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Literal

from msgspec import Meta, Struct

from mcp_protocol.errors import ToolError
from mcp_ref_filesystem.text.diff import common_prefix, common_suffix
from mcp_ref_filesystem.text.reindent import reindented

# Where an error names places, more than this many help nobody.
PLACES_NAMED = 8
# A replacement in more places is a program's work, and each place costs a record.
MOST_PLACES = 100_000

MatchMode = Literal["exact", "whitespace"]


class Edit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """One replacement."""

    old_text: Annotated[str, Meta(min_length=1)]
    new_text: str
    replace_all: Annotated[bool, Meta(description="Every match.")] = False
    occurrence: Annotated[int, Meta(description="Only this one, from 1.", ge=1)] | None = None
    expected: Annotated[int, Meta(description="Every match, if this many.", ge=1)] | None = None


class Applied(Struct, frozen=True, kw_only=True, rename="camel"):
    """What one edit did: in how many places, and the lines they spanned just before it."""

    index: int
    count: int
    start_line: int
    end_line: int
    mode: MatchMode


class NoMatch(ToolError):
    """The text of an edit is not in the file; carries what a search for the nearest blocks needs."""

    def __init__(self, index: int, text: str, old: str) -> None:
        super().__init__(f"edits[{index}]: oldText is not in the file.", code="no_match")
        self.searched = text
        self.old = old


class Place(Struct, frozen=True):
    """Characters [start, end) of a text."""

    start: int
    end: int


class Span(Struct, frozen=True):
    """Characters [start, end) of a text and what replaces them."""

    start: int
    end: int
    new: str


class Body:
    """A running text with line feeds only, and what its line ends really are."""

    def __init__(self, text: str) -> None:
        crlf, feeds = text.count("\r\n"), text.count("\n")
        self.end = "\n"
        if crlf == feeds:
            self.end = "\r\n" if feeds else "\r" if "\r" in text else "\n"
        self.ends: list[str] | None = None
        if 0 < crlf < feeds:
            self.ends = ["\r\n" if line.endswith("\r") else "\n" for line in text.split("\n")[:-1]]
            self.text = text.replace("\r\n", "\n")
        else:
            self.text = text.replace(self.end, "\n")

    def normal(self, text: str) -> str:
        """A caller's text as it can be looked for in this one."""
        text = text.replace("\r\n", "\n")
        return text.replace("\r", "\n") if self.end == "\r" else text

    def splice(self, spans: list[Span]) -> None:
        """Replace the spans, which are in order and do not overlap."""
        if self.ends is not None:
            self.ends = _spliced_ends(self.text, self.ends, spans)
        pieces: list[str] = []
        at = 0
        for span in spans:
            pieces += (self.text[at : span.start], span.new)
            at = span.end
        pieces.append(self.text[at:])
        self.text = "".join(pieces)

    def written(self) -> str:
        """The text with its own line ends."""
        if self.ends is None:
            return self.text.replace("\n", self.end)
        return "".join(line + end for line, end in zip(self.text.split("\n"), [*self.ends, ""], strict=True))


def apply(text: str, edits: list[Edit], *, mode: MatchMode = "whitespace") -> tuple[str, list[Applied]]:
    """The text after all edits, in order; nothing is done unless all of them can be.

    Raises:
        NoMatch: the text of an edit is nowhere.
        ToolError: it is in several places, or not in as many as expected.
    """
    body = Body(text)
    applied = [_apply(body, edit, index, mode) for index, edit in enumerate(edits)]
    return body.written(), applied


def _apply(body: Body, edit: Edit, index: int, mode: MatchMode) -> Applied:
    old, new = body.normal(edit.old_text), body.normal(edit.new_text)
    _check(edit, index)
    found: MatchMode = "exact"
    places = list(islice(_exact(body.text, old), MOST_PLACES + 1))
    if not places and mode == "whitespace":
        found = "whitespace"
        places = list(islice(_loose(body.text, old), MOST_PLACES + 1))
    if not places:
        raise NoMatch(index, body.text, old)
    chosen = _chosen(body.text, edit, index, places, overlapping=found == "exact")
    first, last = chosen[0], chosen[-1]
    start_line = _line(body.text, first.start)
    end_line = start_line + body.text.count("\n", first.start, max(first.start, last.end - 1))
    if found == "exact":
        spans = [span_of(place, old, new) for place in chosen]
    else:
        spans = [_loose_span(body.text, place, old, new) for place in chosen]
    body.splice(spans)
    return Applied(index=index, count=len(chosen), start_line=start_line, end_line=end_line, mode=found)


def _check(edit: Edit, index: int) -> None:
    if not edit.old_text:
        raise ToolError(f"edits[{index}]: oldText is empty.", code="invalid_argument")
    if edit.occurrence is not None and (edit.replace_all or edit.expected is not None):
        message = f"edits[{index}]: occurrence goes with neither replaceAll nor expected."
        raise ToolError(message, code="invalid_argument")


def _chosen(text: str, edit: Edit, index: int, places: list[Place], *, overlapping: bool) -> list[Place]:
    """The places that the edit means, or an error that names them all."""
    if len(places) > MOST_PLACES:
        message = f"edits[{index}]: oldText matches in more than {MOST_PLACES} places."
        raise ToolError(message, code="too_large", hint="Give a longer oldText.")
    if edit.occurrence is not None:
        if edit.occurrence > len(places):
            message = f"edits[{index}]: there is no match {edit.occurrence}: {_named(text, places)}."
            raise ToolError(message, code="no_match")
        return [places[edit.occurrence - 1]]
    if edit.expected is not None and edit.expected != len(places):
        message = f"edits[{index}]: expected {edit.expected} matches: {_named(text, places)}."
        raise ToolError(message, code="ambiguous", hint="Nothing was changed.")
    if edit.replace_all or edit.expected is not None:
        return places
    if len(places) == 1 and overlapping:
        # "aa" in "aaa": which two go decides the result.
        again = text.find(text[places[0].start : places[0].end], places[0].start + 1)
        places = places if again < 0 else [*places, Place(again, again)]
    if len(places) > 1:
        hint = "Add surrounding lines to oldText, or give occurrence or replaceAll."
        raise ToolError(f"edits[{index}]: {_named(text, places)}.", code="ambiguous", hint=hint)
    return places


def _named(text: str, places: list[Place]) -> str:
    lines = ", ".join(str(_line(text, place.start)) for place in places[:PLACES_NAMED])
    more = f" and {len(places) - PLACES_NAMED} more" if len(places) > PLACES_NAMED else ""
    if len(places) == 1:
        return f"oldText matches once, at line {lines}"
    return f"oldText matches {len(places)} times, at lines {lines}{more}"


def _line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


def _exact(text: str, old: str) -> Iterator[Place]:
    at = text.find(old)
    while at >= 0:
        yield Place(at, at + len(old))
        at = text.find(old, at + len(old))


def _loose(text: str, old: str) -> Iterator[Place]:
    """Runs of whole lines that equal those of `old` but for white space at their ends.

    Searching the stripped text keeps this linear, also for a file of equal lines.
    """
    wanted = [line.strip() for line in old.removesuffix("\n").split("\n")]
    if not any(wanted):
        return
    lines = text.split("\n")
    stripped = "\n".join(["", *(line.strip() for line in lines), ""])
    needle = "\n".join(["", *wanted, ""])
    line = offset = at = 0
    hit = stripped.find(needle)
    while hit >= 0:
        reached = line + stripped.count("\n", at, hit)
        offset += sum(map(len, lines[line:reached])) + reached - line
        taken = sum(map(len, lines[reached : reached + len(wanted)])) + len(wanted) - 1
        closed = old.endswith("\n") and offset + taken < len(text)
        yield Place(offset, offset + taken + closed)
        line, at = reached, hit
        hit = stripped.find(needle, hit + len(needle) - 1)


def span_of(place: Place, old: str, new: str) -> Span:
    """The replacement without what both texts begin and end with: those characters stay as they are."""
    prefix = common_prefix(old, new)
    suffix = common_suffix(old, new, prefix)
    return Span(place.start + prefix, place.end - suffix, new[prefix : len(new) - suffix])


def _loose_span(text: str, place: Place, old: str, new: str) -> Span:
    """The replacement at a place found without regard to white space.

    Lines that `new` leaves as they were in `old` keep the file's form, the others get the file's indentation.
    """
    here = text[place.start : place.end]
    if old.endswith("\n"):
        old = old.removesuffix("\n")
        if not here.endswith("\n"):
            new = new.removesuffix("\n")
    close = "\n" if here.endswith("\n") and new.endswith("\n") else ""
    lines, were, become = here.removesuffix("\n").split("\n"), old.split("\n"), new.removesuffix(close).split("\n")
    head = 0
    while head < min(len(were), len(become)) and were[head] == become[head]:
        head += 1
    tail = 0
    while tail < min(len(were), len(become)) - head and were[-1 - tail] == become[-1 - tail]:
        tail += 1
    middle = reindented(become[head : len(become) - tail], list(zip(were, lines, strict=True)))
    kept = lines[len(lines) - tail :]
    return span_of(place, here, "\n".join([*lines[:head], *middle, *kept]) + close)


def _spliced_ends(text: str, ends: list[str], spans: list[Span]) -> list[str]:
    """The line ends after the spans: those replaced are kept in turn, further ones are as the nearest line's."""
    result: list[str] = []
    line = at = done = 0
    for span in spans:
        line += text.count("\n", at, span.start)
        gone, added = text.count("\n", span.start, span.end), span.new.count("\n")
        inserted_before = not gone and text[max(0, span.start - 1) : span.start] == "\n"
        last = line + gone - 1 if gone or inserted_before else line
        nearest = ends[max(0, min(last, len(ends) - 1))]
        result += ends[done:line] + ends[line : line + min(gone, added)] + [nearest] * (added - gone)
        line += gone
        at, done = span.end, line
    return result + ends[done:]
