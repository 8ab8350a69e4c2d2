"""What is kept between requests, and between runs if the application wants: tokens and registrations."""

from typing import Protocol

from msgspec import Struct


class Token(Struct, frozen=True, kw_only=True):
    """A token for one server. Secret, like everything that a store holds."""

    access: str
    scheme: str
    """"Bearer" or "DPoP"."""
    issuer: str
    scopes: frozenset[str] = frozenset()
    """The scopes that were asked for."""
    fresh_until: float | None = None
    """When to renew it, a little before its end; in seconds since 1970."""
    refresh: str | None = None
    proof_key: str | None = None
    """The private key that a DPoP token is bound to, as PEM."""

    def __repr__(self) -> str:
        """Nothing that opens a door."""
        return f"Token(scheme={self.scheme!r}, issuer={self.issuer!r}, scopes={sorted(self.scopes)})"


class Registered(Struct, frozen=True, kw_only=True):
    """What an authorization server knows this client by."""

    client_id: str
    client_secret: str | None = None
    method: str = "none"
    """How the client proves itself at the token endpoint."""
    expires: float | None = None
    redirect_uri: str | None = None

    def __repr__(self) -> str:
        """Without the secret."""
        return f"Registered(client_id={self.client_id!r}, method={self.method!r})"


class Store(Protocol):
    """Keeps tokens by the server they are for, and registrations by the issuer they are from."""

    async def token(self, server: str) -> Token | None:
        """The token for the server of that URL."""
        ...

    async def keep_token(self, server: str, token: Token | None) -> None:
        """Keep it in place of an older one; None forgets."""
        ...

    async def client(self, issuer: str) -> Registered | None:
        """The registration with that authorization server."""
        ...

    async def keep_client(self, issuer: str, client: Registered | None) -> None:
        """Keep it in place of an older one; None forgets."""
        ...


class MemoryStore:
    """Keeps for as long as the program runs."""

    def __init__(self) -> None:
        """Empty."""
        self._tokens: dict[str, Token | None] = {}
        self._clients: dict[str, Registered | None] = {}

    async def token(self, server: str) -> Token | None:
        """The token for the server of that URL."""
        return self._tokens.get(server)

    async def keep_token(self, server: str, token: Token | None) -> None:
        """Keep it in place of an older one; None forgets."""
        self._tokens[server] = token

    async def client(self, issuer: str) -> Registered | None:
        """The registration with that authorization server."""
        return self._clients.get(issuer)

    async def keep_client(self, issuer: str, client: Registered | None) -> None:
        """Keep it in place of an older one; None forgets."""
        self._clients[issuer] = client
