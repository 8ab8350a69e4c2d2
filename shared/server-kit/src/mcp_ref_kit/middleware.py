"""What runs around every call, outermost first.

1. its name for the log
2. (telemetry, then audit: they see refusals too)
3. rate limit
4. (policy: what it refuses costs a token)
5. what a server has of its own
6. result budget
7. (masking: it sees results that are still whole)

The deadline of a call and the number of calls in flight belong to the core (`Limits`).
"""

import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from mcp_protocol.errors import Busy, ToolError
from mcp_protocol.server.context import Context
from mcp_protocol.server.dispatch import Middleware, Proceed
from mcp_protocol.server.results import Answer
from mcp_protocol.session.calls import Call
from mcp_protocol.types import CallToolResult
from mcp_ref_kit.budget import fit
from mcp_ref_kit.logs.lines import request_id
from mcp_ref_kit.options import CommonSettings

if TYPE_CHECKING:
    from mcp_ref_kit.rates import Buckets

# What costs something; lists and handshakes are answered from memory.
_COUNTED = frozenset({"tools/call", "resources/read", "prompts/get"})


def layers(
    settings: CommonSettings,
    own: Iterable[Middleware] = (),
    clock: Callable[[], float] = time.monotonic,
    *,
    budget: bool = True,
) -> tuple[Middleware, ...]:
    """The layers that these settings ask for, with those of the server in their place.

    `budget` is off for a server that bounds its results itself.
    """
    chain: list[Middleware] = [name_call]
    if settings.rate_limit is not None:
        from mcp_ref_kit.rates import Buckets  # noqa: PLC0415  most servers have no rate

        chain.append(partial(limit_rate, Buckets(settings.rate_limit), clock))
    chain += own
    if budget:
        chain.append(partial(keep_budget, settings.max_output_chars))
    return tuple(chain)


async def name_call(ctx: Context[Any], call: Call, proceed: Proceed) -> Answer:
    """Let every log line of this call carry its name; the task ends with the call, so nothing is reset."""
    del call
    request_id.set(ctx.request_id)
    return await proceed()


async def limit_rate(
    buckets: "Buckets", clock: Callable[[], float], ctx: Context[Any], call: Call, proceed: Proceed
) -> Answer:
    """Refuse a caller's calls beyond the rate.

    Raises:
        ToolError: `rate_limited`, for a tool; a model can wait and try again.
        Busy: for anything else.
    """
    wait = buckets.take(ctx.principal.key, clock()) if call.method in _COUNTED else 0
    if wait == 0:
        return await proceed()
    seconds = f"{wait:.0f}" if wait > 1 else "1"
    if call.method != "tools/call":
        raise Busy(f"Too many calls; the next one is possible in {seconds} s")
    raise ToolError(
        "Too many calls in a short time.", code="rate_limited", hint=f"Try again in {seconds} s.", retryable=True
    )


async def keep_budget(most: int, ctx: Context[Any], call: Call, proceed: Proceed) -> Answer:
    """Cut a tool's result to the operator's budget."""
    del ctx, call
    answer = await proceed()
    return fit(answer, most) if isinstance(answer, CallToolResult) else answer
