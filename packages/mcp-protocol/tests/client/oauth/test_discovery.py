"""Where metadata are found, in which order, and which of them are believed."""

import pytest

from mcp_protocol.client import Client
from mcp_protocol.client.oauth import AuthorizationCode, AuthorizationFailed, Credentials, OAuth
from tests.authority import REDIRECT, Answer, Authority, Resource, User, opened

WELL_KNOWN = "/.well-known/oauth-protected-resource"


async def sign_in(resource: Resource, oauth: OAuth) -> None:
    async with Client(resource.url, auth=oauth):
        pass


async def test_the_challenge_says_where_the_metadata_are(resource: Resource, oauth: OAuth) -> None:
    resource.challenge = f'resource_metadata="{resource.origin}/elsewhere"'
    resource.document("/elsewhere", resource.metadata)
    await sign_in(resource, oauth)
    assert [path for path in resource.paths() if path != "/mcp"] == ["/elsewhere"]


async def test_metadata_that_the_challenge_names_must_be_there(resource: Resource, oauth: OAuth) -> None:
    resource.challenge = f'resource_metadata="{resource.origin}/elsewhere"'
    with pytest.raises(AuthorizationFailed, match="cannot be used"):
        await sign_in(resource, oauth)


async def test_metadata_at_the_root_come_second(resource: Resource, oauth: OAuth, user: User) -> None:
    del resource.routes[f"GET {WELL_KNOWN}/mcp"]
    resource.document(WELL_KNOWN, resource.metadata | {"resource": resource.origin})
    await sign_in(resource, oauth)
    assert resource.paths()[1:3] == [f"{WELL_KNOWN}/mcp", WELL_KNOWN]
    assert user.parameters()["resource"] == resource.origin  # character by character as it was published


async def test_a_server_without_metadata_cannot_be_helped(resource: Resource, oauth: OAuth) -> None:
    del resource.routes[f"GET {WELL_KNOWN}/mcp"]
    with pytest.raises(AuthorizationFailed, match="does not say who issues one"):
        await sign_in(resource, oauth)


async def test_a_server_without_metadata_can_be_known_by_hand(resource: Resource, user: User) -> None:
    del resource.routes[f"GET {WELL_KNOWN}/mcp"]
    given = Credentials(client_id="c", issuer=resource.authority.issuer)
    await sign_in(resource, OAuth(AuthorizationCode(authorize=user, redirect_uri=REDIRECT, credentials=given)))
    assert user.parameters()["resource"] == resource.url


@pytest.mark.parametrize("named", ["https://evil.example/mcp", "http://127.0.0.1:1/mcp", "nonsense", ""])
async def test_a_server_that_says_it_is_another_gets_no_token(resource: Resource, oauth: OAuth, named: str) -> None:
    resource.metadata["resource"] = named
    with pytest.raises(AuthorizationFailed, match="says that it is another one"):
        await sign_in(resource, oauth)
    assert resource.authority.asked == []


@pytest.mark.parametrize("number", [0, 1, 2])
async def test_the_metadata_of_an_issuer_with_a_path_have_three_places(user: User, number: int) -> None:
    authority = Authority("/tenant")
    resource = Resource(authority)
    places = [
        "/.well-known/oauth-authorization-server/tenant",
        "/.well-known/openid-configuration/tenant",
        "/tenant/.well-known/openid-configuration",
    ]
    async with opened(authority, resource):
        del authority.routes[f"GET {places[0]}"]
        authority.document(places[number], authority.metadata)
        authority.document("/.well-known/oauth-authorization-server", authority.metadata)
        await sign_in(resource, OAuth(AuthorizationCode(authorize=user, redirect_uri=REDIRECT)))
    assert authority.paths()[: number + 2] == [*places[: number + 1], "/tenant/register"]


@pytest.mark.parametrize("change", ["/", "/x", ".evil"])
async def test_the_metadata_of_another_issuer_are_not_used(resource: Resource, oauth: OAuth, change: str) -> None:
    resource.authority.metadata["issuer"] += change
    with pytest.raises(AuthorizationFailed, match="are those of"):
        await sign_in(resource, oauth)
    assert resource.authority.clients == 0


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"issuer": 1}', b"[" * 100_000, b"\xff"])
async def test_what_are_no_metadata_are_not_used(resource: Resource, oauth: OAuth, body: bytes) -> None:
    resource.authority.document("/.well-known/oauth-authorization-server", body)
    with pytest.raises(AuthorizationFailed, match="no usable metadata"):
        await sign_in(resource, oauth)


async def test_metadata_without_end_are_not_read(resource: Resource, oauth: OAuth) -> None:
    resource.authority.document("/.well-known/oauth-authorization-server", b" " * 600_000)
    with pytest.raises(AuthorizationFailed, match="more than 524288 bytes"):
        await sign_in(resource, oauth)


async def test_metadata_are_not_fetched_from_elsewhere(resource: Resource, oauth: OAuth) -> None:
    there = Answer(status=302, headers={"Location": "https://evil.example/"})
    resource.authority.routes["GET /.well-known/oauth-authorization-server"] = lambda _: there
    with pytest.raises(AuthorizationFailed, match="no usable metadata"):
        await sign_in(resource, oauth)


async def test_the_second_authorization_server_is_tried_when_the_first_is_gone(
    resource: Resource, oauth: OAuth
) -> None:
    resource.metadata["authorization_servers"].insert(0, "http://127.0.0.1:1")
    await sign_in(resource, oauth)


async def test_a_server_must_name_who_issues_its_tokens(resource: Resource, oauth: OAuth) -> None:
    resource.metadata["authorization_servers"] = []
    with pytest.raises(AuthorizationFailed, match="names no authorization server"):
        await sign_in(resource, oauth)


@pytest.mark.parametrize("member", ["authorization_endpoint", "token_endpoint", "registration_endpoint"])
@pytest.mark.parametrize("url", ["http://mcp.example/x", "file:///etc/passwd", "http:$(calc.exe)", "javascript:x"])
async def test_metadata_urls_are_https(resource: Resource, oauth: OAuth, user: User, member: str, url: str) -> None:
    """CVE-2025-6514: the authorization endpoint of a hostile server was opened through a shell."""
    resource.authority.metadata[member] = url
    with pytest.raises(AuthorizationFailed, match=r"only https is used|is no URL"):
        await sign_in(resource, oauth)
    assert not any(url in seen for seen in user.seen)


async def test_metadata_urls_of_a_challenge_are_https(resource: Resource, oauth: OAuth) -> None:
    """CVE-2025-6514, through the challenge."""
    resource.challenge = 'resource_metadata="file:///etc/passwd"'
    with pytest.raises(AuthorizationFailed, match="only https is used"):
        await sign_in(resource, oauth)


async def test_nobody_signs_in_where_there_is_no_page_for_it(resource: Resource, oauth: OAuth) -> None:
    del resource.authority.metadata["authorization_endpoint"]
    with pytest.raises(AuthorizationFailed, match="no page to consent on"):
        await sign_in(resource, oauth)
