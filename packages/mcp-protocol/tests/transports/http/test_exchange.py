"""The HTTP steps of the request ladder as plain functions: each step, and that the first failure wins."""

from typing import Any

import pytest

from mcp_protocol.errors import Forbidden, InvalidParams, MethodNotFound, Unauthorized, UnsupportedRevision
from mcp_protocol.jsonrpc import Batch, Message, Rejected, decode
from mcp_protocol.limits import Limits
from mcp_protocol.revisions import Era
from mcp_protocol.transports.http import exchange
from mcp_protocol.transports.http.exchange import Rules

RULES = Rules(
    path=b"/mcp",
    hosts=frozenset({b"127.0.0.1:8000", b"localhost:8000"}),
    origins=frozenset({b"http://127.0.0.1:8000"}),
    body=1000,
)
GOOD = {
    b"host": b"127.0.0.1:8000",
    b"content-type": b"application/json",
    b"accept": b"application/json, text/event-stream",
    b"content-length": b"10",
}
NONE: frozenset[bytes] = frozenset()


def status(whole: exchange.Whole | None) -> int | None:
    return None if whole is None else whole.status


def message(text: str) -> Message | Batch | Rejected:
    return decode(text.encode(), Limits())


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, None),
        ({b"host": b"LOCALHOST:8000"}, None),
        ({b"host": b"evil.com"}, 421),
        ({b"host": b"127.0.0.1:8001"}, 421),
        ({b"host": b"127.0.0.1"}, 421),
        ({b"host": b""}, 421),
        ({b"host": None}, 400),
        ({b"origin": b"http://127.0.0.1:8000"}, None),
        ({b"origin": b"http://127.0.0.1:8000/"}, 403),
        ({b"origin": b"HTTP://127.0.0.1:8000"}, 403),
        ({b"origin": b"null"}, 403),
        ({b"origin": b""}, 403),
        ({b"sec-fetch-site": b"cross-site"}, 403),
        ({b"sec-fetch-site": b"same-site"}, 403),
        ({b"sec-fetch-site": b"same-origin"}, None),
        ({b"sec-fetch-site": b"none"}, None),
        ({b"sec-fetch-site": b"cross-site", b"origin": b"http://127.0.0.1:8000"}, None),
        ({b"host": b"evil.com", b"origin": b"null"}, 421),
    ],
)
def test_only_known_places_may_speak(change: dict[bytes, bytes | None], expected: int | None) -> None:
    fields = {name: value for name, value in (GOOD | change).items() if value is not None}
    assert status(exchange.stranger(fields, NONE, RULES)) == expected


@pytest.mark.parametrize(("name", "expected"), [(b"host", 400), (b"origin", 403), (b"sec-fetch-site", 403)])
def test_two_places_are_none(name: bytes, expected: int) -> None:
    fields = dict(GOOD) if name != b"origin" else GOOD | {b"origin": b"http://127.0.0.1:8000"}
    assert status(exchange.stranger(fields, frozenset({name}), RULES)) == expected


@pytest.mark.parametrize(
    ("method", "version", "allow"),
    [
        ("POST", b"2026-07-28", None),
        ("GET", None, None),
        ("DELETE", b"2025-11-25", None),
        ("GET", b"2026-07-28", b"POST"),
        ("DELETE", b"nonsense", b"POST"),
        ("PUT", None, b"POST, GET, DELETE"),
        ("OPTIONS", b"2026-07-28", b"POST"),
    ],
)
def test_methods_depend_on_the_era(method: str, version: bytes | None, allow: bytes | None) -> None:
    found = exchange.wrong_method(method, {} if version is None else {b"mcp-protocol-version": version})
    assert (found is None) == (allow is None)
    assert found is None or (found.status, dict(found.headers)[b"allow"]) == (405, allow)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, None),
        ({b"content-encoding": b"identity"}, 415),
        ({b"content-type": b"text/plain"}, 415),
        ({b"accept": b"application/json"}, 406),
        ({b"accept": b"text/event-stream"}, 406),
        ({b"accept": b"*/*"}, None),
        ({b"content-length": b"1000"}, None),
        ({b"content-length": b"1001"}, 413),
        ({b"content-length": b"9" * 5000}, 413),
        ({b"content-length": b"-1"}, 413),
        ({b"content-type": b"text/plain", b"accept": b"", b"content-length": b"1001"}, 415),
        ({b"accept": b"", b"content-length": b"1001"}, 406),
    ],
)
def test_a_body_is_read_only_if_its_head_is_right(change: dict[bytes, bytes], expected: int | None) -> None:
    assert status(exchange.unfit_post(GOOD | change, NONE, RULES)) == expected


def test_two_content_types_are_none() -> None:
    assert status(exchange.unfit_post(GOOD, frozenset({b"content-type"}), RULES)) == 415


ENVELOPE = '{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}'
PLAIN = '{"jsonrpc":"2.0","id":1,"method":"ping"}'
ENVELOPED = f'{{"jsonrpc":"2.0","id":1,"method":"ping","params":{ENVELOPE}}}'


@pytest.mark.parametrize(
    ("version", "text", "era"),
    [
        (None, PLAIN, Era.LEGACY),
        (None, ENVELOPED, Era.MODERN),
        (None, "[]", Era.LEGACY),
        (b"2025-11-25", ENVELOPED, Era.LEGACY),
        (b" 2025-03-26 ", PLAIN, Era.LEGACY),
        (b"2026-07-28", PLAIN, Era.MODERN),
        (b"v999.0.0", PLAIN, Era.MODERN),
        (b"", PLAIN, Era.MODERN),
    ],
)
def test_the_version_header_chooses_the_era_and_without_one_the_envelope(
    version: bytes | None, text: str, era: Era
) -> None:
    fields = {} if version is None else {b"mcp-protocol-version": version}
    assert exchange.era_of(fields, message(text)) is era


@pytest.mark.parametrize(
    ("text", "expected", "code"),
    [
        ("{", 400, b"-32700"),
        ("[]", 400, b"-32600"),
        (f"[{PLAIN}]", 400, b"-32600"),
        ('{"jsonrpc":"2.0","id":1,"result":{}}', 400, b"-32600"),
        ('{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"x"}}', 400, b"-32600"),
        ('{"jsonrpc":"2.0","method":"notifications/x"}', 202, b""),
    ],
)
def test_what_is_not_one_request_is_answered_without_a_handler(text: str, expected: int, code: bytes) -> None:
    found: Any = message(text)
    whole = exchange.no_request(found)
    assert whole.status == expected
    assert code in whole.body


def test_a_mirrored_header_that_came_twice_is_refused_with_the_id_of_the_request() -> None:
    whole = exchange.doubled_mirror(frozenset({b"mcp-name"}), message(PLAIN))
    assert whole is not None
    assert (whole.status, b"-32020" in whole.body, b'"id":1' in whole.body) == (400, True, True)
    assert exchange.doubled_mirror(frozenset({b"last-event-id"}), message(PLAIN)) is None


def test_the_status_of_an_error_depends_on_the_era() -> None:
    problems = [MethodNotFound("x"), InvalidParams("x"), UnsupportedRevision("x", supported=[])]
    assert [exchange.error(problem, 1).status for problem in problems] == [404, 400, 400]
    assert {exchange.error(problem, 1, Era.LEGACY).status for problem in problems} == {200}


@pytest.mark.parametrize(("kind", "expected"), [(Unauthorized, 401), (Forbidden, 403)])
def test_a_missing_right_is_answered_with_its_challenge(kind: type[Unauthorized], expected: int) -> None:
    whole = exchange.error(kind("No", challenge="Bearer x"), 1)
    assert (whole.status, dict(whole.headers)[b"www-authenticate"]) == (expected, b"Bearer x")


@pytest.mark.parametrize(("accept", "expected"), [(b"text/event-stream", None), (b"application/json", 406), (b"", 406)])
def test_a_get_asks_for_events(accept: bytes, expected: int | None) -> None:
    assert status(exchange.unfit_get({b"accept": accept})) == expected
