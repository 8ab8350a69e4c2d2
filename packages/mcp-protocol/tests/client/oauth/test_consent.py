"""What a user comes back with is checked before any of it is used."""

from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec
import pytest

from mcp_protocol.client.oauth.consent import Request, ask_consent, read_code
from mcp_protocol.client.oauth.documents import ServerMetadata
from mcp_protocol.client.oauth.failure import AuthorizationFailed, TokenRefused

BACK = "http://127.0.0.1:7777/back"
ISSUER = "https://a.example"
SERVER = ServerMetadata(ISSUER, f"{ISSUER}/token", code_challenge_methods_supported=("plain", "S256"))
PROMISES = msgspec.structs.replace(SERVER, authorization_response_iss_parameter_supported=True)


def asked(server: ServerMetadata = SERVER, endpoint: str = f"{ISSUER}/go") -> Request:
    return ask_consent(server, endpoint, {"client_id": "c", "redirect_uri": BACK})


def back(request: Request, **parameters: str) -> str:
    given = {"code": "the-code", "state": request.state} | parameters
    return f"{BACK}?{urlencode({name: value for name, value in given.items() if value})}"


def test_two_requests_have_nothing_secret_in_common() -> None:
    first, second = asked(), asked()
    assert first.state != second.state
    assert first.verifier != second.verifier
    assert first.verifier not in first.url


def test_an_endpoint_keeps_its_own_parameters() -> None:
    query = parse_qsl(urlsplit(asked(endpoint=f"{ISSUER}/go?tenant=1").url).query)
    assert query[0] == ("tenant", "1")
    assert dict(query)["client_id"] == "c"


@pytest.mark.parametrize("methods", [(), ("plain",)])
def test_without_s256_nobody_is_sent_anywhere(methods: tuple[str, ...]) -> None:
    with pytest.raises(AuthorizationFailed, match="PKCE"):
        asked(msgspec.structs.replace(SERVER, code_challenge_methods_supported=methods))


def test_the_code_is_read() -> None:
    request = asked()
    assert read_code(request, back(request)) == "the-code"
    assert read_code(request, back(request, iss=ISSUER)) == "the-code"
    request = asked(PROMISES)
    assert read_code(request, back(request, iss=ISSUER)) == "the-code"


@pytest.mark.parametrize("state", ["", "x", "\u00e9"])
def test_an_answer_to_another_request_is_thrown_away(state: str) -> None:
    request = asked()
    with pytest.raises(AuthorizationFailed, match="another request"):
        read_code(request, back(request, state=state))


@pytest.mark.parametrize("server", [SERVER, PROMISES])
@pytest.mark.parametrize("issuer", ["https://evil.example", f"{ISSUER}/", "HTTPS://a.example", f"{ISSUER}:443"])
def test_an_answer_of_another_authorization_server_is_thrown_away(server: ServerMetadata, issuer: str) -> None:
    """The mix-up attack (RFC 9207): near misses are misses."""
    request = asked(server)
    with pytest.raises(AuthorizationFailed, match="another authorization server"):
        read_code(request, back(request, iss=issuer))


def test_an_answer_without_the_name_that_was_promised_is_thrown_away() -> None:
    request = asked(PROMISES)
    with pytest.raises(AuthorizationFailed, match="although it should"):
        read_code(request, back(request))


def test_the_error_of_a_stranger_is_not_repeated() -> None:
    request = asked(PROMISES)
    with pytest.raises(AuthorizationFailed) as caught:
        read_code(request, back(request, iss="https://evil.example", error="call_this_number", code=""))
    assert "call_this_number" not in str(caught.value)


def test_a_user_who_says_no_is_believed() -> None:
    request = asked()
    with pytest.raises(TokenRefused) as caught:
        read_code(request, back(request, error="access_denied", error_description="No.", code=""))
    assert (caught.value.code, str(caught.value)) == (
        "access_denied",
        "The authorization server refuses (access_denied): No.",
    )


def test_an_answer_without_a_code_brings_nothing() -> None:
    request = asked()
    with pytest.raises(AuthorizationFailed, match="no code"):
        read_code(request, back(request, code=""))


@pytest.mark.parametrize("name", ["code", "state", "iss"])
def test_an_answer_that_says_something_twice_is_thrown_away(name: str) -> None:
    request = asked()
    with pytest.raises(AuthorizationFailed, match="twice"):
        read_code(request, f"{back(request, iss=ISSUER)}&{name}=other")


@pytest.mark.parametrize(
    "answer",
    ["https://evil.example/back", "http://127.0.0.1:7778/back", f"{BACK}/../other", "", "http://[::1"],
)
def test_an_answer_at_another_address_is_thrown_away(answer: str) -> None:
    request = asked()
    with pytest.raises(AuthorizationFailed, match="another address"):
        read_code(request, back(request).replace(BACK, answer))


def test_an_answer_without_end_is_thrown_away() -> None:
    request = asked()
    with pytest.raises(AuthorizationFailed, match="no URL"):
        read_code(request, back(request) + "&a=b" * 100)
