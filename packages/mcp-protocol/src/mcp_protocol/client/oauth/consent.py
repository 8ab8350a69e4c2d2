"""The part of the authorization code flow that the user sees: where to send them, and what they come back with."""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit

from msgspec import Struct

from mcp_protocol.client.oauth.documents import ServerMetadata
from mcp_protocol.client.oauth.failure import AuthorizationFailed, TokenRefused

_METHOD = "S256"
_PARAMETERS = 50


class Request(Struct, frozen=True):
    """One request for the user's consent, and what its answer is checked against."""

    url: str
    state: str
    verifier: str
    redirect_uri: str
    issuer: str
    names_issuer: bool
    """Whether the authorization server promises to name itself in the answer."""


def ask_consent(server: ServerMetadata, endpoint: str, parameters: Mapping[str, str]) -> Request:
    """A request to this endpoint with these parameters, which hold at least `client_id` and `redirect_uri`.

    Raises:
        AuthorizationFailed: the authorization server does not know PKCE.
    """
    if _METHOD not in server.code_challenge_methods_supported:
        raise AuthorizationFailed("The authorization server does not offer PKCE with S256")
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
    digest = hashlib.sha256(verifier.encode()).digest()
    query = {
        "response_type": "code",
        **parameters,
        "state": state,
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": _METHOD,
    }
    mark = "&" if "?" in endpoint else "?"
    return Request(
        f"{endpoint}{mark}{urlencode(query)}",
        state,
        verifier,
        parameters["redirect_uri"],
        server.issuer,
        server.authorization_response_iss_parameter_supported,
    )


def read_code(request: Request, answer: str) -> str:
    """The code that the user has come back with; nothing of an answer is used before its sender is known.

    Raises:
        TokenRefused: the user, or the authorization server, said no.
        AuthorizationFailed: it is no answer to this request, or not from this authorization server.
    """
    if answer.partition("?")[0] != request.redirect_uri.partition("?")[0]:
        raise AuthorizationFailed("The answer came to another address than the one that was asked for")
    given = _parameters(answer)
    if not secrets.compare_digest(given.get("state", "").encode(), request.state.encode()):
        raise AuthorizationFailed("The answer belongs to another request")
    _check_issuer(request, given.get("iss"))
    if "error" in given:
        raise TokenRefused(given["error"], given.get("error_description", ""))
    if not given.get("code"):
        raise AuthorizationFailed("The answer holds no code")
    return given["code"]


def _check_issuer(request: Request, issuer: str | None) -> None:
    """As it was sent, character by character (RFC 9207, section 2.4): the mix-up attack lives off near misses."""
    if issuer is None and request.names_issuer:
        raise AuthorizationFailed("The answer does not say who it is from, although it should")
    if issuer is not None and issuer != request.issuer:
        raise AuthorizationFailed("The answer is from another authorization server")


def _parameters(answer: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(urlsplit(answer).query, keep_blank_values=True, max_num_fields=_PARAMETERS)
    except ValueError as error:
        raise AuthorizationFailed("The answer is no URL") from error
    given = dict(pairs)
    if len(given) != len(pairs):
        raise AuthorizationFailed("The answer says something twice")
    return given
