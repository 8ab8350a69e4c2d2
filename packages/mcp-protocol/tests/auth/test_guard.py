"""Who is remembered, for how long, and what happens when a check itself fails."""

import logging
import subprocess
import sys
from typing import Self

import pytest
from jwt import algorithms

from mcp_protocol.auth import Challenge, Guard, Introspection, JwtTokens, TokenRefused, Verified, Verifier
from mcp_protocol.errors import SettingsError, Unauthorized
from mcp_protocol.session.calls import Principal

ISSUER = "https://auth.example.com"


class Book:
    """Knows every token for its own name, until `ends`; `fault` is raised instead."""

    def __init__(self, ends: float | None = None, fault: Exception | None = None) -> None:
        self.ends = ends
        self.fault = fault
        self.now = 1000.0
        self.asked = 0
        self.guard = Guard(self, Challenge(), now=lambda: self.now)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        pass

    async def verify(self, token: str) -> Verified:
        self.asked += 1
        if self.fault is not None:
            raise self.fault
        return Verified(Principal("book", token), self.ends)

    async def who(self, token: str = "ada") -> str:  # noqa: S107  nobody's
        found = self.guard({b"authorization": f"Bearer {token}".encode()})
        principal = found if isinstance(found, Principal) else await found
        return principal.subject


@pytest.mark.parametrize(("ends", "remembered"), [(None, 60), (5000.0, 60), (1010.0, 10), (1000.0, 0), (0.0, 0)])
async def test_a_token_is_remembered_for_a_minute_and_never_beyond_its_end(
    ends: float | None, remembered: float
) -> None:
    book = Book(ends)
    for _ in range(3):
        assert await book.who() == "ada"
        book.now += remembered / 4
    assert book.asked == (1 if remembered else 3)
    book.now = 1000 + remembered
    await book.who()
    assert book.asked == (2 if remembered else 4)


async def test_what_is_remembered_is_bounded_and_holds_no_token() -> None:
    book = Book()
    for number in range(5000):
        assert await book.who(f"token-{number}") == f"token-{number}"
    assert len(book.guard._known) == 4096  # pyright: ignore[reportPrivateUsage]  the bound is the test
    assert "token-4999" not in repr(list(book.guard._known))  # pyright: ignore[reportPrivateUsage]  so is this


async def test_a_refused_token_is_asked_about_again() -> None:
    book = Book(fault=TokenRefused("no"))
    for _ in range(2):
        with pytest.raises(Unauthorized):
            await book.who()
    assert book.asked == 2


async def test_a_check_that_fails_lets_nobody_in(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO), pytest.raises(Unauthorized) as caught:
        await Book(fault=RuntimeError("a bug")).who("ada-token")
    assert caught.value.challenge == 'Bearer error="invalid_token"'
    assert "a token could not be checked" in caplog.text
    assert "ada-token" not in caplog.text


@pytest.mark.parametrize(
    ("module", "verifier"),
    [
        ("jwt", JwtTokens(issuer=ISSUER, audience=ISSUER)),
        ("httpx", JwtTokens(issuer=ISSUER, audience=ISSUER)),
        ("httpx", Introspection(url=ISSUER, issuer=ISSUER, audience=ISSUER, credentials=("me", "secret"))),
    ],
)
async def test_without_the_extra_the_start_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, module: str, verifier: Verifier
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(SettingsError, match=r"install mcp-ref-protocol\[auth\]"):
        async with Guard(verifier, Challenge()):
            pass


async def test_without_cryptography_no_signature_can_be_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(algorithms, "has_crypto", False)
    with pytest.raises(SettingsError, match="needs cryptography"):
        async with Guard(JwtTokens(issuer=ISSUER, audience=ISSUER), Challenge()):
            pass


def test_importing_the_room_loads_no_extra() -> None:
    check = "import sys, mcp_protocol.auth; assert not {'jwt', 'cryptography', 'httpx'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", check], check=True, timeout=20)
