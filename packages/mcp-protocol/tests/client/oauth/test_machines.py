"""Grants without a user, and how a client proves itself: secrets, keys, a platform's word, an employer's."""

import base64
from typing import Any

import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from mcp_protocol.client import Client
from mcp_protocol.client.oauth import (
    AuthorizationCode,
    AuthorizationFailed,
    ClientCredentials,
    Credentials,
    EnterpriseManaged,
    Grant,
    OAuth,
    TokenRefused,
    WorkloadIdentity,
)
from tests.authority import REDIRECT, Answer, Asked, Resource, Route, User, Web, opened

SECRET = "a secret/with:marks"  # noqa: S105  made up
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ID_JAG = "urn:ietf:params:oauth:token-type:id-jag"


def with_secret(**more: Any) -> Credentials:
    return Credentials(client_id="client:1", client_secret=SECRET, **more)


async def token_request(resource: Resource, grant: Grant, methods: list[str]) -> Asked:
    resource.authority.metadata["token_endpoint_auth_methods_supported"] = methods
    async with Client(resource.url, auth=OAuth(grant)):
        return resource.authority.at("/token")[-1]


async def test_a_secret_goes_into_the_header(resource: Resource) -> None:
    grant = ClientCredentials(credentials=with_secret())
    asked = await token_request(resource, grant, ["client_secret_post", "client_secret_basic"])
    scheme, _, value = asked.headers["authorization"].partition(" ")
    assert (scheme, base64.b64decode(value)) == ("Basic", b"client%3A1:a+secret%2Fwith%3Amarks")
    assert asked.form == {"grant_type": "client_credentials", "resource": resource.url}


async def test_a_secret_goes_into_the_form_where_it_must(resource: Resource) -> None:
    asked = await token_request(resource, ClientCredentials(credentials=with_secret()), ["client_secret_post"])
    assert "authorization" not in asked.headers
    assert (asked.form["client_id"], asked.form["client_secret"]) == ("client:1", SECRET)


async def test_a_secret_goes_into_the_header_where_nothing_is_said(resource: Resource) -> None:
    del resource.authority.metadata["token_endpoint_auth_methods_supported"]
    async with Client(resource.url, auth=OAuth(ClientCredentials(credentials=with_secret()))):
        assert resource.authority.at("/token")[0].headers["authorization"].startswith("Basic ")


async def test_a_secret_goes_nowhere_where_none_is_taken(resource: Resource) -> None:
    with pytest.raises(AuthorizationFailed, match="takes no client secret"):
        await token_request(resource, ClientCredentials(credentials=with_secret()), ["none"])
    assert resource.authority.at("/token") == []


async def test_a_key_signs_for_the_issuer_and_for_a_moment(resource: Resource) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    given = Credentials(client_id="c", private_key=pem(key))
    asked = await token_request(resource, ClientCredentials(credentials=given), ["private_key_jwt"])
    form = asked.form
    assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    claims = jwt.decode(form["client_assertion"], key.public_key(), ["ES256"], audience=resource.authority.issuer)
    assert (claims["iss"], claims["sub"], claims["exp"] - claims["iat"]) == ("c", "c", 120)
    assert claims["aud"] == resource.authority.issuer
    assert len(claims["jti"]) >= 16


async def test_a_registered_secret_is_used_as_the_registration_says(resource: Resource, user: User) -> None:
    answer = {"client_id": "c", "client_secret": "s", "token_endpoint_auth_method": "client_secret_post"}
    resource.authority.routes["POST /register"] = lambda _: Answer(answer, 201)
    grant = AuthorizationCode(authorize=user, redirect_uri=REDIRECT)
    asked = await token_request(resource, grant, ["client_secret_basic", "client_secret_post"])
    wished = resource.authority.at("/register")[0].json
    assert wished["token_endpoint_auth_method"] == "client_secret_basic"  # noqa: S105  a method
    assert asked.form["client_secret"] == "s"  # noqa: S105  made up


async def test_a_registration_for_an_unknown_proof_is_of_no_use(resource: Resource, user: User) -> None:
    answer = {"client_id": "c", "token_endpoint_auth_method": "tls_client_auth"}
    resource.authority.routes["POST /register"] = lambda _: Answer(answer, 201)
    with pytest.raises(AuthorizationFailed, match="not known here"):
        await token_request(resource, AuthorizationCode(authorize=user, redirect_uri=REDIRECT), ["none"])


async def test_a_workload_shows_its_platforms_word(resource: Resource) -> None:
    async def word(issuer: str) -> str:
        return f"word-for-{issuer}"

    grant = WorkloadIdentity(credentials=Credentials(client_id="w"), assertion=word)
    asked = await token_request(resource, grant, ["none"])
    assert asked.form == {
        "grant_type": JWT_BEARER,
        "assertion": f"word-for-{resource.authority.issuer}",
        "resource": resource.url,
        "client_id": "w",
    }


async def test_a_word_that_is_refused_is_not_given_twice(resource: Resource) -> None:
    async def word(_issuer: str) -> str:
        return "stale"

    resource.authority.routes["POST /token"] = lambda _: Answer({"error": "invalid_grant"}, 400)
    with pytest.raises(TokenRefused, match="invalid_grant"):
        await token_request(
            resource, WorkloadIdentity(credentials=Credentials(client_id="w"), assertion=word), ["none"]
        )
    assert len(resource.authority.at("/token")) == 1


async def test_an_employer_decides(resource: Resource) -> None:
    provider = Web()
    provider.routes["POST /token"] = exchanged(ID_JAG)
    async with opened(provider):
        asked = await token_request(resource, employed(provider, f"{provider.origin}/token"), ["none"])
    (exchange,) = provider.asked
    assert exchange.form == {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "requested_token_type": ID_JAG,
        "subject_token": "id-token",
        "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
        "audience": resource.authority.issuer,
        "resource": resource.url,
        "client_id": "at-the-provider",
    }
    assert (asked.form["grant_type"], asked.form["assertion"], asked.form["client_id"]) == (JWT_BEARER, "jag", "here")
    assert "id-token" not in str(resource.authority.asked)


async def test_a_providers_metadata_say_where_to_ask(resource: Resource) -> None:
    provider = Web()
    async with opened(provider):
        provider.routes["POST /deep/token"] = exchanged(ID_JAG)
        metadata = {"issuer": provider.origin, "token_endpoint": f"{provider.origin}/deep/token"}
        provider.document("/.well-known/openid-configuration", metadata)
        asked = await token_request(resource, employed(provider, None), ["none"])
    assert asked.form["assertion"] == "jag"


async def test_another_kind_of_token_is_not_shown_as_a_grant(resource: Resource) -> None:
    provider = Web()
    provider.routes["POST /token"] = exchanged("urn:ietf:params:oauth:token-type:access_token")
    async with opened(provider):
        with pytest.raises(AuthorizationFailed, match="no authorization grant"):
            await token_request(resource, employed(provider, f"{provider.origin}/token"), ["none"])
    assert resource.authority.at("/token") == []


async def test_a_provider_must_have_a_name(resource: Resource) -> None:
    grant = msgspec.structs.replace(employed(Web(), None), provider=Credentials(client_id="c"))
    with pytest.raises(AuthorizationFailed, match="has no issuer"):
        await token_request(resource, grant, ["none"])


@pytest.mark.parametrize(
    "body",
    [
        {"access_token": "a\r\nX-Evil: 1", "token_type": "Bearer"},
        {"access_token": "a b", "token_type": "Bearer"},
        {"access_token": "", "token_type": "Bearer"},
        {"access_token": "\u00e9", "token_type": "Bearer"},
        {"access_token": "a"},
        {"token_type": "Bearer"},
        {"access_token": "a", "token_type": "mac"},
        {"access_token": "a", "token_type": "DPoP"},
        {},
        b"access_token=a&token_type=Bearer",
    ],
)
async def test_what_no_header_can_carry_is_no_token(resource: Resource, body: dict[str, str] | bytes) -> None:
    resource.authority.routes["POST /token"] = lambda _: Answer(body)
    with pytest.raises(AuthorizationFailed):
        await token_request(resource, ClientCredentials(credentials=Credentials(client_id="c")), ["none"])


async def test_a_token_goes_to_one_server_only(resource: Resource) -> None:
    oauth = OAuth(ClientCredentials(credentials=Credentials(client_id="c")))
    async with Client(resource.url, auth=oauth):
        pass
    with pytest.raises(ValueError, match="make another one"):
        async with Client(f"{resource.origin}/other", auth=oauth):
            pass


def pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def exchanged(kind: str) -> Route:
    return lambda _: Answer({"access_token": "jag", "token_type": "N_A", "issued_token_type": kind})


def employed(provider: Web, endpoint: str | None) -> EnterpriseManaged:
    async def id_token() -> str:
        return "id-token"

    return EnterpriseManaged(
        credentials=Credentials(client_id="here"),
        id_token=id_token,
        provider=Credentials(client_id="at-the-provider", issuer=provider.origin),
        provider_token_endpoint=endpoint,
    )
