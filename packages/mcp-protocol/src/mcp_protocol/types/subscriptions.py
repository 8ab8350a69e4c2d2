"""`subscriptions/listen` of 2026-07-28: what a client wants to hear of, and what it was granted."""

from mcp_protocol.types.structs import Params, Result, Wire


class SubscriptionFilter(Wire, frozen=True, kw_only=True):
    """Kinds of change, and the URIs of single resources; `task_ids` belongs to the tasks extension."""

    tools_list_changed: bool | None = None
    prompts_list_changed: bool | None = None
    resources_list_changed: bool | None = None
    resource_subscriptions: list[str] | None = None
    task_ids: list[str] | None = None


class ListenParams(Params, frozen=True, kw_only=True):
    """What the client asks to hear of."""

    notifications: SubscriptionFilter


class AcknowledgedParams(Params, frozen=True, kw_only=True):
    """The part of it that the server granted: the first message of every subscription."""

    notifications: SubscriptionFilter


class ListenResult(Result, frozen=True, kw_only=True):
    """The end of a subscription that the server closed; `meta` names it."""
