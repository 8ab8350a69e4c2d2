"""From a refused request to a token, through a whole authorization server: what is asked, once, and with what."""

import asyncio
import json
import time

import pytest
from msgspec.structs import replace

from mcp_protocol.client import Client, Endpoint
from mcp_protocol.client.oauth import (
    AuthorizationCode,
    AuthorizationFailed,
    Credentials,
    MemoryStore,
    OAuth,
    Registered,
    Token,
    TokenRefused,
)
from mcp_protocol.errors import Forbidden, Unauthorized
from mcp_protocol.types import Text
from tests.authority import REDIRECT, Answer, Asked, Authority, Resource, User, opened

DOCUMENT = "https://client.example/metadata.json"


async def test_a_refused_client_finds_its_way_to_a_token(resource: Resource, oauth: OAuth, user: User) -> None:
    async with Client(resource.url, auth=oauth) as client:
        assert (await client.call_tool("t")).content == [Text("done")]
    asked = user.parameters()
    assert asked["response_type"] == "code"
    assert (asked["redirect_uri"], asked["resource"]) == (REDIRECT, resource.url)
    assert (asked["code_challenge_method"], len(asked["state"]) >= 32) == ("S256", True)
    token = resource.authority.at("/token")[0]
    assert (token.form["resource"], token.form["client_id"]) == (resource.url, asked["client_id"])
    assert "authorization" not in token.headers
    assert len(resource.authority.at("/token")) == len(user.seen) == 1


async def test_what_a_registration_says(resource: Resource, oauth: OAuth) -> None:
    async with Client(resource.url, auth=oauth):
        pass
    assert resource.authority.at("/register")[0].json == {
        "client_name": "mcp-ref-client",
        "redirect_uris": [REDIRECT],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "application_type": "native",
    }


async def test_every_request_carries_the_token_in_its_header(resource: Resource, oauth: OAuth) -> None:
    async with Client(resource.url, auth=oauth) as client:
        await client.call_tool("t")
        await client.call_tool("t")
    sent = [asked.headers.get("authorization") for asked in resource.at("/mcp")]
    (token,) = resource.authority.tokens
    assert sent == [None, *[f"Bearer {token}"] * 3]
    assert all(not asked.query for asked in resource.at("/mcp"))


async def test_requests_that_are_refused_together_share_one_sign_in(resource: Resource, user: User) -> None:
    oauth = OAuth(AuthorizationCode(authorize=user, redirect_uri=REDIRECT))
    async with Client(resource.url, auth=oauth) as client:
        resource.authority.tokens.clear()
        async with asyncio.TaskGroup() as group:
            for _ in range(10):
                group.create_task(client.call_tool("t"))
    assert len(user.seen) == 2


async def test_the_time_that_a_user_takes_is_not_the_servers(resource: Resource, user: User) -> None:
    released = asyncio.Event()

    async def slow(url: str) -> str:
        asyncio.get_running_loop().call_later(1.2, released.set)
        await released.wait()
        return await user(url)

    oauth = OAuth(AuthorizationCode(authorize=slow, redirect_uri=REDIRECT))
    async with Client(resource.url, auth=oauth, deadline=1) as client:
        assert (await client.call_tool("t")).content == [Text("done")]


async def test_a_user_who_does_not_answer_is_not_waited_for_for_ever(resource: Resource) -> None:
    async def away(_url: str) -> str:
        await asyncio.Event().wait()
        return ""

    oauth = OAuth(AuthorizationCode(authorize=away, redirect_uri=REDIRECT, seconds=0.05))
    with pytest.raises(AuthorizationFailed, match=r"has not answered within 0\.05 s"):
        await connect(resource, oauth)


async def test_a_token_that_is_refused_fresh_from_its_grant_is_not_asked_for_again(
    resource: Resource, oauth: OAuth, user: User
) -> None:
    resource.routes["POST /mcp"] = lambda _: resource.refuse(401, "")
    with pytest.raises(Unauthorized):
        await connect(resource, oauth)
    assert len(user.seen) == 1


async def test_a_refusal_without_end_is_not_read(oauth: OAuth) -> None:
    left = asyncio.Queue[None]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 401 X\r\nContent-Length: 1000000000\r\n\r\n")
        await writer.drain()
        await reader.read()
        writer.close()
        await writer.wait_closed()
        left.put_nowait(None)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, asyncio.timeout(5):
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/mcp"
        with pytest.raises(AuthorizationFailed, match="does not say who issues one"):
            async with Client(url, auth=oauth):
                pass
        for _ in range(3):  # the endpoint and two places for metadata
            await left.get()


async def test_a_code_never_goes_down_a_connection_that_waited_for_the_user(resource: Resource, oauth: OAuth) -> None:
    """The server may be closing it, and a code cannot be sent twice."""
    async with Client(resource.url, auth=oauth):
        pass
    assert all(asked.headers["connection"] == "close" for asked in resource.authority.at("/token"))


async def test_a_registered_client_is_known_the_next_time(resource: Resource, user: User) -> None:
    store = MemoryStore()
    for _ in range(2):
        oauth = OAuth(AuthorizationCode(authorize=user, redirect_uri=REDIRECT), store=store)
        resource.authority.tokens.clear()
        await connect(resource, oauth)
    assert (len(user.seen), resource.authority.clients) == (2, 1)


async def test_a_kept_token_needs_no_user(resource: Resource, user: User) -> None:
    store = MemoryStore()
    for _ in range(2):
        await connect(resource, OAuth(AuthorizationCode(authorize=user, redirect_uri=REDIRECT), store=store))
    assert len(user.seen) == 1


async def test_a_client_with_a_document_of_its_own_does_not_register(resource: Resource, user: User) -> None:
    resource.authority.metadata["client_id_metadata_document_supported"] = True
    grant = AuthorizationCode(authorize=user, redirect_uri=REDIRECT, metadata_url=DOCUMENT)
    await connect(resource, OAuth(grant))
    assert user.parameters()["client_id"] == DOCUMENT
    assert resource.authority.clients == 0


async def test_a_document_is_of_no_use_where_it_is_not_read(resource: Resource, user: User) -> None:
    grant = AuthorizationCode(authorize=user, redirect_uri=REDIRECT, metadata_url=DOCUMENT)
    await connect(resource, OAuth(grant))
    assert user.parameters()["client_id"].startswith("client-1")


async def test_a_client_that_is_known_by_hand_does_not_register(resource: Resource, user: User) -> None:
    given = Credentials(client_id="by-hand", issuer=resource.authority.issuer)
    await connect(resource, OAuth(AuthorizationCode(authorize=user, redirect_uri=REDIRECT, credentials=given)))
    assert (user.parameters()["client_id"], resource.authority.clients) == ("by-hand", 0)


async def test_nobody_can_sign_in_where_no_client_can_become_known(resource: Resource, oauth: OAuth) -> None:
    del resource.authority.metadata["registration_endpoint"]
    with pytest.raises(AuthorizationFailed, match="registers none"):
        await connect(resource, oauth)


async def test_a_registration_must_name_the_client(resource: Resource, oauth: OAuth) -> None:
    resource.authority.routes["POST /register"] = lambda _: Answer({"client_name": "x"}, 201)
    with pytest.raises(AuthorizationFailed, match="is no registration"):
        await connect(resource, oauth)


async def test_a_registration_that_has_ended_is_made_again(resource: Resource, user: User) -> None:
    def register(asked: Asked) -> Answer:
        answer = resource.authority.register(asked)
        return Answer({"client_secret_expires_at": 1} | json.loads(json.dumps(answer.body)), 201)

    resource.authority.routes["POST /register"] = register
    store = MemoryStore()
    for _ in range(2):
        resource.authority.tokens.clear()
        await connect(resource, OAuth(AuthorizationCode(authorize=user, redirect_uri=REDIRECT), store=store))
    assert resource.authority.clients == 2


async def test_a_code_that_is_refused_is_not_tried_twice(resource: Resource, oauth: OAuth, user: User) -> None:
    resource.authority.routes["POST /token"] = lambda _: Answer({"error": "invalid_grant"}, 400)
    with pytest.raises(TokenRefused, match="invalid_grant"):
        await connect(resource, oauth)
    assert (len(user.seen), len(resource.authority.at("/token"))) == (1, 1)


async def test_a_refused_registration_says_why(resource: Resource, oauth: OAuth) -> None:
    body = {"error": "invalid_redirect_uri", "error_description": "no \x1b[31mloopback"}
    resource.authority.routes["POST /register"] = lambda _: Answer(body, 400)
    with pytest.raises(TokenRefused, match=r"\(invalid_redirect_uri\): no \?\[31mloopback"):
        await connect(resource, oauth)


async def test_another_authorization_server_is_another_world(resource: Resource, oauth: OAuth, user: User) -> None:
    """Neither the client id nor the token nor the scopes of one are shown to the other."""
    second = Authority()
    async with opened(second), Client(resource.url, auth=oauth) as client:
        first, resource.authority = resource.authority, second
        resource.metadata["authorization_servers"] = [second.issuer]
        await client.call_tool("t")
    assert user.parameters(1)["client_id"] == f"client-1-of-{second.issuer}"
    (kept,) = first.tokens
    assert not any(kept in str(asked) or first.issuer in asked.body.decode() for asked in second.asked)


async def test_credentials_of_one_authorization_server_are_not_shown_to_another(resource: Resource, user: User) -> None:
    given = Credentials(client_id="by-hand", client_secret="hush", issuer="https://first.example")  # noqa: S106  made up
    oauth = OAuth(AuthorizationCode(authorize=user, redirect_uri=REDIRECT, credentials=given))
    with pytest.raises(AuthorizationFailed, match=r"no longer trusts https://first\.example"):
        await connect(resource, oauth)
    assert resource.authority.asked == []


async def test_a_token_that_is_about_to_end_is_prolonged_before_it_is_refused(
    resource: Resource, oauth: OAuth, user: User
) -> None:
    def grant(asked: Asked) -> Answer:
        first = asked.form["grant_type"] == "authorization_code"
        resource.authority.extra = {"expires_in": 0, "refresh_token": "r1"} if first else {"expires_in": 3600}
        return resource.authority.grant(asked)

    resource.authority.routes["POST /token"] = grant
    async with Client(resource.url, auth=oauth) as client:
        await client.call_tool("t")
        await client.call_tool("t")
    first, second = resource.authority.at("/token")
    assert (first.form["grant_type"], len(user.seen)) == ("authorization_code", 1)
    assert second.form == {
        "grant_type": "refresh_token",
        "refresh_token": "r1",
        "resource": resource.url,
        "client_id": user.parameters()["client_id"],
    }
    assert [asked.headers.get("authorization") for asked in resource.at("/mcp")].count(None) == 1


async def test_a_refused_token_is_prolonged_without_the_user(resource: Resource, oauth: OAuth, user: User) -> None:
    resource.authority.extra = {"refresh_token": "r1"}
    async with Client(resource.url, auth=oauth) as client:
        resource.authority.tokens.clear()
        await client.call_tool("t")
    assert len(user.seen) == 1
    assert oauth.generation == 1


async def test_a_refresh_token_that_is_used_up_leads_back_to_the_user(
    resource: Resource, oauth: OAuth, user: User
) -> None:
    resource.authority.extra = {"refresh_token": "r1"}

    def grant(asked: Asked) -> Answer:
        if asked.form["grant_type"] == "refresh_token":
            return Answer({"error": "invalid_grant"}, 400)
        return resource.authority.grant(asked)

    resource.authority.routes["POST /token"] = grant
    async with Client(resource.url, auth=oauth) as client:
        resource.authority.tokens.clear()
        await client.call_tool("t")
    assert (len(user.seen), oauth.generation) == (2, 2)


async def test_an_early_renewal_that_fails_does_not_fail_the_request(
    resource: Resource, oauth: OAuth, caplog: pytest.LogCaptureFixture
) -> None:
    async with Client(resource.url, auth=oauth) as client:
        resource.authority.extra = {"expires_in": 0, "refresh_token": "r1"}
        resource.authority.tokens.clear()
        await client.call_tool("t")
        resource.authority.routes.clear()
        await client.call_tool("t")
        await client.call_tool("t")
    assert caplog.text.count("could not renew the token early") == 1


async def test_a_client_that_was_forgotten_registers_again(resource: Resource, user: User) -> None:
    store = MemoryStore()
    oauth = OAuth(AuthorizationCode(authorize=user, redirect_uri=REDIRECT), store=store)
    resource.authority.routes["POST /token"] = lambda _: Answer({"error": "invalid_client"}, 401)
    with pytest.raises(TokenRefused, match="invalid_client"):
        await connect(resource, oauth)
    resource.authority.routes["POST /token"] = resource.authority.grant
    await connect(resource, oauth)
    assert resource.authority.clients == 2


async def test_nothing_that_opens_a_door_is_printed() -> None:
    token = Token(access="open-sesame", scheme="Bearer", issuer="https://a.example", refresh="open-again")
    given = Credentials(client_id="c", client_secret="open-too", private_key="open-key")  # noqa: S106  made up
    known = Registered(client_id="c", client_secret="open-now")  # noqa: S106  made up
    assert "open" not in f"{token!r} {given!r} {known!r} {replace(token, fresh_until=time.time())!r}"


async def test_an_endpoint_can_bring_its_own_authorization(resource: Resource, oauth: OAuth) -> None:
    async with Client(Endpoint(resource.url, auth=oauth)) as client:
        assert (await client.call_tool("t")).content == [Text("done")]


async def test_a_process_takes_its_credentials_from_its_environment(oauth: OAuth) -> None:
    with pytest.raises(ValueError, match="Only requests to a URL"):
        Client(["server"], auth=oauth)


async def test_what_is_forbidden_for_another_reason_stays_so(resource: Resource, oauth: OAuth, user: User) -> None:
    resource.routes["POST /mcp"] = lambda _: resource.refuse(403, 'error="invalid_request"')
    with pytest.raises(Forbidden):
        await connect(resource, oauth)
    assert user.seen == []


async def connect(resource: Resource, oauth: OAuth) -> None:
    async with Client(resource.url, auth=oauth):
        pass
