# ruff: noqa: N803  argument names are the wire's
"""What pages get from the network: mocked answers, being offline, recordings."""

import re
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import Struct

from mcp_protocol import Output, Toolset, arg
from mcp_ref_browser.answer.answers import Answer
from mcp_ref_browser.errors import invalid, over_limit
from mcp_ref_browser.page.racing import within
from mcp_ref_browser.page.recording import begin_har, end_har
from mcp_ref_browser.state import Ctx, State
from mcp_ref_browser.tools.arguments import ACTS, LOOKS, SETS, SessionHandle
from mcp_ref_browser.tools.saving import save
from mcp_ref_browser.turns import Asked, Turn, looked

if TYPE_CHECKING:
    from playwright.async_api import Route

network = Toolset[State]("network", default=False)

MOST_MOCKS = 50
# One line: the browser lets a request wait for ever whose answer it cannot take.
_HEADER = re.compile(r"\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*:[ \t]*([^\x00-\x1f\x7f]*?)\s*")
_MILLISECONDS = 30_000


class Mock(Struct, frozen=True):
    """What a request gets instead of the network's answer, or without which headers it goes there."""

    pattern: str
    status: int | None
    body: str | None
    content_type: str | None
    headers: dict[str, str]
    removed: frozenset[str]

    @property
    def answers(self) -> bool:
        """Whether the request never leaves."""
        return self.status is not None or self.body is not None


@network.tool(**ACTS)
async def browser_route(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    pattern: Annotated[str, arg("Glob of URLs, such as **/api/users.", min_length=1, max_length=2000)],
    status: Annotated[int, arg("Status of the answer.", ge=100, le=599)] | None = None,
    body: Annotated[str, arg("Body of the answer.")] | None = None,
    contentType: Annotated[str, arg("Its type.", max_length=200)] | None = None,
    headers: Annotated[list[str], arg("Headers as `Name: value`.")] | None = None,
    removeHeaders: Annotated[str, arg("Names of request headers to leave out, with commas.")] | None = None,
    session: SessionHandle = None,
) -> Output[Answer]:
    """Answer matching requests with this, instead of the network."""
    if contentType is not None and not contentType.isprintable():
        raise invalid("`contentType` has characters that no header may have.")
    mock = Mock(
        pattern=pattern,
        status=status,
        body=body,
        content_type=contentType,
        headers=_headers(headers or []),
        removed=frozenset(name.strip().lower() for name in (removeHeaders or "").split(",") if name.strip()),
    )

    async def work(own: Turn) -> dict[str, Any]:
        mocks = own.session.mocks
        if pattern not in mocks and len(mocks) >= MOST_MOCKS:
            raise over_limit(f"There are {MOST_MOCKS} routes already.", "Take some back with browser_unroute.")
        if pattern in mocks:
            await own.do(own.tab.page.context.unroute(pattern))
        await own.do(own.tab.page.context.route(pattern, partial(_answered, mock)))
        mocks[pattern] = mock
        return {"result": {"pattern": pattern}, "lines": ["The route is set."]}

    return await looked(ctx, Asked(session=session), work)


@network.tool(**LOOKS)
async def browser_route_list(ctx: Ctx, *, session: SessionHandle = None) -> Output[Answer]:
    """List the routes."""

    async def work(own: Turn) -> dict[str, Any]:
        listed = [
            {"pattern": one.pattern, "status": one.status, "removes": sorted(one.removed)}
            for one in own.session.mocks.values()
        ]
        return {"result": {"routes": listed}, "lines": [one["pattern"] for one in listed] or ["There is no route."]}

    return await looked(ctx, Asked(session=session), work)


@network.tool(**ACTS)
async def browser_unroute(
    ctx: Ctx,
    *,
    pattern: Annotated[str, arg("The one; else all.")] | None = None,
    session: SessionHandle = None,
) -> Output[Answer]:
    """Take routes back."""

    async def work(own: Turn) -> dict[str, Any]:
        gone = [one for one in own.session.mocks if pattern in {None, one}]
        for one in gone:
            await own.do(own.tab.page.context.unroute(one))
            del own.session.mocks[one]
        return {"result": {"removed": len(gone)}, "lines": [f"{len(gone)} routes are taken back."]}

    return await looked(ctx, Asked(session=session), work)


@network.tool(**SETS)
async def browser_network_state_set(
    ctx: Ctx, *, state: Annotated[Literal["online", "offline"], arg("State.")], session: SessionHandle = None
) -> Output[Answer]:
    """Cut the session off from the network, or connect it."""

    async def work(own: Turn) -> dict[str, Any]:
        await own.do(own.tab.page.context.set_offline(state == "offline"))
        return {"result": {"state": state}, "lines": [f"The session is {state}."]}

    return await looked(ctx, Asked(session=session), work)


@network.tool(**ACTS)
async def browser_har_start(ctx: Ctx, *, session: SessionHandle = None) -> Output[Answer]:
    """Record all requests from now on."""

    async def work(own: Turn) -> dict[str, Any]:
        await own.do(begin_har(own.session))
        return {"result": {"recording": "har"}, "lines": ["Requests are recorded."]}

    return await looked(ctx, Asked(session=session), work)


@network.tool(**ACTS)
async def browser_har_stop(
    ctx: Ctx, *, filename: Annotated[str, arg("Save under this name.")] | None = None, session: SessionHandle = None
) -> Output[Answer]:
    """End the recording and save it as HAR, without credentials."""

    async def work(own: Turn) -> dict[str, Any]:
        data = await within(end_har(own.session), own.seconds, "The recording did not end", own.tab)
        return await save(own, filename, "har", "application/json", data)

    return await looked(ctx, Asked(session=session, timeout_ms=_MILLISECONDS), work, guarded=False)


async def _answered(mock: Mock, route: "Route") -> None:
    if mock.answers:
        await route.fulfill(
            status=mock.status or 200,
            body=mock.body or "",
            content_type=mock.content_type,
            headers=mock.headers or None,
        )
        return
    kept = {name: value for name, value in route.request.headers.items() if name.lower() not in mock.removed}
    # It goes on to the guard like any other request.
    await route.continue_(headers={**kept, **mock.headers})


def _headers(given: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in given:
        header = _HEADER.fullmatch(one)
        if header is None:
            raise invalid(f"`headers`: {one[:100]!r} is not of the form `Name: value`.")
        found[header[1]] = header[2]
    return found
