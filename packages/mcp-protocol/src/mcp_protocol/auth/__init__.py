"""An OAuth 2.1 resource server, nothing more: who sends a request, what the token permits, where to get one.

It issues no token, sends none on, and stands between no client and its authorization server.
"""

from mcp_protocol.auth.challenge import Challenge
from mcp_protocol.auth.guard import Guard
from mcp_protocol.auth.introspection import Introspection
from mcp_protocol.auth.jwt_tokens import JwtTokens
from mcp_protocol.auth.resource import Resource
from mcp_protocol.auth.scopes import Scopes
from mcp_protocol.auth.static import StaticTokens
from mcp_protocol.auth.verifier import TokenRefused, Verified, Verifier

__all__ = [
    "Challenge",
    "Guard",
    "Introspection",
    "JwtTokens",
    "Resource",
    "Scopes",
    "StaticTokens",
    "TokenRefused",
    "Verified",
    "Verifier",
]
