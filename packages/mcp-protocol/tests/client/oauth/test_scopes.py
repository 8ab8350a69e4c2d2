"""Which scopes are asked for: what is needed, never less than before, never in vain."""

import pytest

from mcp_protocol.client import Client
from mcp_protocol.client.oauth import AuthorizationCode, ClientCredentials, Credentials, OAuth
from mcp_protocol.errors import Forbidden
from tests.authority import REDIRECT, Answer, Asked, Resource, User


async def test_no_scope_is_asked_for_where_none_is_named(resource: Resource, oauth: OAuth, user: User) -> None:
    resource.authority.metadata["scopes_supported"] = ["offline_access", "admin"]
    async with Client(resource.url, auth=oauth):
        assert "scope" not in user.parameters()


async def test_all_scopes_of_the_server_are_asked_for(resource: Resource, oauth: OAuth, user: User) -> None:
    resource.metadata["scopes_supported"] = ["b", "a"]
    async with Client(resource.url, auth=oauth):
        assert user.parameters()["scope"] == "a b"


async def test_the_scopes_of_the_challenge_come_first(resource: Resource, oauth: OAuth, user: User) -> None:
    resource.metadata["scopes_supported"] = ["b", "a"]
    resource.challenge = 'scope="c"'
    async with Client(resource.url, auth=oauth):
        assert user.parameters()["scope"] == "c"


async def test_the_application_may_ask_for_more(resource: Resource, user: User) -> None:
    oauth = OAuth(AuthorizationCode(authorize=user, redirect_uri=REDIRECT), scopes=["mine"])
    resource.challenge = 'scope="c"'
    async with Client(resource.url, auth=oauth):
        assert user.parameters()["scope"] == "c mine"


@pytest.mark.parametrize(("offered", "asked"), [(["a", "offline_access"], "a offline_access"), (["a"], "a"), ([], "a")])
async def test_a_refresh_token_is_asked_for_where_that_has_a_scope(
    resource: Resource, oauth: OAuth, user: User, offered: list[str], asked: str
) -> None:
    resource.metadata["scopes_supported"] = ["a", "offline_access"]
    resource.authority.metadata["scopes_supported"] = offered
    async with Client(resource.url, auth=oauth):
        assert user.parameters()["scope"] == asked


async def test_a_machine_asks_for_no_refresh_token(resource: Resource) -> None:
    resource.metadata["scopes_supported"] = ["a"]
    resource.authority.metadata["scopes_supported"] = ["a", "offline_access"]
    async with Client(resource.url, auth=OAuth(ClientCredentials(credentials=Credentials(client_id="c")))):
        assert resource.authority.at("/token")[0].form["scope"] == "a"


async def test_what_is_missing_is_asked_for_beside_what_was_granted(
    resource: Resource, oauth: OAuth, user: User
) -> None:
    resource.challenge = 'scope="read"'
    async with Client(resource.url, auth=oauth) as client:
        resource.challenge, resource.scope = "", "write"
        await client.call_tool("t")
        resource.scope = "admin"
        await client.call_tool("t")
    assert [user.parameters(number)["scope"] for number in range(3)] == ["read", "read write", "admin read write"]


async def test_a_scope_that_changes_nothing_is_not_asked_for_again(
    resource: Resource, oauth: OAuth, user: User
) -> None:
    async with Client(resource.url, auth=oauth) as client:
        resource.routes["POST /mcp"] = lambda _: resource.refuse(403, 'error="insufficient_scope", scope="never"')
        for _ in range(3):
            with pytest.raises(Forbidden):
                await client.call_tool("t")
    assert len(user.seen) == 2


async def test_a_server_that_wants_ever_more_is_left_after_three_times(
    resource: Resource, oauth: OAuth, user: User
) -> None:
    def more(_asked: Asked) -> Answer:
        return resource.refuse(403, f'error="insufficient_scope", scope="s{len(resource.asked)}"')

    async with Client(resource.url, auth=oauth) as client:
        resource.routes["POST /mcp"] = more
        with pytest.raises(Forbidden):
            await client.call_tool("t")
    assert len(user.seen) == 1 + 3


async def test_scopes_are_kept_when_a_token_is_lost(resource: Resource, oauth: OAuth, user: User) -> None:
    resource.challenge = 'scope="read"'
    async with Client(resource.url, auth=oauth) as client:
        resource.authority.tokens.clear()
        resource.challenge = 'scope="other"'
        await client.call_tool("t")
    assert user.parameters()["scope"] == "other read"
