"""Who this client is to an authorization server, and how it proves that at the token endpoint."""

import base64
import secrets
import time
from collections.abc import Callable
from urllib.parse import quote_plus

from msgspec import Struct

from mcp_protocol.client.oauth.documents import ServerMetadata
from mcp_protocol.client.oauth.failure import AuthorizationFailed
from mcp_protocol.client.oauth.tokens import Registered

_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_SECONDS = 120
KEY_METHOD = "private_key_jwt"


class Credentials(Struct, frozen=True, kw_only=True):
    """A client that was registered by hand: an id, and a secret or a key if it has one."""

    client_id: str
    client_secret: str | None = None
    private_key: str | None = None
    """As PEM."""
    algorithm: str = "ES256"
    issuer: str | None = None
    """The authorization server that knows it. Unset, the first one that the MCP server names is shown the secret."""

    def __repr__(self) -> str:
        """Without the secret and the key."""
        return f"Credentials(client_id={self.client_id!r}, issuer={self.issuer!r})"

    def registered(self, server: ServerMetadata) -> Registered:
        """The same, with the way of proof that this authorization server takes.

        Raises:
            AuthorizationFailed: it takes none.
        """
        if self.private_key:
            return Registered(client_id=self.client_id, method=KEY_METHOD)
        method = secret_method(server) if self.client_secret else "none"
        return Registered(client_id=self.client_id, client_secret=self.client_secret, method=method)


def secret_method(server: ServerMetadata) -> str:
    """How a secret is sent: in the header if the authorization server takes it there.

    Raises:
        AuthorizationFailed: it takes no secret at all.
    """
    taken = server.token_endpoint_auth_methods_supported
    method = next((method for method in ("client_secret_basic", "client_secret_post") if method in taken), None)
    if method is None:
        raise AuthorizationFailed("The authorization server takes no client secret")
    return method


class Proof(Struct, frozen=True):
    """What a token request needs to say who asks."""

    form: dict[str, str]
    headers: dict[str, str]


def prove(client: Registered, server: ServerMetadata, key: Credentials | None) -> Proof:
    """The client's proof for one token request.

    Raises:
        AuthorizationFailed: the client was registered with a way of proof that is not known here.
    """
    make = _WAYS.get(client.method)
    if make is None or (client.method == KEY_METHOD and (key is None or not key.private_key)):
        raise AuthorizationFailed("The authorization server wants a proof of the client that is not known here")
    return make(client, server, key)


def _none(client: Registered, _server: ServerMetadata, _key: Credentials | None) -> Proof:
    return Proof({"client_id": client.client_id}, {})


def _basic(client: Registered, _server: ServerMetadata, _key: Credentials | None) -> Proof:
    both = f"{quote_plus(client.client_id)}:{quote_plus(client.client_secret or '')}"
    return Proof({}, {"Authorization": f"Basic {base64.b64encode(both.encode()).decode()}"})


def _post(client: Registered, _server: ServerMetadata, _key: Credentials | None) -> Proof:
    return Proof({"client_id": client.client_id, "client_secret": client.client_secret or ""}, {})


def _assertion(client: Registered, server: ServerMetadata, key: Credentials | None) -> Proof:
    import jwt  # noqa: PLC0415  slow, and only this way needs it

    now = int(time.time())
    claims = {
        "iss": client.client_id,
        "sub": client.client_id,
        "aud": server.issuer,  # not the endpoint: an assertion for one server must be of no use at another
        "jti": secrets.token_urlsafe(16),
        "iat": now,
        "exp": now + _ASSERTION_SECONDS,
    }
    signed = jwt.encode(claims, (key and key.private_key) or "", key.algorithm if key else None)
    return Proof({"client_id": client.client_id, "client_assertion_type": _ASSERTION, "client_assertion": signed}, {})


_WAYS: dict[str, Callable[[Registered, ServerMetadata, Credentials | None], Proof]] = {
    "none": _none,
    "client_secret_basic": _basic,
    "client_secret_post": _post,
    KEY_METHOD: _assertion,
}
