"""Tokens that only their issuer understands: it is asked about each one (RFC 7662)."""

from base64 import b64encode
from time import time
from typing import Self
from urllib.parse import quote_plus

from msgspec import ValidationError, convert
from msgspec.structs import replace

from mcp_protocol.auth.fetching import Fetcher
from mcp_protocol.auth.urls import secure_url
from mcp_protocol.auth.verifier import Claims, TokenRefused, Verified, judged
from mcp_protocol.errors import TransportError

# Questions that wait for the issuer; strangers' tokens beyond that are refused unasked.
_MOST = 64


class Introspection:
    """Lets in whoever has a token that the issuer calls active and made for `audience`."""

    def __init__(self, *, url: str, issuer: str, audience: str, credentials: tuple[str, str]) -> None:
        """`credentials` are the id and the secret that the issuer knows this server by.

        Raises:
            SettingsError: a URL is not https (loopback excepted).
        """
        secure_url(issuer, "The issuer")
        secure_url(url, "The introspection URL", query=True)
        self._url = url
        self._issuer = issuer
        self._audience = audience
        # RFC 6749 section 2.3.1: both are form-encoded before they are joined.
        pair = ":".join(map(quote_plus, credentials))
        self._headers = {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}
        self._fetcher = Fetcher()
        self._asking = 0

    async def __aenter__(self) -> Self:
        """Be ready to ask.

        Raises:
            SettingsError: httpx is not installed.
        """
        await self._fetcher.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close what was opened."""
        await self._fetcher.__aexit__(*exc)

    async def verify(self, token: str) -> Verified:
        """Whom the issuer says that the token speaks for.

        Raises:
            TokenRefused: it is not active, for another audience, or the issuer does not say.
        """
        if self._asking >= _MOST:
            raise TokenRefused("too many tokens are being checked")
        self._asking += 1
        try:
            form = {"token": token, "token_type_hint": "access_token"}
            answer = await self._fetcher.post(self._url, form, self._headers)
        except TransportError as error:
            raise TokenRefused(f"its issuer was asked in vain: {error}") from error
        finally:
            self._asking -= 1
        if answer.get("active") is not True:
            raise TokenRefused("its issuer calls it inactive")
        try:
            claims = convert(answer, Claims)
        except (ValidationError, OverflowError) as error:
            raise TokenRefused("its issuer describes it in a form that is not understood") from error
        # Here `iss` is optional: the one who answers is the issuer that was asked (RFC 7662 section 2.2).
        claims = claims if claims.iss is not None else replace(claims, iss=self._issuer)
        return judged(claims, issuer=self._issuer, audience=self._audience, now=time())
