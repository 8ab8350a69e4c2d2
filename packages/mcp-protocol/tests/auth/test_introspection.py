"""Tokens that the issuer is asked about: what it must say of them, and how often it is asked."""

import asyncio
import time
from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import pytest

from mcp_protocol.auth import Introspection
from mcp_protocol.auth.verifier import TokenRefused
from mcp_protocol.server.app import Server
from tests.oauth import RESOURCE, House, Issuer, page, trusting

ACTIVE: dict[str, Any] = {"active": True, "sub": "ada", "aud": RESOURCE, "scope": "test:read"}


def introspection(issuer: Issuer) -> Introspection:
    url = f"{issuer.url}/introspect"
    return Introspection(url=url, issuer=issuer.url, audience=RESOURCE, credentials=("me:1", "se cret"))


@pytest.fixture
async def asked_house(issuer: Issuer, server: Server[Any, Any]) -> AsyncIterator[House]:
    async with trusting(issuer, server, verifier=introspection(issuer)) as found:
        yield found


async def test_the_issuer_is_asked_with_our_own_credentials(asked_house: House) -> None:
    issuer = asked_house.issuer
    issuer.pages["/introspect"] = page(ACTIVE)
    answer = await asked_house.call("opaque", "look")
    assert answer.json()["result"]["content"][0]["text"] == "ada"
    [asked] = issuer.asked
    assert (asked.method, asked.form) == ("POST", {"token": "opaque", "token_type_hint": "access_token"})
    assert asked.headers["authorization"] == f"Basic {b64encode(b'me%3A1:se+cret').decode()}"
    assert "opaque" not in str(asked.headers)


async def test_an_answer_is_remembered_until_the_token_ends(asked_house: House) -> None:
    issuer = asked_house.issuer
    for expires, times in ((None, 1), (time.time() + 300, 1), (time.time() - 30, 3)):
        issuer.asked.clear()
        issuer.pages["/introspect"] = page(ACTIVE | ({} if expires is None else {"exp": expires}))
        for _ in range(3):
            assert (await asked_house.call(f"opaque-{expires}", "look")).status_code == 200
        assert len(issuer.asked) == times


DOUBTFUL: list[Any] = [
    {"active": False}, {}, [], ACTIVE | {"active": "true"}, ACTIVE | {"active": 1}, ACTIVE | {"aud": None},
    ACTIVE | {"aud": f"{RESOURCE}/"}, ACTIVE | {"iss": "https://evil.example"}, ACTIVE | {"exp": 1},
    ACTIVE | {"exp": "2100000000"}, ACTIVE | {"exp": 10**400}, ACTIVE | {"nbf": 10**11}, ACTIVE | {"sub": None},
    ACTIVE | {"sub": ""}, ACTIVE | {"scope": {}}, b"active", b'{"active": true',
]  # fmt: skip


@pytest.mark.parametrize("answer", DOUBTFUL)
async def test_what_the_issuer_does_not_vouch_for_is_refused(asked_house: House, answer: Any) -> None:
    asked_house.issuer.pages["/introspect"] = page(answer)
    assert (await asked_house.call("opaque", "look")).status_code == 401


@pytest.mark.parametrize("status", [401, 302, 500])
async def test_an_issuer_that_refuses_to_say_lets_nobody_in(asked_house: House, status: int) -> None:
    asked_house.issuer.pages["/introspect"] = page(ACTIVE, status)
    asked_house.issuer.headers = b"Location: /introspect\r\n"
    assert (await asked_house.call("opaque", "look")).status_code == 401
    assert len(asked_house.issuer.asked) == 1


async def test_a_silent_issuer_is_waited_for_two_seconds_and_by_so_many_at_once(issuer: Issuer) -> None:
    issuer.silent = True
    async with introspection(issuer) as tokens, asyncio.timeout(4):
        found = await asyncio.gather(*(tokens.verify(f"t{n}") for n in range(100)), return_exceptions=True)
    assert {type(one) for one in found} == {TokenRefused}
    assert sum("too many" in str(one) for one in found) == 36
    assert len(issuer.asked) <= 64
