"""What the operator has decided, without what is secret."""

from pathlib import Path
from typing import Any

from msgspec import structs

from mcp_protocol import Output, Toolset
from mcp_protocol.server.toolset import ToolOptions
from mcp_ref_browser.answer.answers import Answer
from mcp_ref_browser.settings import Settings
from mcp_ref_browser.state import Ctx, State
from mcp_ref_browser.tools.arguments import SessionHandle
from mcp_ref_browser.tools.session import plain_answer
from mcp_ref_kit.settings import Secret

config = Toolset[State]("config", default=False)

_READS: ToolOptions = {"read_only": True, "destructive": False, "idempotent": True, "open_world": False}
# Their values may hold passwords or say where on this machine something is.
_PRIVATE = frozenset({"proxy_server", "cdp_endpoint", "dirs"})
_SET = "(set)"


@config.tool(**_READS)
async def browser_get_config(ctx: Ctx, *, session: SessionHandle = None) -> Output[Answer]:
    """Show how the server is set up."""
    found = None if session is None else ctx.state.registry.find(ctx, session)
    told = described(ctx.state.settings)
    return plain_answer(ctx.state, told, [f"{name}: {value}" for name, value in told.items()], found)


def described(settings: Settings) -> dict[str, Any]:
    """The settings by their wire names; of what is private only that it is set."""
    return {
        _camel(name): _shown(name, value) for name, value in structs.asdict(settings).items() if value not in (None, [])
    }


def _shown(name: str, value: Any) -> Any:
    if name in _PRIVATE or isinstance(value, Path | Secret):
        return _SET
    return [str(one) for one in value] if isinstance(value, list) else value  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]  lists of texts and networks


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
