"""The request methods of the protocol, one function each, and the table that names them."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from msgspec import UNSET, Struct

from mcp_protocol.errors import InvalidParams, ResourceNotFound, ToolError
from mcp_protocol.revisions import Era
from mcp_protocol.server.context import Context
from mcp_protocol.server.entries import ToolEntry
from mcp_protocol.server.listing import DISCOVER_TTL
from mcp_protocol.server.results import Answer, typed
from mcp_protocol.server.running import Running
from mcp_protocol.server.tasks import Attempt, declared, tasks_of, undeclared
from mcp_protocol.session import rounds
from mcp_protocol.session.calls import Call
from mcp_protocol.session.mirrored import check_params
from mcp_protocol.session.rounds import RoundParams
from mcp_protocol.types import (
    CallToolResult,
    CompleteParams,
    CompleteResult,
    Completion,
    DiscoverResult,
    GetPromptResult,
    InitializeResult,
    LoggingLevel,
    ReadResourceResult,
    Result,
)

Handler = Callable[[Running, Context[Any]], Awaitable[Answer]]


class _CallTool(RoundParams, frozen=True, kw_only=True):
    name: str
    arguments: Any = None


class _GetPrompt(RoundParams, frozen=True, kw_only=True):
    name: str
    arguments: dict[str, str] = {}  # noqa: RUF012  msgspec copies it


class _ReadResource(RoundParams, frozen=True, kw_only=True):
    uri: str


class _SetLevel(Struct, frozen=True):
    level: LoggingLevel


_DONE = Result()


async def initialize(app: Running, ctx: Context[Any]) -> Answer:
    """The legacy handshake; the session has already noted what the client said."""
    return InitializeResult(
        protocol_version=ctx.revision,
        capabilities=app.capabilities,
        server_info=app.identity.info,
        instructions=app.identity.instructions,
    )


async def ping(app: Running, ctx: Context[Any]) -> Answer:
    """Still here (legacy)."""
    del app, ctx
    return _DONE


async def discover(app: Running, ctx: Context[Any]) -> Answer:
    """What this server is and offers (2026-07-28)."""
    del ctx
    return DiscoverResult(
        supported_versions=list(app.profile.modern),
        capabilities=app.capabilities,
        instructions=app.identity.instructions,
        ttl_ms=DISCOVER_TTL,
        cache_scope=app.list_scope,
    )


async def call_tool(app: Running, ctx: Context[Any]) -> Answer:
    """Call a tool under its deadline."""
    call = ctx.call
    params = typed(call.params, _CallTool, "tools/call needs a name, and arguments that are an object")
    tool = app.catalog.tool(params.name)
    if call.head is not None and tool.mirrored:
        check_params(tool.mirrored, params.arguments, call.head)
    _begin_round(app, ctx, params)
    if tool.task == "none" or not _may_become_task(tool, call):
        return await _timed(app, ctx, tool, params.arguments)
    return await Attempt(app, tasks_of(app), ctx).run(partial(_timed, app, ctx, tool, params.arguments))


def _may_become_task(tool: ToolEntry, call: Call) -> bool:
    """Whether the caller can follow a task; a tool that is always one needs a caller who can."""
    able = declared(call)
    if tool.task == "required" and not able:
        raise undeclared()
    return able


async def _timed(app: Running, ctx: Context[Any], tool: ToolEntry, arguments: Any) -> CallToolResult:
    seconds = tool.seconds or app.limits.tool_seconds
    try:
        with app.services.deadlines.after(seconds) as ctx.deadline:
            return await tool.call(ctx, arguments)
    except TimeoutError as error:
        if ctx.deadline is None or not ctx.deadline.expired:
            raise
        raise ToolError(f"The call took longer than {seconds:g} seconds.", code="timeout", retryable=True) from error


async def read_resource(app: Running, ctx: Context[Any]) -> Answer:
    """Read a resource; what may not be read looks like what does not exist."""
    params = typed(ctx.call.params, _ReadResource, "resources/read needs a uri")
    entry, values = app.catalog.resource(params.uri)
    _begin_round(app, ctx, params)
    try:
        with app.services.deadlines.after(app.limits.tool_seconds):
            contents = await entry.read(ctx, params.uri, values)
    except ToolError as error:
        raise _unreadable(params.uri, error) from error
    scope = "public" if app.open_to_all and entry.static else "private"
    return ReadResourceResult(contents=list(contents), ttl_ms=entry.ttl_ms, cache_scope=scope)


# Codes of tool errors that must look alike when a resource is read: there is no oracle for what lies outside.
_HIDDEN = frozenset({"not_found", "denied_outside_root", "denied_policy"})


def _unreadable(uri: str, error: ToolError) -> InvalidParams:
    if error.code in _HIDDEN:
        return ResourceNotFound(uri)
    return InvalidParams(f"{error.code}: {error.message}", data={"uri": uri})


async def get_prompt(app: Running, ctx: Context[Any]) -> GetPromptResult:
    """Fill in a prompt."""
    params = typed(ctx.call.params, _GetPrompt, "prompts/get needs a name, and arguments that are strings")
    prompt = app.catalog.prompt(params.name)
    _begin_round(app, ctx, params)
    try:
        with app.services.deadlines.after(app.limits.tool_seconds):
            return await prompt.get(ctx, params.arguments)
    except ToolError as error:
        raise InvalidParams(error.message) from error


async def complete(app: Running, ctx: Context[Any]) -> Answer:
    """Values for an argument that begin with what the user has typed; an unknown argument has none."""
    params = typed(ctx.call.params, CompleteParams, "completion/complete needs a ref and an argument")
    known = {} if params.context is None or params.context.arguments is None else params.context.arguments
    for entry in app.catalog.completions:
        if entry.matches(params.ref, params.argument.name):
            found = await entry.complete(ctx, params.argument.value, known)
            return CompleteResult(completion=_bounded(found, app.limits.completion_values))
    app.check_reference(params.ref)
    return CompleteResult(completion=Completion(values=[]))


def _bounded(found: Completion, most: int) -> Completion:
    if len(found.values) <= most:
        return found
    return Completion(values=found.values[:most], total=found.total or len(found.values), has_more=True)


async def set_level(app: Running, ctx: Context[Any]) -> Answer:
    """The least severe log message that this session wants (legacy)."""
    del app
    params = typed(ctx.call.params, _SetLevel, "logging/setLevel needs a level from debug to emergency")
    session = ctx.call.peer.session
    if session is not None:
        session.log_level = params.level
    return _DONE


def _begin_round(app: Running, ctx: Context[Any], params: RoundParams) -> None:
    """Open the round of questions that a 2026-07-28 call belongs to; a one-shot state is spent here."""
    call = ctx.call
    if call.peer.era is Era.LEGACY:
        return
    ctx.askable = True
    if params.request_state is UNSET and params.input_responses is UNSET:
        return  # the first round is opened by the first question
    services, limits = app.services, app.limits
    now = services.now()
    ctx.round = rounds.begin(call, params, services.seal, now=now, limit=limits.request_state)
    nonce = ctx.round.state.nonce
    if nonce and not services.spent.spend(nonce, now=now, expires=now + limits.request_state_seconds):
        raise InvalidParams("This requestState has been used; repeat the request without it")
