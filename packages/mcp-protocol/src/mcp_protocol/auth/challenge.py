"""The words of `WWW-Authenticate`: what is missing, and where the client can find out how to get it. Pure.

RFC 6750 section 3 for the errors, RFC 9728 section 5.1 for `resource_metadata`.
"""

from collections.abc import Iterable

from msgspec import Struct

from mcp_protocol.errors import Forbidden, Unauthorized


class Challenge(Struct, frozen=True):
    """What is the same in every challenge of one server; scopes and URL are checked where they are made."""

    metadata_url: str | None = None
    scopes: tuple[str, ...] = ()
    """What a client should ask for first: the least that is of use."""

    def missing(self) -> Unauthorized:
        """No token was sent. Without an error word: the client may not have known (RFC 6750 section 3.1)."""
        return Unauthorized("A bearer token is needed", challenge=self._words(None, self.scopes))

    def invalid(self) -> Unauthorized:
        """A token was sent that does not count, whatever the reason."""
        return Unauthorized("The bearer token is not valid", challenge=self._words("invalid_token", self.scopes))

    def insufficient(self, scopes: Iterable[str]) -> Forbidden:
        """The token counts, but the operation needs these scopes."""
        needed = sorted(scopes)
        words = self._words("insufficient_scope", needed)
        return Forbidden(f"The token lacks the scope {' '.join(needed)}", challenge=words)

    def _words(self, error: str | None, scopes: Iterable[str]) -> str:
        parts = {"error": error, "scope": " ".join(scopes), "resource_metadata": self.metadata_url}
        text = ", ".join(f'{name}="{value}"' for name, value in parts.items() if value)
        return f"Bearer {text}".rstrip()
