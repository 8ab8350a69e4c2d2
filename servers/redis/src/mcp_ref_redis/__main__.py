"""The console script `mcp-ref-redis`."""

from collections.abc import Sequence

from mcp_protocol import Middleware, ToolError
from mcp_ref_kit import Finding, cli
from mcp_ref_kit.db.fence import fence_results
from mcp_ref_redis.server import server
from mcp_ref_redis.settings import Settings
from mcp_ref_redis.state import State
from mcp_ref_redis.tailoring import tailor


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


def layers(settings: Settings) -> Sequence[Middleware]:
    """What runs around calls: the fence, where the operator wants one."""
    return [fence_results] if settings.fence else []


main = cli(server, check=check, tailor=tailor, layers=layers)

if __name__ == "__main__":
    main()
