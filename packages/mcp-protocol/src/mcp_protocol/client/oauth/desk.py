"""The token endpoint: one request, with the client's proof, DPoP and its nonce, and the checks of what comes back."""

import re
from collections.abc import Mapping

from mcp_protocol.client.oauth.clients import Credentials, prove
from mcp_protocol.client.oauth.discovery import Situation
from mcp_protocol.client.oauth.documents import ErrorAnswer, TokenAnswer
from mcp_protocol.client.oauth.failure import AuthorizationFailed
from mcp_protocol.client.oauth.fetching import Fetcher, Reply
from mcp_protocol.client.oauth.proofs import Prover
from mcp_protocol.client.oauth.tokens import Registered, Store

_TOKEN = re.compile(r"[!-~]{1,65536}")  # what a header can carry, and nothing that ends one


class Desk:
    """Where tokens are asked for, in one situation."""

    def __init__(self, fetcher: Fetcher, situation: Situation, store: Store, prover: Prover | None) -> None:
        """With a prover, tokens are bound to its key or not taken."""
        self.fetcher = fetcher
        self.situation = situation
        self.server = situation.server
        self.resource = situation.resource.resource
        self.store = store
        self.prover = prover

    async def ask(self, form: Mapping[str, str], client: Registered, key: Credentials | None = None) -> TokenAnswer:
        """An access token for the server.

        Raises:
            TokenRefused: the authorization server says no.
            AuthorizationFailed: it cannot be asked, or what it gives cannot be used.
        """
        reply = await self._send({**form, "resource": self.resource}, client, key)
        answer = read_answer(reply)
        wanted = "dpop" if self.prover else "bearer"
        if answer.token_type.lower() != wanted:
            raise AuthorizationFailed(f"The authorization server gives no {wanted} token")
        return answer

    async def _send(self, form: Mapping[str, str], client: Registered, key: Credentials | None) -> Reply:
        reply = await self._post(form, client, key)
        if self.prover and _wants_nonce(reply):
            news = self.prover.learn(self.server.token_endpoint, reply.headers.get("dpop-nonce"))
            reply = await self._post(form, client, key) if news else reply
        return reply

    async def _post(self, form: Mapping[str, str], client: Registered, key: Credentials | None) -> Reply:
        url = self.server.token_endpoint
        proof = prove(client, self.server, key)
        bound = {"DPoP": self.prover.proof("POST", url)} if self.prover else {}
        return await self.fetcher.post_form(url, {**form, **proof.form}, proof.headers | bound, "the token endpoint")


def read_answer(reply: Reply) -> TokenAnswer:
    """The token in an answer.

    Raises:
        TokenRefused: it is a refusal.
        AuthorizationFailed: it is neither.
    """
    if not reply.succeeded:
        raise reply.refusal()
    answer = reply.document(TokenAnswer)
    if answer is None or not _TOKEN.fullmatch(answer.access_token):
        raise AuthorizationFailed("The authorization server's answer holds no token")
    return answer


def _wants_nonce(reply: Reply) -> bool:
    refusal = None if reply.succeeded else reply.document(ErrorAnswer)
    return refusal is not None and refusal.error == "use_dpop_nonce"
