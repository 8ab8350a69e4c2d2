"""From an accepted call to the bytes of its reply: method table, middleware chain, the one error boundary."""

import logging
from collections.abc import Awaitable, Callable
from functools import partial
from itertools import count
from secrets import token_hex
from typing import Any

from msgspec import Raw, Struct

from mcp_protocol.errors import InvalidParams, MissingCapability, ProtocolError, ToolError, TransportError, Unauthorized
from mcp_protocol.jsonrpc import encode, encode_error, join_result
from mcp_protocol.revisions import Era
from mcp_protocol.server import feeds, handlers, listing, skill_methods, tasks
from mcp_protocol.server.channel import Channel
from mcp_protocol.server.context import Context, Suspended
from mcp_protocol.server.results import Answer, Encoded, error_result
from mcp_protocol.server.running import Running
from mcp_protocol.session import rounds
from mcp_protocol.session.calls import Call
from mcp_protocol.types import CallToolResult, InputRequest, InputRequiredResult
from mcp_protocol.types.wire import error_code

_log = logging.getLogger(__name__)

HANDLERS: dict[str, handlers.Handler] = {
    "tools/call": handlers.call_tool,
    "tools/list": listing.list_tools,
    "resources/read": handlers.read_resource,
    "resources/list": listing.list_resources,
    "resources/templates/list": listing.list_templates,
    "resources/subscribe": feeds.subscribe,
    "resources/unsubscribe": feeds.unsubscribe,
    "prompts/get": handlers.get_prompt,
    "prompts/list": listing.list_prompts,
    "completion/complete": handlers.complete,
    "subscriptions/listen": feeds.listen,
    "server/discover": handlers.discover,
    "initialize": handlers.initialize,
    "logging/setLevel": handlers.set_level,
    "ping": handlers.ping,
    "tasks/get": tasks.get_task,
    "tasks/update": tasks.update_task,
    "tasks/cancel": tasks.cancel_task,
    "skills/list": skill_methods.list_skills,
    "skills/get": skill_methods.get_skill,
    "resources/directory/read": skill_methods.read_directory,
}

# Cheap ones say that the server is alive, however busy; a listener waits most of its life, and the hub counts it.
_UNGATED = frozenset({"ping", "initialize", "server/discover", "subscriptions/listen"})

Run = Callable[[Context[Any]], Awaitable[Answer]]
Proceed = Callable[[], Awaitable[Answer]]
Middleware = Callable[[Context[Any], Call, Proceed], Awaitable[Answer]]
"""Runs around every call: limits, policy, audit. Awaits `proceed` once, or raises."""


class Reply(Struct, frozen=True):
    """One whole JSON-RPC response, and the HTTP status it has where it is an HTTP answer."""

    data: bytes
    status: int = 200
    challenge: str | None = None
    """What the caller's token lacks: `WWW-Authenticate`, in both eras."""


_serial = count(1)
_process = token_hex(2)


async def answer(app: Running, run: Run, call: Call, channel: Channel) -> Reply:
    """Run one call to its reply. Raises nothing but CancelledError: whatever else happens becomes the reply."""
    ctx = Context(app.state, call, channel, app.services, f"{_process}{next(_serial):04x}")
    try:
        try:
            if call.method in _UNGATED or (app.access is not None and _lacks_scope(app, call)):
                result = await run(ctx)
            else:
                async with app.services.gate:
                    result = await run(ctx)
            await ctx.flush()
        except Suspended:
            result = _questions(app, ctx)
        except ToolError as error:
            result = _failed(ctx, error)
        except MissingCapability as error:
            result = _unaskable(ctx, error)
        return _reply(app, call, result)
    except ProtocolError as error:
        return _refusal(call, error)
    except TransportError as error:
        return Reply(encode_error(call.id, ProtocolError(str(error))))
    except Exception:  # noqa: BLE001  the one boundary: the peer learns an id, the log the rest
        _log.exception("call failed", extra={"request_id": ctx.request_id, "method": call.method})
        internal = ProtocolError(f"Internal error (id {ctx.request_id})")
        return Reply(encode_error(call.id, internal), internal.http_status)


def chain(app: Running, middleware: tuple[Middleware, ...]) -> Run:
    """The handlers with the middleware around them, the first outermost."""
    run: Run = partial(_handle, app)
    for layer in reversed(middleware):
        run = partial(_wrapped, layer, run)
    return run


def _lacks_scope(app: Running, call: Call) -> bool:
    """Whether the call will be refused: that needs no turn, and must be said before a stream has begun."""
    return app.access is not None and not app.access.permits(app.needs(call), call.peer.principal)


async def _handle(app: Running, ctx: Context[Any]) -> Answer:
    if app.access is not None:
        app.permit(app.needs(ctx.call), ctx.principal)
    return await HANDLERS[ctx.call.method](app, ctx)


async def _wrapped(layer: Middleware, inner: Run, ctx: Context[Any]) -> Answer:
    return await layer(ctx, ctx.call, partial(inner, ctx))


def _reply(app: Running, call: Call, result: Answer) -> Reply:
    parts = (result.data,) if isinstance(result, Encoded) else app.parts(result, call.peer.revision)
    size = sum(map(len, parts))
    if size > app.limits.reply:
        parts = app.parts(_too_large(app, call, size), call.peer.revision)
    return Reply(join_result(call.id, parts))


def _too_large(app: Running, call: Call, size: int) -> CallToolResult:
    if call.method != "tools/call":
        raise InvalidParams(f"The answer would be over {app.limits.reply} bytes; ask for less")
    text = f"The answer has {size} bytes; at most {app.limits.reply} can be sent."
    return error_result(ToolError(text, code="too_large", hint="Ask for less, or in parts."))


def _failed(ctx: Context[Any], error: ToolError) -> Answer:
    if ctx.call.method != "tools/call":
        raise InvalidParams(f"{error.code}: {error.message}") from error
    return error_result(error)


def _unaskable(ctx: Context[Any], error: MissingCapability) -> Answer:
    """-32021 exists only since 2026-07-28; before, what cannot ask has failed."""
    if ctx.call.peer.era is Era.MODERN:
        raise error
    return _failed(ctx, ToolError(f"{error.message}.", code="missing_capability"))


def _refusal(call: Call, error: ProtocolError) -> Reply:
    """The error reply with a code that the call's revision defines; legacy HTTP answers it with status 200.

    A challenge keeps its status in every revision: that is what makes a client ask for another token.
    """
    if isinstance(error, Unauthorized):
        return Reply(encode_error(call.id, error), error.http_status, error.challenge)
    if call.peer.era is Era.MODERN:
        return Reply(encode_error(call.id, error), error.http_status)
    fitted = ProtocolError(error.message, data=error.data, code=error_code(error, call.peer.revision))
    return Reply(encode_error(call.id, fitted))


def _questions(app: Running, ctx: Context[Any]) -> Answer:
    """The input-required result of an attempt that has questions."""
    current = ctx.round
    if current is None:
        raise AssertionError("only an open round suspends")
    requests = {
        key: InputRequest(method=question.method, params=Raw(encode(question.params)))  # pyright: ignore[reportArgumentType]  what an Ask can be
        for key, question in current.open.items()
    }
    state = current.next_state(token_hex(16))
    expires = app.services.now() + app.limits.request_state_seconds
    return InputRequiredResult(
        input_requests=requests, request_state=rounds.sealed(state, ctx.call, app.services.seal, expires=expires)
    )
