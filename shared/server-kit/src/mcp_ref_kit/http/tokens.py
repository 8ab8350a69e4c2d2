"""The static bearer token: one secret that clients send, compared in constant time."""

import hmac

from mcp_protocol.errors import Unauthorized
from mcp_protocol.session.calls import Principal
from mcp_protocol.transports.http.headers import Fields
from mcp_ref_kit.settings import Secret

# Everyone who knows the token is the same caller.
_BEARER = Principal("token-file", "bearer")
_PREFIX = b"Bearer "


class StaticToken:
    """Tells who sends a request by its Authorization header; tokens in a query, cookie or body do not count."""

    def __init__(self, token: Secret) -> None:
        """Let in whoever sends `token`."""
        self._token = token.reveal().encode("utf-8", "surrogateescape")

    def __call__(self, fields: Fields) -> Principal:
        """The caller.

        Raises:
            Unauthorized: no token, or another one.
        """
        header = fields.get(b"authorization")
        if header is None:
            raise Unauthorized("A bearer token is needed", challenge="Bearer")
        if not header.startswith(_PREFIX) or not hmac.compare_digest(header[len(_PREFIX) :], self._token):
            raise Unauthorized("The bearer token is not valid", challenge='Bearer error="invalid_token"')
        return _BEARER
