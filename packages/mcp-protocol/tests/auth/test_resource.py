"""The document of a protected resource: from settings, at its paths, for everyone."""

import json

import pytest

from mcp_protocol.auth import Introspection, JwtTokens, Resource
from mcp_protocol.errors import SettingsError
from tests.oauth import RESOURCE, House

ISSUER = "https://auth.example.com"
ROOT = "/.well-known/oauth-protected-resource"


async def test_the_document_is_there_for_everyone_and_unmoved_by_host(house: House) -> None:
    """O8."""
    for path in (ROOT, f"{ROOT}/mcp"):
        for host in (house.http.base_url.netloc.decode(), "proxy.example"):
            answer = await house.http.get(path, headers={"host": host, "authorization": "Bearer nonsense"})
            assert answer.status_code == 200
            assert answer.json() == {
                "resource": RESOURCE,
                "authorization_servers": [house.issuer.url],
                "scopes_supported": ["test:read"],
                "bearer_methods_supported": ["header"],
            }
            assert answer.headers["content-type"] == "application/json"
        assert (await house.http.head(path)).status_code == 200
        assert (await house.http.post(path)).headers["allow"] == "GET, HEAD"
        assert (await house.http.get(path, headers={"host": "evil.example"})).status_code == 421
    assert (await house.http.get(f"{ROOT}/other")).status_code == 404


@pytest.mark.parametrize(
    ("url", "metadata"),
    [
        ("https://a.example", f"https://a.example{ROOT}"),
        ("https://a.example/", f"https://a.example{ROOT}"),
        ("https://a.example:8443/mcp", f"https://a.example:8443{ROOT}/mcp"),
        ("https://a.example/files/mcp", f"https://a.example{ROOT}/files/mcp"),
    ],
)
def test_the_well_known_path_goes_between_host_and_path(url: str, metadata: str) -> None:
    resource = Resource(url=url, issuers=(ISSUER,))
    assert resource.metadata_url == metadata
    documents = resource.documents()
    assert {ROOT, f"{ROOT}/mcp", metadata.partition("a.example")[2].removeprefix(":8443")} == set(documents)
    assert json.loads(documents[ROOT])["resource"] == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "auth.example.com",
        "http://auth.example.com",
        "http://127.0.0.1.evil.example",
        "ftp://auth.example.com",
        "https://",
        "https://u:p@auth.example.com",
        "https://auth.example.com#x",
        "https://auth.example.com?x",
        "https://auth.example.com/\r\nx: y",
        'https://auth.example.com/"',
        "https://é.example",
        "https://[x",
        "https://a:0",
    ],
)
def test_metadata_urls_are_https(url: str) -> None:
    """CVE-2025-6514: a URL of another kind was handed to a shell; here none leaves the settings."""
    for make in (
        lambda: Resource(url=url, issuers=(ISSUER,)),
        lambda: Resource(url=RESOURCE, issuers=(url,)),
        lambda: JwtTokens(issuer=url, audience=RESOURCE),
        lambda: Introspection(url=ISSUER, issuer=url, audience=RESOURCE, credentials=("a", "b")),
    ):
        with pytest.raises(SettingsError):
            make()


def test_plain_http_is_for_this_machine() -> None:
    for host in ("127.0.0.1:80", "localhost", "[::1]:8000"):
        Resource(url=f"http://{host}/mcp", issuers=(f"http://{host}",))
    JwtTokens(issuer=ISSUER, audience=RESOURCE, jwks_url="https://auth.example.com/keys?v=1")
