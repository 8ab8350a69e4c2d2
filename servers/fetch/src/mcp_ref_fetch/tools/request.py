"""The tool `http_request`: any method, for APIs; through the same guard and limits as pages."""

import json as jsons
from typing import Annotated, Any, Literal

from msgspec import Struct

from mcp_protocol import Output, Toolset, arg
from mcp_ref_fetch.faults import BadRequest
from mcp_ref_fetch.pages.chunks import chunk
from mcp_ref_fetch.state import Ctx, State
from mcp_ref_fetch.text.charset import decoded
from mcp_ref_fetch.text.clean import cleaned, fenced
from mcp_ref_fetch.text.sniff import sniffed
from mcp_ref_fetch.tools.arguments import SECONDS, Headers, Url
from mcp_ref_fetch.web.wanted import Wanted

requests = Toolset[State]("request", default=False)

Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
_BODILESS = frozenset({"GET", "HEAD"})
# What would let a page's answer act later, on whoever shows it.
_HIDDEN = frozenset({"set-cookie", "set-cookie2", "authorization", "proxy-authenticate"})


class Answered(Struct, frozen=True, kw_only=True):
    """The answer of a web server."""

    status: int
    headers: dict[str, str]
    body: str
    final_url: str
    truncated: bool
    untrusted: bool


@requests.tool(read_only=False, destructive=True, idempotent=False, open_world=True, seconds=SECONDS)
async def http_request(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    method: Annotated[Method, arg("Method.")],
    url: Url,
    headers: Headers = None,
    body: Annotated[str, arg("Text to send.", max_length=1_000_000)] | None = None,
    json: Annotated[dict[str, Any], arg("Object to send as JSON instead.")] | None = None,
    max_length: Annotated[int, arg("Most characters of the body.", ge=1, le=999_999)] = 5000,
) -> Output[Answered]:
    """Send an HTTP request. Redirects of anything but GET and HEAD are returned, not followed."""
    state = ctx.state
    content, content_type = _content(method, body, json)
    given = state.headers(headers)
    accept = given.pop("accept", "application/json, */*;q=0.8")
    if content is not None:
        given = {"content-type": content_type, **given}
    async with state.pages.within() as deadline:
        wanted = Wanted(
            url=state.url(url),
            agent=state.agent,
            deadline=deadline,
            method=method,
            accept=accept,
            headers=given,
            content=content,
        )
        async with state.client.open(wanted) as answer:
            received = b"" if method == "HEAD" else await state.pages.body(answer)
    text = _text(received, answer.headers.get("content-type", ""))
    shown = chunk(text, 0, max_length)
    result = Answered(
        status=answer.status,
        headers={name: value[:1000] for name, value in answer.headers.items() if name not in _HIDDEN},
        body=shown,
        final_url=str(answer.url),
        truncated=len(shown) < len(text),
        untrusted=True,
    )
    return Output(result, f"Status {answer.status}\n{fenced(shown) if state.settings.fence else shown}")


def _content(method: str, body: str | None, json: dict[str, Any] | None) -> tuple[bytes | None, str]:
    if body is not None and json is not None:
        raise BadRequest("`body` and `json` do not go together.")
    if body is None and json is None:
        return None, ""
    if method in _BODILESS:
        raise BadRequest(f"A {method} request has no body.")
    if json is not None:
        return jsons.dumps(json, ensure_ascii=False).encode(), "application/json"
    return (body or "").encode(), "text/plain; charset=utf-8"


def _text(body: bytes, content_type: str) -> str:
    if not body:
        return ""
    what = sniffed(body, content_type)
    if what.kind in {"image", "pdf", "binary"}:
        return f"[{len(body)} bytes of {what.mime}]"
    text, _ = decoded(body, content_type, is_markup=what.kind in {"html", "svg"})
    return cleaned(text)
