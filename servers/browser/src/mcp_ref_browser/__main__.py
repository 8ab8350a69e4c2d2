"""The console script `mcp-ref-browser`."""

import asyncio
from collections.abc import Iterable, Sequence

from mcp_protocol.errors import ToolError
from mcp_protocol.server.dispatch import Middleware
from mcp_ref_browser.engine.supervisor import DRIVER
from mcp_ref_browser.server import server, tailor
from mcp_ref_browser.settings import Settings
from mcp_ref_browser.setup.discover import executable
from mcp_ref_browser.state import State
from mcp_ref_browser.tools.aliases import accept_aliases
from mcp_ref_kit import Finding, cli
from mcp_ref_kit.libraries import Ahead


async def check(settings: Settings, state: State) -> Sequence[Finding]:
    """Whether a browser is there to be started, and where artifacts go."""
    return [await asyncio.to_thread(_browser, settings), Finding("artifacts", works=True, detail=str(state.store.path))]


def _browser(settings: Settings) -> Finding:
    if settings.cdp_endpoint is not None:
        return Finding("browser", works=True, detail=f"at {settings.cdp_endpoint}, which no rule binds")
    try:
        return Finding("browser", works=True, detail=executable(settings))
    except ToolError as error:
        return Finding("browser", works=False, detail=f"{error.message} {error.hint or ''}".strip())


def layers(settings: Settings) -> Iterable[Middleware]:
    """What runs around each call."""
    del settings
    return (accept_aliases, Ahead([DRIVER]))


# There are no modes: toolsets say what may be done. Page text has a budget of its own, in the answers themselves.
main = cli(server, check=check, without=["mode", "max_output_chars"], tailor=tailor, layers=layers)

if __name__ == "__main__":
    main()
