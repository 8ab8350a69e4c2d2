"""An MCP server with its authorization server, a user, and the OAuth of a client of theirs."""

from collections.abc import AsyncGenerator

import pytest

from mcp_protocol.client.oauth import AuthorizationCode, OAuth
from tests.authority import REDIRECT, Authority, Resource, User, opened


@pytest.fixture
async def authority() -> Authority:
    return Authority()


@pytest.fixture
async def resource(authority: Authority) -> AsyncGenerator[Resource]:
    server = Resource(authority)
    async with opened(authority, server):
        yield server


@pytest.fixture
def user() -> User:
    return User()


@pytest.fixture
def oauth(user: User) -> OAuth:
    return OAuth(AuthorizationCode(authorize=user, redirect_uri=REDIRECT))
