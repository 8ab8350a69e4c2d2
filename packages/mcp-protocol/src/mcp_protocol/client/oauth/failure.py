"""Why there is no token."""

import re

from mcp_protocol.errors import McpError

_UNFIT = re.compile(r"[^ -~]")  # a stranger's text ends up in a terminal or a log
_MOST = 200


class AuthorizationFailed(McpError):
    """There is no token, and asking again will not bring one."""


class TokenRefused(AuthorizationFailed):
    """The authorization server answered with an error of its own; `code` is its word for it."""

    def __init__(self, code: str, description: str = "") -> None:
        """Both are a stranger's text: cut and cleaned."""
        self.code = cleaned(code)
        words = f": {cleaned(description)}" if description else ""
        super().__init__(f"The authorization server refuses ({self.code}){words}")


def cleaned(text: str) -> str:
    """A stranger's text as it can be shown."""
    return _UNFIT.sub("?", text[:_MOST])
