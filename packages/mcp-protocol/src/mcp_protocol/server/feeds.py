"""Subscriptions as methods: `subscriptions/listen` of 2026-07-28 and the feed of a legacy session."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from itertools import islice
from typing import Any

from mcp_protocol.errors import Forbidden, InvalidParams, ProtocolError, ToolError
from mcp_protocol.jsonrpc import encode_notification
from mcp_protocol.server.context import Context
from mcp_protocol.server.expiry import until
from mcp_protocol.server.results import Answer, typed
from mcp_protocol.server.running import Running
from mcp_protocol.server.subscriptions import TASK_CHANGED, Change, Kind, Subscription
from mcp_protocol.server.tasks import declared, tasks_of, undeclared
from mcp_protocol.session.calls import SessionFacts
from mcp_protocol.types import (
    SUBSCRIPTION_ID,
    AcknowledgedParams,
    CancelledParams,
    ListenParams,
    ListenResult,
    ResourceUpdatedParams,
    Result,
    SubscribeParams,
    SubscriptionFilter,
)

_DONE = Result()


async def listen(app: Running, ctx: Context[Any]) -> Answer:
    """Acknowledge what is granted, then send changes until the client leaves, its token ends or the server stops."""
    params = typed(ctx.call.params, ListenParams, "subscriptions/listen needs a notifications filter")
    wanted = params.notifications
    subscription = app.services.hub.open(_granted_kinds(app, wanted))
    meta = {SUBSCRIPTION_ID: ctx.call.id}
    try:
        distinct = dict.fromkeys(wanted.resource_subscriptions or ())
        for uri in islice(distinct, app.limits.subscription_uris):  # looking at each may cost the server something
            await _try_add(app, ctx, subscription, uri)
        _follow_tasks(app, ctx, subscription, wanted.task_ids)
        granted = _granted(subscription, wanted)
        acknowledged = AcknowledgedParams(notifications=granted, meta=meta)
        await ctx.channel.send(encode_notification("notifications/subscriptions/acknowledged", acknowledged))
        async with until(ctx.principal.expires, app.services.now()):
            await subscription.run(partial(_send, app, ctx, meta))
    finally:
        app.services.hub.discard(subscription)
    if ctx.transport == "stdio":
        ended = CancelledParams(request_id=ctx.call.id, reason="The server is stopping")
        await ctx.channel.send(encode_notification("notifications/cancelled", ended))
    return ListenResult(meta=meta)


async def subscribe(app: Running, ctx: Context[Any]) -> Answer:
    """Send this legacy session the changes of one resource."""
    params = typed(ctx.call.params, SubscribeParams, "resources/subscribe needs a uri")
    session = _session(ctx)
    await _add(app, ctx, app.feed(session), params.uri)
    return _DONE


async def unsubscribe(app: Running, ctx: Context[Any]) -> Answer:
    """Stop sending them."""
    params = typed(ctx.call.params, SubscribeParams, "resources/unsubscribe needs a uri")
    app.feed(_session(ctx)).remove(params.uri)
    return _DONE


async def follow(app: Running, session: SessionFacts, send: Callable[[bytes], Awaitable[None]]) -> None:
    """Send a legacy session its changes until cancelled; a transport runs this beside the session."""
    subscription = app.feed(session)
    try:
        await subscription.run(partial(_send_ready, session, send))
    finally:
        app.end_feed(session)


async def _try_add(app: Running, ctx: Context[Any], subscription: Subscription, uri: str) -> None:
    """Add what may be read; the rest is left out without a word, whether or not it exists."""
    try:
        await _add(app, ctx, subscription, uri)
    except (ProtocolError, ToolError):
        return


async def _add(app: Running, ctx: Context[Any], subscription: Subscription, uri: str) -> None:
    if app.access is not None:
        app.permit(app.access.reading, ctx.principal)
    found = app.catalog.watch(uri)
    if found is None:
        app.catalog.resource(uri)
        subscription.add(uri, None)
        return
    watch, values = found
    subscription.add(uri, await watch.start(ctx, values))


def _granted_kinds(app: Running, wanted: SubscriptionFilter) -> frozenset[Kind]:
    asked: dict[Kind, bool | None] = {
        "tools": wanted.tools_list_changed,
        "prompts": wanted.prompts_list_changed,
        "resources": wanted.resources_list_changed,
    }
    return frozenset(kind for kind in app.catalog.changing if asked[kind])


def _granted(subscription: Subscription, wanted: SubscriptionFilter) -> SubscriptionFilter:
    kinds = subscription.kinds
    return SubscriptionFilter(
        tools_list_changed=True if "tools" in kinds else None,
        prompts_list_changed=True if "prompts" in kinds else None,
        resources_list_changed=True if "resources" in kinds else None,
        resource_subscriptions=list(subscription.uris) if wanted.resource_subscriptions is not None else None,
        task_ids=sorted(subscription.tasks) if wanted.task_ids is not None else None,
    )


def _notice(change: Change, meta: dict[str, Any] | None) -> bytes:
    if change.uri is not None:
        return encode_notification(change.method, ResourceUpdatedParams(uri=change.uri, meta=meta))
    return encode_notification(change.method, {} if meta is None else {"_meta": meta})


def _follow_tasks(app: Running, ctx: Context[Any], subscription: Subscription, wanted: list[str] | None) -> None:
    if wanted is None or app.tasks is None:
        return
    if not declared(ctx.call):
        raise undeclared()
    for task_id in wanted[: app.limits.subscription_uris]:
        with suppress(InvalidParams, Forbidden):  # another's task is left out like one that never was
            app.permit(tasks_of(app).find(task_id, ctx.principal).record.needs, ctx.principal)
            subscription.tasks.add(task_id)


async def _send(app: Running, ctx: Context[Any], meta: dict[str, Any], change: Change) -> None:
    if change.method != TASK_CHANGED:
        await ctx.channel.send(_notice(change, meta))
        return
    with suppress(InvalidParams):  # it has expired meanwhile
        state = tasks_of(app).find(change.uri or "", ctx.principal).state(meta)
        await ctx.channel.send(encode_notification(TASK_CHANGED, state))


async def _send_ready(session: SessionFacts, send: Callable[[bytes], Awaitable[None]], change: Change) -> None:
    # Nothing but replies may go out before notifications/initialized (2025-11-25 lifecycle).
    if session.ready:
        await send(_notice(change, None))


def _session(ctx: Context[Any]) -> SessionFacts:
    session = ctx.call.peer.session
    if session is None:
        raise AssertionError("the ladder lets these methods through in a session only")
    return session
