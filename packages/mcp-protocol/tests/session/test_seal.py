"""Tokens that a client keeps: nothing but the very token, for the very purpose, in time, opens."""

from hypothesis import given
from hypothesis import strategies as st

from mcp_protocol.session.seal import Seal

SEAL = Seal(b"k" * 32)
BOUND = ("cursor", "tools/list", "local")


def test_a_token_opens_for_what_it_was_sealed_for() -> None:
    token = SEAL.close(b"42", bound=BOUND, expires=100)
    assert SEAL.open(token, bound=BOUND, now=99) == b"42"


def test_a_token_does_not_open_after_its_time() -> None:
    token = SEAL.close(b"42", bound=BOUND, expires=100)
    assert SEAL.open(token, bound=BOUND, now=101) is None


def test_a_token_does_not_open_for_another_purpose_method_or_caller() -> None:
    token = SEAL.close(b"42", bound=BOUND, expires=100)
    for other in (("state", *BOUND[1:]), ("cursor", "prompts/list", "local"), ("cursor", "tools/list", "other")):
        assert SEAL.open(token, bound=other, now=0) is None


def test_moving_a_boundary_between_bound_parts_is_noticed() -> None:
    token = SEAL.close(b"", bound=("ab", "c"), expires=100)
    assert SEAL.open(token, bound=("a", "bc"), now=0) is None
    assert SEAL.open(token, bound=("abc",), now=0) is None


def test_a_token_of_another_key_does_not_open() -> None:
    assert SEAL.open(Seal(b"other").close(b"42", bound=BOUND, expires=100), bound=BOUND, now=0) is None


@given(st.integers(0), st.integers(0, 63))
def test_m1_no_changed_character_opens(position: int, replacement: int) -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    token = SEAL.close(b"payload", bound=BOUND, expires=100)
    place = position % len(token)
    changed = token[:place] + alphabet[replacement] + token[place + 1 :]
    assert changed == token or SEAL.open(changed, bound=BOUND, now=0) is None


@given(st.text())
def test_no_text_raises(text: str) -> None:
    assert SEAL.open(text, bound=BOUND, now=0) is None


def test_only_the_canonical_spelling_opens() -> None:
    token = SEAL.close(b"42", bound=BOUND, expires=100)
    for spelling in (token + "=", token + "\n", " " + token, token[:5] + "!" + token[5:]):
        assert SEAL.open(spelling, bound=BOUND, now=0) is None
