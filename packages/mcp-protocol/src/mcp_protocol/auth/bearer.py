"""The bearer token of a request: out of one Authorization header and from nowhere else (RFC 6750 section 2.1). Pure."""

import re
from collections.abc import Mapping

from mcp_protocol.auth.verifier import TokenRefused
from mcp_protocol.limits import KIB

LONGEST = 16 * KIB

_SCHEME = b"Bearer "
# RFC 9110 section 11.2 "token68".
_TOKEN68 = re.compile(rb"[A-Za-z0-9\-._~+/]+=*")


def is_token68(text: str) -> bool:
    """Whether a header can carry this text as a token."""
    return text.isascii() and len(text) <= LONGEST and _TOKEN68.fullmatch(text.encode()) is not None


def bearer_token(fields: Mapping[bytes, bytes]) -> str | None:
    """The token of a request with these fields (lower-case names); None if it sends none.

    Raises:
        TokenRefused: what it sends can be no token.
    """
    header = fields.get(b"authorization")
    if header is None or not header.startswith(_SCHEME):
        return None
    token = header[len(_SCHEME) :]
    if len(token) > LONGEST:
        raise TokenRefused(f"it has more than {LONGEST} bytes")
    if _TOKEN68.fullmatch(token) is None:
        raise TokenRefused("it has characters that a token cannot have")
    return token.decode("ascii")
