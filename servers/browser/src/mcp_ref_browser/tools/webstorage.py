"""Local and session storage of the page's origin: the same five tools for each."""

from functools import partial
from typing import Annotated, Any, Literal

from mcp_protocol import Output, Toolset, arg
from mcp_protocol.server.toolset import ToolOptions
from mcp_ref_browser.answer.answers import Answer
from mcp_ref_browser.errors import BrowserError, invalid
from mcp_ref_browser.state import Ctx, State
from mcp_ref_browser.tools.arguments import DESTROYS, LOOKS, SETS, SessionHandle
from mcp_ref_browser.tools.cookies import Reveal, may_reveal, shown, worded
from mcp_ref_browser.turns import Asked, Turn, looked

webstorage = Toolset[State]("storage", default=False)

Area = Literal["localstorage", "sessionstorage"]
Key = Annotated[str, arg("Key.", min_length=1)]
_NAMES: dict[Area, str] = {"localstorage": "local storage", "sessionstorage": "session storage"}


def _area(own: Turn, area: Area) -> Any:
    if not own.tab.page.url.startswith("http"):
        raise invalid(f"The page has no {_NAMES[area]}.", "browser_navigate opens one that has.")
    return own.tab.page.local_storage if area == "localstorage" else own.tab.page.session_storage


def _offer(area: Area) -> None:
    """Offer the tools of one kind of storage."""
    title = _NAMES[area]

    def options(of: ToolOptions, name: str) -> ToolOptions:
        return {**of, "title": f"{name} of {title}"}

    @webstorage.tool(f"browser_{area}_list", **options(LOOKS, "Keys"))
    async def items(ctx: Ctx, *, reveal: Reveal = None, session: SessionHandle = None) -> Output[Answer]:
        """List what the page keeps in this storage."""
        return await looked(ctx, Asked(session=session), partial(_listed, area, may_reveal(ctx, reveal)))

    @webstorage.tool(f"browser_{area}_get", **options(LOOKS, "One key"))
    async def item(ctx: Ctx, *, key: Key, reveal: Reveal = None, session: SessionHandle = None) -> Output[Answer]:
        """Describe the value of a key of this storage."""
        return await looked(ctx, Asked(session=session), partial(_described, area, key, may_reveal(ctx, reveal)))

    @webstorage.tool(f"browser_{area}_set", **options(SETS, "Set a key"))
    async def keep(
        ctx: Ctx, *, key: Key, value: Annotated[str, arg("Value.")], session: SessionHandle = None
    ) -> Output[Answer]:
        """Set a key of this storage."""
        return await _changed(ctx, session, area, "set_item", key, value)

    @webstorage.tool(f"browser_{area}_delete", **options(DESTROYS, "Delete a key"))
    async def remove(ctx: Ctx, *, key: Key, session: SessionHandle = None) -> Output[Answer]:
        """Delete a key of this storage."""
        return await _changed(ctx, session, area, "remove_item", key)

    @webstorage.tool(f"browser_{area}_clear", **options(DESTROYS, "Clear"))
    async def clear(ctx: Ctx, *, session: SessionHandle = None) -> Output[Answer]:
        """Delete all keys of this storage."""
        return await _changed(ctx, session, area, "clear")

    del items, item, keep, remove, clear


async def _listed(area: Area, revealed: bool, own: Turn) -> dict[str, Any]:  # noqa: FBT001  the first of a partial
    found = await own.do(_area(own, area).items())
    listed = [{"key": one["name"], "value": shown(one["value"], reveal=revealed)} for one in found]
    return _told({"items": listed}, [f"{one['name']}: {worded(one['value'], reveal=revealed)}" for one in found])


async def _described(area: Area, key: str, revealed: bool, own: Turn) -> dict[str, Any]:  # noqa: FBT001  of a partial
    found = await own.do(_area(own, area).get_item(key))
    if found is None:
        raise BrowserError(f"There is no key {key[:100]!r}.", code="no_match")
    return _told({"key": key, "value": shown(found, reveal=revealed)}, [worded(found, reveal=revealed)])


async def _changed(ctx: Ctx, session: str | None, area: Area, how: str, *arguments: str) -> Output[Answer]:
    async def work(own: Turn) -> dict[str, Any]:
        await own.do(getattr(_area(own, area), how)(*arguments))
        own.remember()
        return {"result": {"changed": True}, "lines": [f"The {_NAMES[area]} is changed."]}

    return await looked(ctx, Asked(session=session), work)


def _told(result: dict[str, Any], lines: list[str]) -> dict[str, Any]:
    return {"result": result, "label": "Text", "text": "\n".join(lines) or "There is none."}


_offer("localstorage")
_offer("sessionstorage")
