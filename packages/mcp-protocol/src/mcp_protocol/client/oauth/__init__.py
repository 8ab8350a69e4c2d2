"""The OAuth 2.1 client: give an `OAuth` as `auth` to the `Client`, and it finds its way to a token."""

from mcp_protocol.client.oauth.clients import Credentials
from mcp_protocol.client.oauth.failure import AuthorizationFailed, TokenRefused
from mcp_protocol.client.oauth.grants import (
    AuthorizationCode,
    ClientCredentials,
    EnterpriseManaged,
    Grant,
    WorkloadIdentity,
)
from mcp_protocol.client.oauth.oauth import OAuth
from mcp_protocol.client.oauth.tokens import MemoryStore, Registered, Store, Token

__all__ = [
    "AuthorizationCode",
    "AuthorizationFailed",
    "ClientCredentials",
    "Credentials",
    "EnterpriseManaged",
    "Grant",
    "MemoryStore",
    "OAuth",
    "Registered",
    "Store",
    "Token",
    "TokenRefused",
    "WorkloadIdentity",
]
