"""The O cases of the threat model, against the fixture server over HTTP: no token counts but the right one, here."""

import json
import logging
import time
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mcp_protocol.auth import JwtTokens
from mcp_ref_everything import server
from mcp_ref_everything.settings import Settings
from tests.oauth import (
    EC,
    OTHER,
    RESOURCE,
    RSA,
    House,
    Issuer,
    by_ec,
    forged,
    issuing,
    page,
    public,
    trusting,
)

METADATA = "https://mcp.example.com/.well-known/oauth-protected-resource/mcp"
MISSING = f'Bearer scope="everything:read", resource_metadata="{METADATA}"'
INVALID = MISSING.replace("Bearer ", 'Bearer error="invalid_token", ')
READ = "everything:read"


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with issuing() as found:
        yield found


@pytest.fixture
async def house(issuer: Issuer) -> AsyncIterator[House]:
    async with trusting(issuer, server, Settings()) as found:
        yield found


async def greeted(house: House, token: str) -> int:
    return (await house.call(token, "greet", name="you")).status_code


async def test_only_one_authorization_header_brings_a_token(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """O1."""
    good = house.issuer.token(scope=READ)
    assert await greeted(house, good) == 200
    message, headers = house.modern("server/discover")
    with caplog.at_level(logging.DEBUG):
        for value in ("", "Bearer", f"bearer {good}", f"Basic {good}", good):
            answer = await house.post(message, **headers, authorization=value)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, MISSING)
        spelled = {name.replace("_", "-"): value for name, value in headers.items()}
        usual = {"accept": "application/json, text/event-stream", "content-type": "application/json", **spelled}
        body = json.dumps(message)
        two = [*usual.items(), ("authorization", f"Bearer {good}"), ("authorization", f"Bearer {good}")]
        for path, sent, data in (
            ("/mcp", two, body),
            ("/mcp", [*usual.items(), ("cookie", f"access_token={good}")], body),
            (f"/mcp?access_token={good}", list(usual.items()), body),
            ("/mcp", list(usual.items()), json.dumps(message | {"access_token": good})),
        ):
            answer = await house.http.post(path, headers=sent, content=data)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, MISSING)
            assert good not in answer.text
        for method in ("GET", "DELETE"):
            answer = await house.http.request(method, "/mcp", headers={"accept": "text/event-stream"})
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, MISSING)
    # What the test's own client says of itself is not ours.
    assert good not in str([one.getMessage() for one in caplog.records if not one.name.startswith("http")])


@pytest.mark.parametrize(
    "audience",
    [
        None, "", [], "https://other.example/mcp", f"{RESOURCE}.evil", f"{RESOURCE}/", "https://mcp.example.com",
        "https://mcp.example.com:8443/mcp", "http://mcp.example.com/mcp", "HTTPS://MCP.EXAMPLE.COM/mcp",
        "https://mcp.example.com/", ["https://other.example"], [[RESOURCE]], {RESOURCE: 1}, [RESOURCE, 1], 1, True,
    ],
)  # fmt: skip
async def test_token_of_another_audience(house: House, audience: Any) -> None:
    """O2; GHSA-5h2m-4q8j-pqpj, CVE-2026-27124: a token that was made for someone else was good enough."""
    answer = await house.call(house.issuer.token(scope=READ, aud=audience), "greet", name="you")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, INVALID)


async def test_an_array_of_audiences_may_name_us(house: House) -> None:
    """O2."""
    assert await greeted(house, house.issuer.token(scope=READ, aud=["https://other.example", RESOURCE])) == 200


@pytest.mark.parametrize("change", [None, "", "/", ".evil", [], 1])
async def test_a_token_of_another_issuer_is_none(house: House, change: Any) -> None:
    """O2."""
    issuer = house.issuer.url + change if isinstance(change, str) and change else change
    assert await greeted(house, house.issuer.token(scope=READ, iss=issuer)) == 401


@pytest.mark.parametrize(
    ("claim", "offset", "status"),
    [
        ("exp", -61, 401), ("exp", -50, 200), ("exp", -10**9, 401), ("nbf", 70, 401), ("nbf", 50, 200),
        ("iat", 70, 401), ("iat", 50, 200),
    ],
)  # fmt: skip
async def test_a_token_has_its_time_and_clocks_may_differ_by_a_minute(
    house: House, claim: str, offset: float, status: int
) -> None:
    """O3."""
    moment: Any = {"scope": READ, claim: time.time() + offset}
    assert await greeted(house, house.issuer.token(**moment)) == status


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": None}, {"exp": "soon"}, {"exp": str(int(time.time()) + 300)}, {"exp": True}, {"exp": float("nan")},
        {"exp": float("inf")}, {"exp": [9**10]}, {"exp": 10**400}, {"nbf": "0"}, {"nbf": float("nan")},
        {"nbf": float("-inf")}, {"iat": "0"}, {"iat": {}}, {"sub": None}, {"sub": ""}, {"sub": 1}, {"scope": 1},
        {"scope": [1]},
    ],
)  # fmt: skip
async def test_claims_of_the_wrong_type_make_no_token(house: House, claims: dict[str, Any]) -> None:
    """O3."""
    sent: Any = {"scope": READ} | claims
    assert await greeted(house, house.issuer.token(**sent)) == 401


@pytest.mark.parametrize(
    "token",
    [
        "x" * 100_000,
        "x",
        ".",
        "..",
        "a.b.c",
        "e30.e30.e30",
        "=.=.=",
        "....",
        "e30." * 3,
        "bnVsbA.e30.e30",
        "W10.e30.AA",
    ],
)
async def test_what_is_no_token_is_refused(house: House, token: str) -> None:
    """O6. A hundred thousand bytes do not even fit into the head of a request."""
    assert await greeted(house, token) in {401, 431}


async def test_a_long_token_is_not_looked_at(house: House) -> None:
    """O6."""
    token = house.issuer.token(scope=READ, padding="x" * 13_000)
    assert len(token) > 16 * 1024
    assert await greeted(house, token) == 401
    assert house.issuer.asked == []


@pytest.mark.parametrize(
    "alg", ["none", "None", "NONE", "nOnE", "", "HS256", "ES256K", "RS1", "dir", None, 1, ["ES256"]]
)
async def test_an_unsigned_token_is_none(house: House, alg: Any) -> None:
    for signature in (b"", b"x" * 64):
        token = forged({"alg": alg, "kid": "ec"}, house.issuer.claims, lambda _, signature=signature: signature)
        assert await greeted(house, token) == 401
    assert await greeted(house, forged({"kid": "ec"}, house.issuer.claims, lambda _: b"")) == 401


@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
async def test_a_public_key_is_no_shared_secret(house: House, alg: str) -> None:
    """Algorithm confusion: the key that everyone can read signs nothing."""
    for key, kid in ((EC, "ec"), (RSA, "rsa")):
        pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        with_pem = partial(jwt.get_algorithm_by_name(alg).sign, key=pem)
        assert await greeted(house, forged({"alg": alg, "kid": kid}, house.issuer.claims, with_pem)) == 401


async def test_a_key_serves_its_own_algorithm_alone(house: House) -> None:
    """The set says RS256 for the RSA key."""
    issuer = house.issuer
    assert await greeted(house, issuer.token(RSA, alg="RS256", head={"kid": "rsa"}, scope=READ)) == 200
    for alg in ("RS512", "PS256"):
        assert await greeted(house, issuer.token(RSA, alg=alg, head={"kid": "rsa"}, scope=READ)) == 401
    assert await greeted(house, issuer.token(RSA, alg="RS256", head={"kid": "ec"}, scope=READ)) == 401


@pytest.mark.parametrize(
    "kid",
    ["../../../../dev/null", "/proc/sys/kernel/randomize_va_space", "ec' OR '1'='1", "http://127.0.0.1/keys",
     "EC", "ec\x00", " ec", "", "e" * 5000, "ec\n"],
)  # fmt: skip
async def test_a_key_id_is_looked_up_and_nothing_else(house: House, kid: str) -> None:
    token = house.issuer.token(scope=READ, head={"kid": kid})
    assert await greeted(house, token) == 401
    assert {asked.path for asked in house.issuer.asked} == {"/keys"}


@pytest.mark.parametrize("kid", [1, None, [], {}, True])
async def test_a_key_id_is_a_string(house: House, kid: Any) -> None:
    assert await greeted(house, forged({"alg": "ES256", "kid": kid}, house.issuer.claims, by_ec)) == 401


async def test_without_an_id_the_only_key_for_the_algorithm_is_meant(house: House) -> None:
    token = house.issuer.token(head={"kid": None}, scope=READ)
    assert await greeted(house, token) == 200
    house.issuer.publish(public(EC, "ec"), public(OTHER, "other"))
    async with trusting(house.issuer, server, Settings()) as another:
        assert await greeted(another, token) == 401


async def test_a_token_cannot_bring_its_own_key(house: House) -> None:
    """jku, jwk, x5u and x5c are not read."""
    evil = house.issuer.url + "/evil"
    house.issuer.pages["/evil"] = page({"keys": [public(OTHER, "ec")]})
    for head in ({"jku": evil}, {"jwk": public(OTHER, "ec")}, {"x5u": evil}, {"x5c": ["AAAA"]}, {}):
        assert await greeted(house, house.issuer.token(OTHER, scope=READ, head=head)) == 401
        assert await greeted(house, house.issuer.token(EC, scope=READ, head=head)) == 200
    assert {asked.path for asked in house.issuer.asked} == {"/keys"}


@pytest.mark.parametrize(
    "head",
    [{"crit": ["exp"]}, {"crit": []}, {"crit": ["b64"], "b64": True}, {"typ": "logout+jwt"}, {"typ": "dpop+jwt"}],
)
async def test_a_token_that_wants_more_than_a_signature_is_refused(house: House, head: dict[str, Any]) -> None:
    assert await greeted(house, forged({"alg": "ES256", "kid": "ec"}, house.issuer.claims, by_ec)) == 403
    assert await greeted(house, forged({"alg": "ES256", "kid": "ec"} | head, house.issuer.claims, by_ec)) == 401


@pytest.mark.parametrize("typ", ["at+jwt", "AT+JWT", "application/at+jwt", "JWT"])
async def test_the_types_of_access_tokens_count(house: House, typ: str) -> None:
    assert await greeted(house, house.issuer.token(scope=READ, head={"typ": typ})) == 200


async def test_a_changed_token_is_none(house: House) -> None:
    token = house.issuer.token(scope=READ)
    head, payload, signature = token.split(".")
    other = house.issuer.token(scope="everything:admin").split(".")[1]
    assert await greeted(house, token) == 200
    for changed in (f"{head}.{other}.{signature}", f"{head}.{payload}.", f"{head}.{payload}", f"{token}.x"):
        assert await greeted(house, changed) == 401


async def test_the_issuer_alone_is_sent_nothing_of_a_client(house: House) -> None:
    """O7: what we fetch carries no token of anybody's."""
    token = house.issuer.token(scope=READ)
    assert await greeted(house, token) == 200
    assert house.issuer.asked
    for asked in house.issuer.asked:
        assert "authorization" not in asked.headers
        assert token not in f"{asked.path}{asked.headers}{asked.body!r}"


async def test_discovery_takes_the_keys_of_the_very_issuer(issuer: Issuer) -> None:
    """Metadata of another issuer, or keys over plain http, are no keys."""
    path = "/.well-known/openid-configuration"
    for named, jwks, status in (
        (issuer.url, issuer.jwks_url, 200),
        (f"{issuer.url}/", issuer.jwks_url, 401),
        ("https://evil.example", issuer.jwks_url, 401),
        (issuer.url, "http://keys.example/keys", 401),
        (issuer.url, "file:///etc/passwd", 401),
        (issuer.url, None, 401),
        (issuer.url, 1, 401),
    ):
        issuer.pages[path] = page({"issuer": named, "jwks_uri": jwks})
        verifier = JwtTokens(issuer=issuer.url, audience=RESOURCE)
        async with trusting(issuer, server, Settings(), verifier=verifier) as house:
            assert await greeted(house, issuer.token(scope=READ)) == status
