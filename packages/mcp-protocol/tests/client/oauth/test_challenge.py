"""The challenge header, however a server writes it, in linear time."""

import time

import pytest

from mcp_protocol.client.oauth.challenge import read_challenge, scope_set

READINGS: list[tuple[str, set[str], dict[str, str]]] = [
    ("", set(), {}),
    ("Bearer", {"bearer"}, {}),
    ('Bearer scope="a b", error="insufficient_scope"', {"bearer"}, {"scope": "a b", "error": "insufficient_scope"}),
    ("bearer realm=x,error=invalid_token", {"bearer"}, {"realm": "x", "error": "invalid_token"}),
    ('BEARER SCOPE = "a"', {"bearer"}, {"scope": "a"}),
    (r'Bearer error_description="say \"a, b=c\""', {"bearer"}, {"error_description": 'say "a, b=c"'}),
    ('Basic realm="r", Bearer scope="s"', {"bearer"}, {"scope": "s"}),
    ('Bearer scope="s", Basic scope="other"', {"bearer"}, {"scope": "s"}),
    ('Bearer scope="first", scope="second"', {"bearer"}, {"scope": "first"}),
    ('DPoP algs="ES256", Bearer', {"dpop", "bearer"}, {"algs": "ES256"}),
    ('Bearer resource_metadata="https://a.example/x"', {"bearer"}, {"resource_metadata": "https://a.example/x"}),
    ("Bearer resource_metadata=https://a.example/x", {"bearer"}, {"resource_metadata": "https://a.example/x"}),
    ("Negotiate", set(), {}),
    ('Bearer scope="open', {"bearer"}, {}),
    ("\x00\xff", set(), {}),
]


@pytest.mark.parametrize(("header", "schemes", "params"), READINGS)
def test_a_challenge_is_read(header: str, schemes: set[str], params: dict[str, str]) -> None:
    found = read_challenge(header)
    assert (found.schemes, dict(found.params)) == (schemes, params)


@pytest.mark.parametrize("unit", [",", '"', '\\"', "a=", 'a="', "a ", "a=b,", 'a="\\', " \t,"])
def test_a_challenge_of_any_kind_is_read_in_no_time(unit: str) -> None:
    start = time.thread_time()
    read_challenge("Bearer " + unit * 200_000)
    assert time.thread_time() - start < 1


def test_what_is_no_scope_is_left_out() -> None:
    assert scope_set('files:read  a"b \u00e9 mcp:x') == {"files:read", "mcp:x"}
    assert len(scope_set(" ".join(f"s{number}" for number in range(1000)))) == 100
