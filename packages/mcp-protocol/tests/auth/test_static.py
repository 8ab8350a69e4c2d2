"""Tokens that the operator hands out."""

import hmac

import pytest

from mcp_protocol.auth import StaticTokens, TokenRefused
from mcp_protocol.errors import SettingsError
from mcp_protocol.session.calls import Principal
from tests.oauth import House, Issuer, trusting

ADA, BOB = Principal("test", "ada", frozenset({"test:admin"})), Principal("test", "bob", frozenset({"test:read"}))


async def test_each_token_speaks_for_its_principal(issuer: Issuer, server: object) -> None:
    async with trusting(issuer, server, verifier=StaticTokens({"ada-token": ADA, "bob-token": BOB})) as house:  # pyright: ignore[reportArgumentType]  the fixture's type
        assert await names(house, "ada-token") == ["look", "write", "reset"]
        assert await names(house, "bob-token") == ["look"]
        assert (await house.ask("eve-token", "tools/list")).status_code == 401


async def names(house: House, token: str) -> list[str]:
    return [tool["name"] for tool in (await house.ask(token, "tools/list")).json()["result"]["tools"]]


async def test_all_tokens_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """O9: what is compared has one length, and a match does not end the comparison."""
    compared: list[tuple[bytes, bytes]] = []
    real = hmac.compare_digest

    def noting(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return real(one, other)

    monkeypatch.setattr(hmac, "compare_digest", noting)
    tokens = StaticTokens({"ada-token": ADA, "bob-token": BOB})
    assert (await tokens.verify("ada-token")).principal is ADA
    with pytest.raises(TokenRefused):
        await tokens.verify("ada-toke")
    assert len(compared) == 4
    assert {len(one) for pair in compared for one in pair} == {32}


def test_a_token_that_no_header_can_carry_is_refused() -> None:
    with pytest.raises(SettingsError):
        StaticTokens({"two words": ADA})
