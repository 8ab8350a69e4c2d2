"""The console script `mcp-ref-postgres`."""

from collections.abc import Iterable, Sequence
from typing import Any

from mcp_protocol import Middleware, Server
from mcp_ref_kit import Finding, cli
from mcp_ref_kit.db.canned import canned_toolset
from mcp_ref_kit.db.envelope import Envelope
from mcp_ref_kit.db.fence import fence_results
from mcp_ref_kit.db.lexer import POSTGRES
from mcp_ref_kit.db.placeholders import check_placeholders
from mcp_ref_kit.db.tailoring import tailored
from mcp_ref_postgres.canned import run_canned
from mcp_ref_postgres.checking import looked_at
from mcp_ref_postgres.server import server
from mcp_ref_postgres.settings import Settings
from mcp_ref_postgres.state import State, sources


def tailor(written: Server[Any, Any], settings: Settings) -> Server[Any, Any]:
    """The server for the operator's databases, with the operator's queries."""
    names = [source.name for source in sources(settings)]
    for query in settings.queries:
        check_placeholders(query, POSTGRES)
    taken = [tool.name for tool in written.tools]
    toolset = canned_toolset(settings.queries, run_canned, returns=Envelope, taken=taken, databases=names)
    return tailored(written, settings, names, [toolset] if settings.queries else [])


def layers(settings: Settings) -> Iterable[Middleware]:
    """What runs around calls: the fence, if the operator wants it."""
    return [fence_results] if settings.fence else []


async def check(settings: Settings, state: State) -> Sequence[Finding]:
    """Whether each database can be reached, and what its role may do."""
    del settings
    return [await looked_at(state, opened) for opened in state.databases.values()]


main = cli(server, check=check, tailor=tailor, layers=layers, reloads=["queries"])

if __name__ == "__main__":
    main()
