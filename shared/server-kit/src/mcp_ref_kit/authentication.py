"""How callers over HTTP prove who they are, as the operator decided it: one way, checked before anything is opened.

What it needs is imported once it is needed: a start on stdio has no callers to tell apart.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mcp_protocol.errors import SettingsError

if TYPE_CHECKING:
    from mcp_protocol.auth import Guard, Resource, Scopes, Verifier
    from mcp_ref_kit.options import CommonSettings

# Each setting that makes no sense without another one.
_NEEDS: Mapping[str, str] = {
    "auth_audience": "auth_issuer",
    "auth_jwks_url": "auth_issuer",
    "auth_introspection_url": "auth_issuer",
    "auth_client_id": "auth_introspection_url",
    "auth_client_secret": "auth_introspection_url",
}
_FLAGS: Mapping[str, str] = {
    "auth_token": "--auth-token-file",
    "auth_issuer": "--auth-issuer",
    "auth_audience": "--auth-audience",
    "auth_jwks_url": "--auth-jwks-url",
    "auth_introspection_url": "--auth-introspection-url",
    "auth_client_id": "--auth-client-id",
    "auth_client_secret": "--auth-client-secret-file",
}
# Two answers to one question.
_APART = (
    ("auth_token", "auth_issuer"),
    ("auth_jwks_url", "auth_introspection_url"),
    ("auth_token", "allow_unauthenticated"),
    ("auth_issuer", "allow_unauthenticated"),
)


def is_guarded(common: "CommonSettings") -> bool:
    """Whether callers over HTTP must prove who they are."""
    return common.auth_token is not None or common.auth_issuer is not None


def check_authentication(common: "CommonSettings") -> None:
    """Refuse what contradicts itself, is incomplete, or would send tokens or keys in the clear.

    Raises:
        SettingsError: in one sentence.
    """
    for name, needed in _NEEDS.items():
        if getattr(common, name) is not None and getattr(common, needed) is None:
            raise SettingsError(f"`{_FLAGS[name]}` needs `{_FLAGS[needed]}`.")
    for one, other in _APART:
        if getattr(common, one) and getattr(common, other):
            raise SettingsError(f"`{_FLAGS.get(other, '--allow-unauthenticated')}` contradicts `{_FLAGS[one]}`.")
    if common.auth_introspection_url is not None and not (common.auth_client_id and common.auth_client_secret):
        raise SettingsError(
            "`--auth-introspection-url` needs `--auth-client-id` and `--auth-client-secret-file`: the issuer answers"
            " only whom it knows."
        )
    if common.auth_issuer is not None and common.auth_audience is None and common.public_url is None:
        raise SettingsError(
            "`--auth-issuer` needs `--public-url`, the URL that tokens are made for, or `--auth-audience` if they"
            " name it otherwise."
        )
    if is_guarded(common):
        _verifier(common, _audience(common, common.public_url))


def resource(common: "CommonSettings", name: str, public: str | None) -> "Resource | None":
    """What the server says of itself to clients without a token; None where no issuer could give them one.

    `name` is the server's, `public` the canonical URL of its endpoint where there is one.

    Raises:
        SettingsError: clients could not follow it.
    """
    if common.auth_issuer is None:
        return None
    from mcp_protocol.auth import Resource  # noqa: PLC0415  see above

    url = public or _audience(common, public)
    return Resource(url=url, issuers=(common.auth_issuer,), scopes=(f"{name}:read",))


def access(described: "Resource", name: str) -> "Scopes":
    """What the scopes of a token permit on the server of that name."""
    from mcp_protocol.auth import Scopes  # noqa: PLC0415  see above

    return Scopes(name, described.challenge)


def guard(common: "CommonSettings", described: "Resource | None", public: str | None) -> "Guard | None":
    """Who checks the token of each request; None lets everyone in."""
    if not is_guarded(common):
        return None
    from mcp_protocol.auth import Challenge, Guard  # noqa: PLC0415  see above

    challenge = Challenge() if described is None else described.challenge
    return Guard(_verifier(common, _audience(common, public)), challenge)


def _audience(common: "CommonSettings", public: str | None) -> str:
    return common.auth_audience or public or ""


def _verifier(common: "CommonSettings", audience: str) -> "Verifier":
    from mcp_protocol.auth import Introspection, JwtTokens, StaticTokens  # noqa: PLC0415  see above
    from mcp_protocol.session.calls import Principal  # noqa: PLC0415  see above

    if common.auth_issuer is None:
        # Everyone who knows the token is the same caller.
        token = "" if common.auth_token is None else common.auth_token.reveal()
        return StaticTokens({token: Principal("token-file", "bearer")})
    if common.auth_introspection_url is None:
        return JwtTokens(issuer=common.auth_issuer, audience=audience, jwks_url=common.auth_jwks_url)
    secret = "" if common.auth_client_secret is None else common.auth_client_secret.reveal()
    return Introspection(
        url=common.auth_introspection_url,
        issuer=common.auth_issuer,
        audience=audience,
        credentials=(common.auth_client_id or "", secret),
    )
