"""The console script `mcp-ref-redis`."""

from collections.abc import Sequence

from mcp_protocol import ToolError
from mcp_ref_kit import Finding
from mcp_ref_kit.db.program.cli import database_cli
from mcp_ref_redis.engine.opening import DRIVER
from mcp_ref_redis.server import server
from mcp_ref_redis.settings import Settings
from mcp_ref_redis.state import State
from mcp_ref_redis.tailoring import fit, names
from mcp_ref_redis.tools.canned import CANNERY


async def check(settings: Settings, state: State) -> Sequence[Finding]:
    """Whether each database answers."""
    del settings
    return [await _looked_at(state, name) for name in state.databases]


async def _looked_at(state: State, name: str) -> Finding:
    subject = f"database {name}"
    try:
        await state.databases[name].ask(b"PING")
    except ToolError as error:
        return Finding(subject, works=False, detail=error.message)
    return Finding(subject, works=True, detail="answers")


main = database_cli(server, names=names, check=check, cannery=CANNERY, fit=fit, sockets=True, ahead=[DRIVER])

if __name__ == "__main__":
    main()
