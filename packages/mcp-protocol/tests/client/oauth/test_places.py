"""Which URLs are fetched and named, where metadata are looked for, and which resource a server may say it is."""

import pytest

from mcp_protocol.client.oauth.failure import AuthorizationFailed
from mcp_protocol.client.oauth.places import (
    Places,
    canonical,
    covers,
    is_native,
    resource_metadata_urls,
    server_metadata_urls,
)

REMOTE = "https://mcp.example/mcp"
LOCAL = "http://127.0.0.1:8000/mcp"

HOSTILE = [
    "javascript:alert(1)",
    "file:///etc/passwd",
    "data:text/html,x",
    "vbscript:x",
    "search-ms:query=x",
    "ms-msdt:/id",
    "http:$(calc.exe)",
    "https://a.example/$(id)",
    "https://a.example/`id`",
    "https://a.example/'x'",
    'https://a.example/"&calc.exe&"',
    "https://a.example/|calc",
    "https://a.example/\ncalc",
    "https://a.example/ calc",
    "https://a.example\\@evil.example/",
    "https://user@evil.example/",
    "https://a.example@evil.example/",
    "https:///evil",
    "https:evil",
    "//evil.example",
    "-opt",
    "https://a.example:x/",
    "https://[::1",
    "https://\u0430.example/",
    "https://a.example/#part",
    "https://a.example/" + "a" * 2048,
    "",
]


@pytest.mark.parametrize("url", HOSTILE)
@pytest.mark.parametrize("server", [REMOTE, LOCAL])
def test_metadata_urls_are_https(server: str, url: str) -> None:
    """CVE-2025-6514: a URL out of metadata was given to a shell that opens a browser."""
    with pytest.raises(AuthorizationFailed):
        Places(server).checked(url, "the authorization endpoint")


@pytest.mark.parametrize("url", ["https://a.example/x?y=1&z=%20", "https://a.example:8443", "https://[2001:db8::1]/x"])
def test_https_is_fetched(url: str) -> None:
    assert Places(REMOTE).checked(url, "it") == url


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:9", "127.9.9.9", "[::1]:9"])
def test_programs_of_one_machine_need_no_https(host: str) -> None:
    assert Places(LOCAL).checked(f"http://{host}/x", "it")
    with pytest.raises(AuthorizationFailed):  # a remote server could aim at what listens on the user's machine
        Places(REMOTE).checked(f"http://{host}/x", "it")


@pytest.mark.parametrize("host", ["127.0.0.1.evil.example", "localhost.evil.example", "2130706433", "0", "10.0.0.1"])
def test_only_this_machine_is_this_machine(host: str) -> None:
    with pytest.raises(AuthorizationFailed):
        Places(LOCAL).checked(f"http://{host}/x", "it")


def test_a_token_is_not_sent_in_the_clear() -> None:
    with pytest.raises(AuthorizationFailed, match="only https is used"):
        Places("http://mcp.example/mcp")


def test_resource_metadata_are_looked_for_at_the_path_first() -> None:
    well_known = "https://mcp.example/.well-known/oauth-protected-resource"
    assert resource_metadata_urls("https://mcp.example/a/mcp?x=1") == [f"{well_known}/a/mcp", well_known]
    assert resource_metadata_urls("https://mcp.example") == [well_known]
    assert resource_metadata_urls("https://mcp.example/") == [well_known]


def test_an_issuer_with_a_path_is_never_looked_up_at_the_root() -> None:
    assert server_metadata_urls("https://a.example/t1/") == [
        "https://a.example/.well-known/oauth-authorization-server/t1",
        "https://a.example/.well-known/openid-configuration/t1",
        "https://a.example/t1/.well-known/openid-configuration",
    ]
    assert server_metadata_urls("https://a.example") == [
        "https://a.example/.well-known/oauth-authorization-server",
        "https://a.example/.well-known/openid-configuration",
    ]


@pytest.mark.parametrize(
    ("resource", "is_it"),
    [
        ("https://mcp.example/a/mcp", True),
        ("https://mcp.example/a", True),
        ("https://mcp.example", True),
        ("https://mcp.example/", True),
        ("HTTPS://MCP.example:443/a/mcp", True),
        ("https://mcp.example/a/mc", False),
        ("https://mcp.example/a/mcp/more", False),
        ("https://mcp.example/A", False),
        ("https://evil.example/a/mcp", False),
        ("https://mcp.example.evil/a/mcp", False),
        ("http://mcp.example/a/mcp", False),
        ("https://mcp.example:444/a/mcp", False),
        ("https://mcp.example/a/mcp#x", False),
        ("https://mcp.example/a/mcp?x", False),
        ("https://mcp.example:x/", False),
        ("urn:x", False),
    ],
)
def test_a_server_cannot_say_that_it_is_another(resource: str, is_it: bool) -> None:  # noqa: FBT001  a column of the table
    assert covers(resource, "https://mcp.example/a/mcp") is is_it


def test_a_resource_without_path_is_named_without_slash() -> None:
    assert canonical("https://mcp.example/") == "https://mcp.example"
    assert canonical("https://mcp.example/mcp/") == "https://mcp.example/mcp/"


@pytest.mark.parametrize(
    ("redirect", "native"),
    [("http://127.0.0.1:9/x", True), ("app.example:/x", True), ("https://app.example/x", False)],
)
def test_what_leads_to_a_program_is_native(redirect: str, native: bool) -> None:  # noqa: FBT001  a column of the table
    assert is_native(redirect) is native
