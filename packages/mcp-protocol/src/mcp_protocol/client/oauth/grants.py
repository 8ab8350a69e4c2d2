"""The ways to a token: a user who consents, a client of its own right, a workload, an employer."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from msgspec import Struct

from mcp_protocol.client.oauth.clients import Credentials, prove
from mcp_protocol.client.oauth.consent import ask_consent, read_code
from mcp_protocol.client.oauth.desk import Desk, read_answer
from mcp_protocol.client.oauth.discovery import server_metadata
from mcp_protocol.client.oauth.documents import ServerMetadata, TokenAnswer
from mcp_protocol.client.oauth.failure import AuthorizationFailed, TokenRefused
from mcp_protocol.client.oauth.registration import known_client
from mcp_protocol.client.oauth.tokens import Registered

_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
_ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"  # noqa: S105  the name of a type
_ID_JAG = "urn:ietf:params:oauth:token-type:id-jag"

Authorize = Callable[[str], Awaitable[str]]
"""Takes the user to a URL and returns the URL that they were sent back to."""
Assertion = Callable[[str], Awaitable[str]]
"""A JWT that the authorization server of that issuer accepts."""


class Grant(Protocol):
    """One way to a token."""

    @property
    def issuer(self) -> str | None:
        """The only authorization server that may be used; None for whichever the server trusts."""
        ...

    @property
    def offline(self) -> bool:
        """Whether a refresh token is of use."""
        ...

    @property
    def key(self) -> Credentials | None:
        """What the client was given by hand."""
        ...

    async def client(self, desk: Desk) -> Registered:
        """The client as the authorization server knows it."""
        ...

    async def obtain(self, desk: Desk, scopes: frozenset[str]) -> TokenAnswer:
        """A new token; raises AuthorizationFailed."""
        ...


class AuthorizationCode(Struct, frozen=True, kw_only=True):
    """A user consents in their browser, which is the application's to open: this package opens nothing."""

    authorize: Authorize
    redirect_uri: str
    client_name: str = "mcp-ref-client"
    metadata_url: str | None = None
    """The https URL of a client id metadata document, which is then the client's id."""
    credentials: Credentials | None = None
    seconds: float = 600
    """How long the user may take."""

    @property
    def issuer(self) -> str | None:
        """The one that the credentials are for."""
        return self.credentials.issuer if self.credentials else None

    @property
    def offline(self) -> bool:
        """A user should not be asked again every hour."""
        return True

    @property
    def key(self) -> Credentials | None:
        """The credentials."""
        return self.credentials

    async def client(self, desk: Desk) -> Registered:
        """By hand, else by the document, else by registration."""
        if self.credentials:
            return self.credentials.registered(desk.server)
        return await known_client(desk, self.redirect_uri, self.client_name, self.metadata_url)

    async def obtain(self, desk: Desk, scopes: frozenset[str]) -> TokenAnswer:
        """A token for a code, for a consent."""
        if desk.server.authorization_endpoint is None:
            raise AuthorizationFailed("The authorization server has no page to consent on")
        endpoint = desk.fetcher.places.checked(desk.server.authorization_endpoint, "the authorization endpoint")
        client = await self.client(desk)
        parameters = {"client_id": client.client_id, "redirect_uri": self.redirect_uri, "resource": desk.resource}
        asked = ask_consent(desk.server, endpoint, parameters | _scope(scopes))
        form = {
            "grant_type": "authorization_code",
            "code": read_code(asked, await self._answer(asked.url)),
            "code_verifier": asked.verifier,
            "redirect_uri": self.redirect_uri,
        }
        try:
            return await desk.ask(form, client, self.key)
        except TokenRefused as error:
            if error.code == "invalid_client":  # it has forgotten us: the next try registers anew
                await desk.store.keep_client(desk.server.issuer, None)
            raise

    async def _answer(self, url: str) -> str:
        try:
            async with asyncio.timeout(self.seconds):
                return await self.authorize(url)
        except TimeoutError as error:
            raise AuthorizationFailed(f"The user has not answered within {self.seconds:g} s") from error


class _Machine(Struct, frozen=True, kw_only=True):
    """What grants without a user have in common."""

    credentials: Credentials

    @property
    def issuer(self) -> str | None:
        """The one that the credentials are for."""
        return self.credentials.issuer

    @property
    def offline(self) -> bool:
        """The same request brings the next token."""
        return False

    @property
    def key(self) -> Credentials:
        """The credentials."""
        return self.credentials

    async def client(self, desk: Desk) -> Registered:
        """By hand."""
        return self.credentials.registered(desk.server)


class ClientCredentials(_Machine, frozen=True, kw_only=True):
    """The client acts in its own right, with a secret or a key."""

    async def obtain(self, desk: Desk, scopes: frozenset[str]) -> TokenAnswer:
        """A token for the credentials."""
        return await desk.ask({"grant_type": "client_credentials"} | _scope(scopes), await self.client(desk), self.key)


class WorkloadIdentity(_Machine, frozen=True, kw_only=True):
    """A workload shows a JWT of the platform that it runs on (RFC 7523)."""

    assertion: Assertion

    async def obtain(self, desk: Desk, scopes: frozenset[str]) -> TokenAnswer:
        """A token for the platform's word; one that is refused is not shown twice."""
        form = {"grant_type": _JWT_BEARER, "assertion": await self.assertion(desk.server.issuer)}
        return await desk.ask(form | _scope(scopes), await self.client(desk), self.key)


class EnterpriseManaged(_Machine, frozen=True, kw_only=True):
    """An employer's identity provider decides: the user's ID token becomes a grant there, and the grant a token."""

    id_token: Callable[[], Awaitable[str]]
    provider: Credentials
    """This client at the identity provider; its `issuer` is the provider."""
    provider_token_endpoint: str | None = None
    """Unset: as the provider's metadata say."""

    async def obtain(self, desk: Desk, scopes: frozenset[str]) -> TokenAnswer:
        """A token for the employer's word."""
        form = {"grant_type": _JWT_BEARER, "assertion": await self._exchanged(desk, scopes)}
        return await desk.ask(form | _scope(scopes), await self.client(desk), self.key)

    async def _exchanged(self, desk: Desk, scopes: frozenset[str]) -> str:
        form = {
            "grant_type": _EXCHANGE,
            "requested_token_type": _ID_JAG,
            "subject_token": await self.id_token(),
            "subject_token_type": _ID_TOKEN,
            "audience": desk.server.issuer,
            "resource": desk.resource,
        }
        metadata = await self._provider(desk)
        proof = prove(self.provider.registered(metadata), metadata, self.provider)
        body = form | _scope(scopes) | proof.form
        reply = await desk.fetcher.post_form(
            metadata.token_endpoint, body, proof.headers, "the identity provider's token endpoint"
        )
        answer = read_answer(reply)
        if answer.issued_token_type != _ID_JAG:
            raise AuthorizationFailed("The identity provider's answer is no authorization grant")
        return answer.access_token

    async def _provider(self, desk: Desk) -> ServerMetadata:
        issuer = self.provider.issuer
        if issuer is None:
            raise AuthorizationFailed("The identity provider has no issuer")
        if self.provider_token_endpoint:
            return ServerMetadata(issuer, self.provider_token_endpoint)
        return await server_metadata(desk.fetcher, issuer)


def _scope(scopes: frozenset[str]) -> dict[str, str]:
    """Left out when it would be empty: the authorization server then has its own idea."""
    return {"scope": " ".join(sorted(scopes))} if scopes else {}
