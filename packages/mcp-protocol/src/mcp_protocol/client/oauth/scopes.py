"""Which scopes are asked for. Pure."""

from collections.abc import Iterable

from mcp_protocol.client.oauth.challenge import Challenge
from mcp_protocol.client.oauth.discovery import Situation

_OFFLINE = "offline_access"


def wanted(challenge: Challenge, situation: Situation, before: Iterable[str], *, offline: bool) -> frozenset[str]:
    """What the request needs, else all that the server knows of; never less than `before`, so that nothing is lost.

    `offline` asks for a refresh token too, where the authorization server has a scope for that.
    """
    needed = challenge.scopes or frozenset(situation.resource.scopes_supported)
    scopes = needed | frozenset(before)
    if scopes and offline and _OFFLINE in situation.server.scopes_supported:
        return scopes | {_OFFLINE}
    # Of a server's own list this is no part: whether there are refresh tokens is not its business.
    return scopes - {_OFFLINE} if offline else scopes
