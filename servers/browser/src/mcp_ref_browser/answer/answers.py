"""The one shape in which every tool answers: data for programs, and a text that a page cannot forge."""

import json
import re
import secrets
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

from msgspec import UNSET, Struct, UnsetType

from mcp_protocol import ContentBlock, Output
from mcp_protocol.errors import ToolError
from mcp_ref_browser.answer.redact import Redactor
from mcp_ref_browser.sessions.events import Event

# What terminals and eyes take for something else than text; line feeds and tabs stay.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class Answer(Struct, frozen=True, kw_only=True):
    """page: tab, url, title, status. snapshot: mode, text, generation. events: kind, text."""

    untrusted: bool
    session: str | UnsetType = UNSET
    page: Any = UNSET
    snapshot: Any = UNSET
    result: Any = UNSET
    modal: Any = UNSET
    events: list[Any] | UnsetType = UNSET
    truncated: bool | UnsetType = UNSET
    nextCursor: str | UnsetType = UNSET  # noqa: N815  the wire's name


class FullAnswer(Answer, frozen=True, kw_only=True):
    """The same with all that is known."""

    tabs: Any = UNSET
    truncation: Any = UNSET


class Told(Struct, kw_only=True):
    """What goes into an answer, before secrets are taken out of it."""

    session: str | None = None
    minted: bool = False
    page: dict[str, Any] | None = None
    tabs: list[dict[str, Any]] | None = None
    modal: dict[str, Any] | None = None
    snapshot: dict[str, Any] | None = None
    events: Sequence[Event] = ()
    result: Any = UNSET
    lines: Sequence[str] = ()
    """Sentences of the server's own."""
    label: str = "Text"
    text: str | None = None
    """What the page says: always last."""
    truncation: dict[str, Any] | None = None
    next_cursor: str | None = None
    blocks: Sequence[ContentBlock] = ()


def answer(told: Told, redactor: Redactor, *, fence: bool) -> Output[Answer]:
    """The answer, redacted as a whole."""
    clean = redactor.value
    data = FullAnswer(
        untrusted=True,
        session=told.session or UNSET,
        page=_or_unset(clean(told.page)),
        tabs=_or_unset(clean(told.tabs)),
        modal=_or_unset(clean(told.modal)),
        snapshot=_or_unset(clean(told.snapshot)),
        events=clean([_event(event) for event in told.events]) or UNSET,
        result=clean(told.result),
        truncated=True if told.truncation else UNSET,
        truncation=_or_unset(told.truncation),
        nextCursor=told.next_cursor or UNSET,
    )
    text = redactor.text(_text(told, fence=fence))
    return Output(data, *([text] if text else []), *told.blocks)


@contextmanager
def errors_redacted(redactor: Redactor) -> Generator[None]:
    """Let errors through as answers are: without secrets, and without what terminals obey.

    Raises:
        ToolError: whatever was raised, in clean words.
    """
    try:
        yield
    except ToolError as error:
        error.message = plain(redactor.text(error.message))
        error.hint = None if error.hint is None else plain(redactor.text(error.hint))
        error.args = (error.message,)
        raise


def quoted(text: str) -> str:
    """Text of a page on one line, where it can be taken for nothing else."""
    return json.dumps(plain(text), ensure_ascii=False)


def plain(text: str) -> str:
    """Text without characters that control terminals or the direction of reading."""
    return _CONTROL.sub("", text)


def _text(told: Told, *, fence: bool) -> str:
    lines = [f"Session: {told.session}"] if told.minted and told.session else []
    if told.page is not None:
        lines.append(_page(told.page))
    lines += [_tab(tab) for tab in told.tabs or ()]
    if told.modal is not None:
        lines.append(f"Dialog {told.modal['kind']}: {quoted(told.modal['message'])}. Answer it: browser_handle_dialog.")
    lines += [_event_line(event) for event in told.events]
    lines += told.lines
    if told.truncation is not None:
        shown, total = told.truncation["shown"], told.truncation["total"]
        more = " The rest: cursor=nextCursor." if told.next_cursor else ""
        lines.append(f"Shown: {shown} of {'more' if total is None else total}.{more}")
    if told.next_cursor:
        lines.append(f"nextCursor: {told.next_cursor}")
    if told.text is not None:
        lines += [f"{told.label}:", _fenced(plain(told.text), fence=fence)]
    return "\n".join(lines)


def _page(page: dict[str, Any]) -> str:
    status = f" ({page['status']})" if page.get("status") else ""
    return f"Page {page['tab']}: {quoted(page['url'])} {quoted(page['title'])}{status}"


def _tab(tab: dict[str, Any]) -> str:
    mark = "*" if tab.get("active") else "-"
    return f"{mark} {tab['index']} {tab['tab']} {quoted(tab['url'])} {quoted(tab['title'])}"


def _event_line(event: Event) -> str:
    count = f" ({event.count} times)" if event.count > 1 else ""
    more = f" {event.uri}" if event.uri else ""
    return f"Event {event.kind}: {quoted(event.text)}{count}{more}"


def _event(event: Event) -> dict[str, Any]:
    told: dict[str, Any] = {"kind": event.kind, "text": event.text}
    if event.tab is not None:
        told["tab"] = event.tab
    if event.uri is not None:
        told["uri"] = event.uri
    return told | ({"count": event.count} if event.count > 1 else {})


def _fenced(text: str, *, fence: bool) -> str:
    """The text as it is, or between boundaries that were chosen after it was written."""
    if not fence:
        return text
    mark = secrets.token_hex(8)
    return f"<page-text-{mark}>\n{text}\n</page-text-{mark}>"


def _or_unset(value: Any) -> Any:
    return UNSET if value is None else value
