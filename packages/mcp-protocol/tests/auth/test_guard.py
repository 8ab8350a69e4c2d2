"""Who is remembered, for how long, and what happens when a check itself fails."""

import logging
from typing import Self

import pytest

from mcp_protocol.auth import Challenge, Guard, Verified
from mcp_protocol.auth.verifier import TokenRefused
from mcp_protocol.errors import Unauthorized
from mcp_protocol.session.calls import Principal


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
