"""Scripts in Lua, in admin mode: they run inside the engine, and nothing else runs meanwhile."""

from typing import Annotated, Any

from msgspec import Struct

from mcp_protocol import Toolset, arg
from mcp_ref_kit.db.calls.errors import DbError
from mcp_ref_kit.db.rows.cells import Cells
from mcp_ref_kit.db.rows.envelope import Untrusted
from mcp_ref_kit.db.rows.room import Room, budget
from mcp_ref_redis.access.bounds import require_size
from mcp_ref_redis.access.jail import out_of_reach
from mcp_ref_redis.engine.faults import refusal
from mcp_ref_redis.engine.resp import Fault
from mcp_ref_redis.keyspace.windows import tree
from mcp_ref_redis.state import Ctx, State, reached
from mcp_ref_redis.tools.arguments import Named
from mcp_ref_redis.values import Given, bytes_of

scripts = Toolset[State]("scripts", default=False)

MOST_SCRIPT = 64 * 1024
MOST_PARTS = 1000


class ScriptReply(Struct, frozen=True, kw_only=True):
    """What the script returned."""

    reply: Any
    untrusted: Untrusted


@scripts.tool(destructive=True, open_world=False, admin=True)
async def run_script(
    ctx: Ctx,
    *,
    script: Annotated[str, arg("Lua.", min_length=1, max_length=MOST_SCRIPT)],
    keys: Annotated[list[Given], arg("KEYS.", max_length=MOST_PARTS)] | None = None,
    args: Annotated[list[Given], arg("ARGV.", max_length=MOST_PARTS)] | None = None,
    read_only: Annotated[bool, arg("Refuse commands that write.")] = True,
    database: Named = None,
) -> ScriptReply:
    """Run a Lua script in the engine; declare every key it touches. Nothing else runs until it ends."""
    async with reached(ctx, database, needs="admin") as db:
        if db.jail.closed:  # scripts reach keys that they did not declare
            raise out_of_reach()
        names = [bytes_of(f"keys[{at}]", key) for at, key in enumerate(keys or ())]
        most = ctx.state.settings.max_value_bytes
        values = [require_size(f"args[{at}]", bytes_of(f"args[{at}]", one), most) for at, one in enumerate(args or ())]
        name = b"EVAL_RO" if read_only else b"EVAL"
        vector = (name, bytes_of("script", script), b"%d" % len(names), *names, *values)
        key = names[0] if names else None
        [reply] = await db.run(vector, write=not read_only, keys=[key])
    if isinstance(reply, Fault):
        raise refusal(reply)
    shown = tree(reply, Cells(ctx.state.settings.max_output_chars))
    if not Room(budget(ctx.state.settings.max_output_chars)).fits(shown):
        raise DbError("The reply is larger than a result may be.", code="too_large", hint="Return less.")
    return ScriptReply(reply=shown, untrusted=True)
