"""OAuth for the requests to one server: a token is found, renewed and widened when a request needs it."""

import asyncio
import logging
import time
from collections.abc import Iterable, Mapping

from mcp_protocol.client.deadlines import paused
from mcp_protocol.client.oauth.acquiring import Acquisition, Need
from mcp_protocol.client.oauth.challenge import NO_CHALLENGE, Challenge, read_challenge
from mcp_protocol.client.oauth.failure import AuthorizationFailed
from mcp_protocol.client.oauth.fetching import fetching
from mcp_protocol.client.oauth.grants import Grant
from mcp_protocol.client.oauth.places import Places
from mcp_protocol.client.oauth.proofs import Prover
from mcp_protocol.client.oauth.tokens import MemoryStore, Store, Token

_log = logging.getLogger(__name__)

_ROUNDS = 3  # new tokens for one request
_PAUSE_SECONDS = 60  # between attempts to renew early that fail
_UNAUTHORIZED, _FORBIDDEN = 401, 403


class OAuth:
    """The authorization of a client at one server; give it as `auth` to the `Client`.

    It begins when the server refuses a request, and one renewal serves all requests that wait for it.
    """

    def __init__(self, grant: Grant, *, store: Store | None = None, scopes: Iterable[str] = ()) -> None:
        """`grant` is the way to a token, `store` keeps it (in memory unless given), `scopes` are asked for always."""
        self.generation = 0
        self._store = store or MemoryStore()
        self._scopes = frozenset(scopes)
        self._acquisition = Acquisition(grant, self._store, self._own_prover)
        self._places: Places | None = None
        self._lock = asyncio.Lock()
        self._token: Token | None = None
        self._prover: Prover | None = None
        self._quiet_until = 0.0

    def attempt(self, method: str, url: str) -> "OAuthAttempt":
        """The authorization of one request.

        Raises:
            AuthorizationFailed: the server is reached over plain http on another machine.
            ValueError: this is the authorization at another server, whose token would be given away.
        """
        if self._places is None:
            self._places = Places(url)
        elif self._places.server != url:
            raise ValueError(f"This OAuth is for {self._places.server}; make another one for another server")
        return OAuthAttempt(self, method, self._places)

    async def token(self, places: Places) -> Token | None:
        """The token of the moment, prolonged if it is about to end."""
        if self._token is None:
            self._token = await self._store.token(places.server)
        token = self._token
        if token is None or not token.refresh or _is_fresh(token) or time.monotonic() < self._quiet_until:
            return token
        try:
            await self.renew(places, token, NO_CHALLENGE)
        except AuthorizationFailed as error:
            _log.warning("could not renew the token early: %s", error)
            self._quiet_until = time.monotonic() + _PAUSE_SECONDS
        return self._token

    async def renew(self, places: Places, refused: Token | None, challenge: Challenge) -> bool:
        """Have another token than the refused one; whether it took a new grant.

        Raises:
            AuthorizationFailed: there is none.
        """
        with paused():
            async with self._lock, fetching(places) as fetcher:
                if self._token is not None and (refused is None or self._token.access != refused.access):
                    return False  # another request has brought it meanwhile
                need = Need(challenge=challenge, old=refused, scopes=self._scopes)
                found = await self._acquisition.acquire(fetcher, need)
                await self._store.keep_token(places.server, found.token)
                self._token = found.token
                self.generation += found.granted
                return found.granted

    def proof(self, method: str, url: str, token: Token) -> str:
        """The proof that goes with a bound token."""
        return self._own_prover().proof(method, url, token.access)

    def learn(self, url: str, nonce: str | None) -> bool:
        """Whether a response has brought a nonce for the proofs that come after it."""
        return self._prover is not None and self._prover.learn(url, nonce)

    def _own_prover(self) -> Prover:
        if self._prover is None:
            self._prover = Prover(self._token.proof_key if self._token else None)
        return self._prover


class OAuthAttempt:
    """One request, however often it is sent."""

    def __init__(self, oauth: OAuth, method: str, places: Places) -> None:
        """Made by `OAuth.attempt`."""
        self._oauth = oauth
        self._method = method
        self._places = places
        self._sent: Token | None = None
        self._rounds = 0
        self._granted = False
        self._told_nonce = False

    async def headers(self) -> dict[str, str]:
        """The headers that authorise the request as it is sent now; none while there is no token."""
        token = self._sent = await self._oauth.token(self._places)
        if token is None:
            return {}
        found = {"Authorization": f"{token.scheme} {token.access}"}
        if token.scheme == "DPoP":
            found["DPoP"] = self._oauth.proof(self._method, self._places.server, token)
        return found

    async def again(self, status: int, headers: Mapping[str, str]) -> bool:
        """Whether the request is to be sent once more: with a nonce, a new token, or a wider one.

        Raises:
            AuthorizationFailed: there is no token that would do.
        """
        news = self._oauth.learn(self._places.server, headers.get("dpop-nonce"))
        if status not in {_UNAUTHORIZED, _FORBIDDEN}:
            return False
        challenge = read_challenge(headers.get("www-authenticate", ""))
        if challenge.error == "use_dpop_nonce" and self._sent:
            again, self._told_nonce = news and not self._told_nonce, True
            return again
        if not self._worth(status, challenge):
            return False
        self._rounds += 1
        self._granted = await self._oauth.renew(self._places, self._sent, challenge)
        return True

    def _worth(self, status: int, challenge: Challenge) -> bool:
        """Whether another token could make a difference: the user is not to be asked in vain."""
        if self._rounds == _ROUNDS:
            return False
        if status == _UNAUTHORIZED:
            return not self._granted  # what is refused fresh from its grant will be refused again
        scopes = self._sent.scopes if self._sent else frozenset[str]()
        return challenge.error == "insufficient_scope" and not challenge.scopes <= scopes


def _is_fresh(token: Token) -> bool:
    return token.fresh_until is None or time.time() < token.fresh_until
