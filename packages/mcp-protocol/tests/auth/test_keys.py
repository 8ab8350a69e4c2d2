"""The keys of an issuer: fetched when they are needed, once a minute at most, and trusted for an hour at most."""

import asyncio
from typing import Any

import pytest

from mcp_protocol.auth import JwtTokens
from mcp_protocol.auth.fetching import LARGEST
from mcp_protocol.auth.keys import Keys
from mcp_protocol.auth.verifier import TokenRefused
from mcp_protocol.errors import TransportError
from tests.oauth import EC, OTHER, RESOURCE, RSA, House, Issuer, page, public


class Set:
    """A key set on a clock of our own; no issuer at all where `members` is None."""

    def __init__(self, *members: Any) -> None:
        self.members: list[Any] | None = list(members)
        self.now = 1000.0
        self.fetched = 0
        self.keys = Keys(self.fetch, clock=lambda: self.now)

    async def fetch(self) -> dict[str, Any]:
        self.fetched += 1
        await asyncio.sleep(0)
        if self.members is None:
            raise TransportError("gone")
        return {"keys": self.members}

    async def has(self, kid: str | None, alg: str = "ES256") -> bool:
        try:
            await self.keys.find(kid, alg)
        except TokenRefused:
            return False
        return True


async def test_an_unknown_key_is_looked_for_once_a_minute() -> None:
    keys = Set(public(EC, "a"))
    assert await keys.has("a")
    for _ in range(100):
        assert not await keys.has("b")
    assert keys.fetched == 1
    keys.members = [public(EC, "a"), public(OTHER, "b")]
    keys.now += 60
    assert await keys.has("b")
    assert not await keys.has("c")
    assert keys.fetched == 2


async def test_many_tokens_at_once_fetch_once() -> None:
    keys = Set(public(EC, "a"))
    assert all(await asyncio.gather(*(keys.has("a") for _ in range(100))))
    assert keys.fetched == 1


async def test_a_withdrawn_key_is_noticed_within_minutes() -> None:
    keys = Set(public(EC, "a"), public(OTHER, "b"))
    assert await keys.has("a")
    keys.members = [public(OTHER, "b")]
    keys.now += 300
    assert not await keys.has("a")
    assert await keys.has("b")


async def test_known_keys_bridge_an_outage_of_the_issuer_and_then_nobody_is_let_in() -> None:
    keys = Set(public(EC, "a"))
    assert await keys.has("a")
    keys.members = None
    keys.now += 3599
    assert await keys.has("a")
    keys.now += 1
    assert not await keys.has("a")
    keys.now += 60
    keys.members = [public(EC, "a")]
    assert await keys.has("a")


UNFIT: list[Any] = [
    None, 1, [], {}, {"kty": "oct", "k": "AAAA", "kid": "a"}, {"kty": "EC", "kid": "a"}, {"kty": "RSA", "kid": "a"},
    {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "a"}, {"kty": ["EC"], "kid": "a"},
    public(EC, "a", use="enc"), public(EC, "a", key_ops=["sign"]), public(EC, "a", key_ops="verify"),
    public(EC, "a", alg="HS256"), public(EC, "a", alg="ES384"), public(EC, "a", alg=["ES256"]),
    public(EC, "a", d="AAAA"), public(EC, "a", crv="secp256k1"), public(EC, "a", crv=1), public(EC, "b"),
    public(EC, None) | {"kid": 1}, public(EC, None), public(RSA, "a"),
]  # fmt: skip


@pytest.mark.parametrize("member", UNFIT)
async def test_what_is_no_public_key_for_signatures_is_left_out(member: Any) -> None:
    keys = Set(member, public(OTHER, "other"))
    assert not await keys.has("a")
    assert await keys.has("other")


async def test_two_keys_of_one_id_are_told_apart_by_algorithm_or_not_at_all() -> None:
    keys = Set(public(EC, "a"), public(RSA, "a"))
    assert await keys.has("a")
    assert await keys.has("a", "RS256")
    assert await keys.has("a", "PS512")
    assert not await Set(public(EC, "a"), public(OTHER, "a")).has("a")


async def test_without_an_id_the_only_key_is_meant() -> None:
    assert await Set(public(EC, "a"), public(RSA, "b")).has(None)
    assert not await Set(public(EC, "a"), public(OTHER, "b")).has(None)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b""), (200, b"nothing"), (200, b"[]"), (200, b"{}"), (200, b'{"keys": 1}'), (200, b"[" * 100_000),
        (200, b" " * (LARGEST + 1)), (404, b""), (500, b"{}"), (204, b""),
    ],
)  # fmt: skip
async def test_an_issuer_without_a_key_set_lets_nobody_in(house: House, status: int, body: bytes) -> None:
    good = house.issuer.pages["/keys"]
    house.issuer.pages["/keys"] = page(body, status)
    assert (await house.call(house.issuer.token(), "look")).status_code == 401
    house.issuer.pages["/keys"] = good
    assert (await house.call(house.issuer.token(), "look")).status_code == 401  # asked again in a minute
    assert len(house.issuer.asked) == 1


async def test_a_redirect_is_not_followed(house: House) -> None:
    house.issuer.pages["/elsewhere"] = house.issuer.pages["/keys"]
    house.issuer.pages["/keys"] = page(b"", 302)
    house.issuer.headers = b"Location: /elsewhere\r\n"
    assert (await house.call(house.issuer.token(), "look")).status_code == 401
    assert [asked.path for asked in house.issuer.asked] == ["/keys"]


async def test_a_compressed_key_set_is_not_unpacked(house: House) -> None:
    house.issuer.headers = b"Content-Encoding: gzip\r\n"
    assert (await house.call(house.issuer.token(), "look")).status_code == 200  # the bytes themselves are JSON
    assert house.issuer.asked[0].headers["accept-encoding"] == "identity"


async def test_an_issuer_that_does_not_answer_is_waited_for_two_seconds(house: House) -> None:
    house.issuer.silent = True
    async with asyncio.timeout(4):
        assert (await house.call(house.issuer.token(), "look")).status_code == 401


async def test_an_issuer_that_is_not_there_lets_nobody_in(issuer: Issuer) -> None:
    async with JwtTokens(issuer=issuer.url, audience=RESOURCE, jwks_url="http://127.0.0.1:1/keys") as tokens:
        with pytest.raises(TokenRefused, match="cannot be fetched"):
            await tokens.verify(issuer.token())


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("", "/.well-known/oauth-authorization-server"),
        ("", "/.well-known/openid-configuration"),
        ("/tenant", "/.well-known/oauth-authorization-server/tenant"),
        ("/tenant", "/.well-known/openid-configuration/tenant"),
        ("/tenant", "/tenant/.well-known/openid-configuration"),
    ],
)
async def test_the_issuer_says_itself_where_its_keys_are(issuer: Issuer, path: str, where: str) -> None:
    named = issuer.url + path
    issuer.pages[where] = page({"issuer": named, "jwks_uri": issuer.jwks_url})
    async with JwtTokens(issuer=named, audience=RESOURCE) as tokens:
        verified = await tokens.verify(issuer.token(iss=named))
    assert (verified.principal.issuer, verified.principal.subject) == (named, "ada")
    assert [asked.path for asked in issuer.asked][-2:] == [where, "/keys"]
