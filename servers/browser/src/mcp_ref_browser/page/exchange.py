"""One request and its response as text: headers without credentials, bodies if they are text, sizes if they are not."""

import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

from mcp_ref_browser.answer.redact import MASK
from mcp_ref_browser.sessions.rings import RequestEntry

PARTS = ("request-headers", "request-body", "response-headers", "response-body")

HIDDEN = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})
_MOST_BODY = 2_000_000
_PASSWORD = re.compile(r"(?i)pass(word|wd|phrase)?|pwd|secret|token|otp|cvc|cvv|card-?number")
_FORM = re.compile(r'(?i)("(?:[^"]*(?:password|passwd|pwd|secret)[^"]*)"\s*:\s*)"(?:[^"\\]|\\.)*"')
_PART = re.compile(r'(name="([^"]*)"[^\r\n]*(?:\r\n[^\r\n]+)*\r\n\r\n)(.*?)(?=\r\n--)', re.DOTALL)
_TEXT = re.compile(r"(?i)^(text/|application/(json|xml|javascript|x-www-form-urlencoded|.*\+(json|xml)))|charset=")


def line_of(entry: RequestEntry) -> str:
    """A request in one line."""
    return f"#{entry.id} {entry.method} {entry.url} => {_outcome(entry)}"


def described(entry: RequestEntry) -> dict[str, Any]:
    """A request as data."""
    told: dict[str, Any] = {"id": entry.id, "method": entry.method, "url": entry.url, "type": entry.type}
    if entry.status is not None:
        told["status"] = entry.status
    if entry.failure is not None:
        told["failure"] = entry.failure
    return told


async def part_of(entry: RequestEntry, part: str | None, *, reveal: bool) -> str:
    """One part of an exchange, or all of it."""
    if part is not None:
        return await _READERS[part](entry, reveal)
    texts = [line_of(entry)]
    for name, reader in _READERS.items():
        text = await reader(entry, reveal)
        if text:
            texts.append(f"{name}:\n{text}")
    return "\n\n".join(texts)


def headers(fields: list[Any], *, reveal: bool) -> str:
    """Headers as lines; credentials are hidden unless the operator shows them."""
    return "\n".join(
        f"{field['name']}: {MASK if field['name'].lower() in HIDDEN and not reveal else field['value']}"
        for field in fields
    )


def without_passwords(body: str, content_type: str) -> str:
    """A sent form or JSON without the values of password fields."""
    if "x-www-form-urlencoded" in content_type:
        pairs = parse_qsl(body, keep_blank_values=True)
        if any(_PASSWORD.search(name) for name, _ in pairs):
            return "&".join(f"{name}={MASK if _PASSWORD.search(name) else value}" for name, value in pairs)
    if "multipart/form-data" in content_type:
        return _PART.sub(lambda part: f"{part[1]}{MASK}" if _PASSWORD.search(part[2]) else part[0], body)
    return _FORM.sub(rf'\1"{MASK}"', body)


async def _request_headers(entry: RequestEntry, reveal: bool) -> str:  # noqa: FBT001  one of four of a table
    return headers(await entry.request.headers_array(), reveal=reveal)


async def _request_body(entry: RequestEntry, reveal: bool) -> str:  # noqa: FBT001  one of four of a table
    body = entry.request.post_data_buffer
    if not body:
        return ""
    kind = await entry.request.header_value("content-type") or ""
    text = _as_text(body, kind)
    return text if reveal else without_passwords(text, kind)


async def _response_headers(entry: RequestEntry, reveal: bool) -> str:  # noqa: FBT001  one of four of a table
    response = await entry.request.response()
    return "" if response is None else headers(await response.headers_array(), reveal=reveal)


async def _response_body(entry: RequestEntry, reveal: bool) -> str:  # noqa: FBT001  one of four of a table
    del reveal
    response = await entry.request.response()
    if response is None:
        return ""
    try:
        body = await response.body()
    except Exception:  # noqa: BLE001  redirects have none, and the browser forgets those of earlier pages
        return ""
    return _as_text(body, await response.header_value("content-type") or "")


_READERS: dict[str, Callable[[RequestEntry, bool], Awaitable[str]]] = {
    "request-headers": _request_headers,
    "request-body": _request_body,
    "response-headers": _response_headers,
    "response-body": _response_body,
}


def _as_text(body: bytes, content_type: str) -> str:
    """The body if it is text, else how large it is."""
    if len(body) <= _MOST_BODY and (_TEXT.search(content_type) or not content_type):
        try:
            return body.decode()
        except UnicodeDecodeError:
            pass
    return f"[{len(body)} bytes of {content_type or 'unknown type'}]"


def _outcome(entry: RequestEntry) -> str:
    if entry.failure is not None:
        return f"[{entry.failure}]"
    return "..." if entry.status is None else str(entry.status)
