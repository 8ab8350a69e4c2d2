"""One Authorization header, one token: what counts as one, and the words for what does not."""

import pytest

from mcp_protocol.auth.bearer import LONGEST, bearer_token, is_token68
from mcp_protocol.auth.challenge import Challenge
from mcp_protocol.auth.verifier import TokenRefused


@pytest.mark.parametrize("token", [b"abc", b"a.b-c_d~e+f/g==", b"x" * LONGEST])
def test_a_token_is_taken_as_it_is(token: bytes) -> None:
    assert bearer_token({b"authorization": b"Bearer " + token}) == token.decode()
    assert is_token68(token.decode())


@pytest.mark.parametrize(
    "header", [None, b"", b"Bearer", b"bearer abc", b"BEARER abc", b"Basic abc", b"abc", b"DPoP abc"]
)
def test_what_is_no_bearer_header_brings_no_token(header: bytes | None) -> None:
    assert bearer_token({} if header is None else {b"authorization": header}) is None


@pytest.mark.parametrize(
    "token",
    [
        b"",
        b" abc",
        b"abc ",
        b"a b",
        b"a,b",
        b"a=b",
        b"=",
        b"a\x00b",
        b"a\tb",
        b"\xc3\xa9",
        b'"a"',
        b"x" * (LONGEST + 1),
    ],
)
def test_what_can_be_no_token_is_refused(token: bytes) -> None:
    with pytest.raises(TokenRefused):
        bearer_token({b"authorization": b"Bearer " + token})
    assert not is_token68(token.decode("latin-1"))


def test_a_challenge_says_what_is_missing_and_where_to_get_it() -> None:
    challenge = Challenge("https://a.example/meta", ("a:read",))
    where = 'scope="a:read", resource_metadata="https://a.example/meta"'
    assert challenge.missing().challenge == f"Bearer {where}"
    assert challenge.invalid().challenge == f'Bearer error="invalid_token", {where}'
    refused = challenge.insufficient({"a:write", "a:other"})
    assert (refused.http_status, refused.message) == (403, "The token lacks the scope a:other a:write")
    assert refused.challenge.startswith(
        'Bearer error="insufficient_scope", scope="a:other a:write", resource_metadata='
    )


def test_a_challenge_without_an_issuer_is_short() -> None:
    assert Challenge().missing().challenge == "Bearer"
    assert Challenge().invalid().challenge == 'Bearer error="invalid_token"'
