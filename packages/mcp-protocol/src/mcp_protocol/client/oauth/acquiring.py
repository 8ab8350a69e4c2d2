"""One renewal of a token, from the refused request to the new token."""

import time
from collections.abc import Callable

from msgspec import Struct

from mcp_protocol.client.oauth.challenge import Challenge
from mcp_protocol.client.oauth.desk import Desk
from mcp_protocol.client.oauth.discovery import Situation, discover
from mcp_protocol.client.oauth.documents import TokenAnswer
from mcp_protocol.client.oauth.failure import AuthorizationFailed, TokenRefused
from mcp_protocol.client.oauth.fetching import Fetcher
from mcp_protocol.client.oauth.grants import Grant
from mcp_protocol.client.oauth.proofs import ALGORITHM, Prover
from mcp_protocol.client.oauth.scopes import wanted
from mcp_protocol.client.oauth.tokens import Store, Token

_EARLY_SECONDS = 30


class Acquired(Struct, frozen=True):
    """A new token; `granted` unless it only prolongs the old one."""

    token: Token
    prover: Prover | None
    granted: bool


class Need(Struct, frozen=True, kw_only=True):
    """Why a token is needed."""

    challenge: Challenge
    old: Token | None = None
    scopes: frozenset[str] = frozenset()
    """What the application asks for in any case."""


class Acquisition:
    """Turns a need into a token."""

    def __init__(self, grant: Grant, store: Store, prover: Callable[[], Prover]) -> None:
        """`prover` gives the key that tokens are bound to, if they are."""
        self._grant = grant
        self._store = store
        self._prover = prover

    async def acquire(self, fetcher: Fetcher, need: Need) -> Acquired:
        """A token that meets the need: the old one prolonged if that will do, else a new grant.

        Raises:
            AuthorizationFailed: there is none.
        """
        situation = await discover(fetcher, need.challenge, self._grant.issuer)
        desk = Desk(fetcher, situation, self._store, self._binding(need, situation))
        # What another authorization server has given is of no use here, and not to be shown here.
        old = need.old if need.old and need.old.issuer == situation.server.issuer else None
        if old and old.refresh and need.challenge.scopes <= old.scopes:
            try:
                return await self._refresh(desk, old, old.refresh)
            except TokenRefused:
                pass  # revoked, expired, used up: the grant is asked again
        before = (old.scopes if old else frozenset[str]()) | need.scopes
        scopes = wanted(need.challenge, situation, before, offline=self._grant.offline)
        answer = await self._grant.obtain(desk, scopes)
        return Acquired(_token(answer, desk, scopes, None), desk.prover, granted=True)

    async def _refresh(self, desk: Desk, old: Token, refresh: str) -> Acquired:
        form = {"grant_type": "refresh_token", "refresh_token": refresh}
        answer = await desk.ask(form, await self._grant.client(desk), self._grant.key)
        return Acquired(_token(answer, desk, old.scopes, refresh), desk.prover, granted=False)

    def _binding(self, need: Need, situation: Situation) -> Prover | None:
        """The prover, if tokens are to be bound to its key: where the server wants that, or once one was."""
        schemes = need.challenge.schemes
        bound = need.old is not None and need.old.scheme == "DPoP"
        if not (bound or "dpop" in schemes or situation.resource.dpop_bound_access_tokens_required):
            return None
        if ALGORITHM in situation.server.dpop_signing_alg_values_supported:
            return self._prover()
        if "bearer" in schemes and not (bound or situation.resource.dpop_bound_access_tokens_required):
            return None  # the server takes either, and the authorization server knows only one
        raise AuthorizationFailed(f"The authorization server binds no tokens with DPoP and {ALGORITHM}")


def _token(answer: TokenAnswer, desk: Desk, scopes: frozenset[str], refresh: str | None) -> Token:
    return Token(
        access=answer.access_token,
        scheme="DPoP" if desk.prover else "Bearer",
        issuer=desk.server.issuer,
        scopes=scopes,
        fresh_until=None if answer.expires_in is None else time.time() + _freshness(answer.expires_in),
        refresh=answer.refresh_token or refresh,
        proof_key=desk.prover.pem if desk.prover else None,
    )


def _freshness(lifetime: float) -> float:
    """All but the last moments, so that a token does not end on its way."""
    return lifetime - min(_EARLY_SECONDS, lifetime / 5)
