"""How callers prove who they are, from the command line to the answer: flags, scopes, documents, exit codes."""

import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from tiny_server import main, server

from mcp_protocol.auth import Scopes
from mcp_ref_kit.program import Making, Program, read, table_of
from tests.launch.raw import MODERN, listening, message
from tests.oauth import BOTH, RESOURCE, Issuer, bearer, issuing, page

TINY = [sys.executable, str(Path(__file__).with_name("tiny_server.py"))]
HTTP = ["--transport", "http"]
ISSUER = ["--auth-issuer", "https://auth.example.com"]
PUBLIC = ["--public-url", RESOURCE]
ASKED = ["--auth-introspection-url", "https://auth.example.com/introspect"]
METADATA = "https://mcp.example.com/.well-known/oauth-protected-resource/mcp"
TOKEN = {"MCP_AUTH_TOKEN": "correct-horse-battery-staple"}
SECRET = {"MCP_AUTH_CLIENT_SECRET": "issuers-secret"}

CONTRADICTIONS: list[tuple[list[str], dict[str, str], str]] = [
    (ISSUER, {}, "`--auth-issuer` needs `--public-url`"),
    ([*ISSUER, *PUBLIC], TOKEN, "`--auth-issuer` contradicts `--auth-token-file`."),
    ([*ISSUER, *PUBLIC, "--allow-unauthenticated"], {}, "`--allow-unauthenticated` contradicts `--auth-issuer`."),
    (["--allow-unauthenticated"], TOKEN, "`--allow-unauthenticated` contradicts `--auth-token-file`."),
    (["--auth-audience", RESOURCE], {}, "`--auth-audience` needs `--auth-issuer`."),
    (["--auth-jwks-url", RESOURCE], TOKEN, "`--auth-jwks-url` needs `--auth-issuer`."),
    (ASKED, {}, "`--auth-introspection-url` needs `--auth-issuer`."),
    (["--auth-client-id", "x"], {}, "`--auth-client-id` needs `--auth-introspection-url`."),
    ([*ISSUER, *PUBLIC], SECRET, "`--auth-client-secret-file` needs `--auth-introspection-url`."),
    ([*ISSUER, *PUBLIC, *ASKED], {}, "`--auth-introspection-url` needs `--auth-client-id`"),
    ([*ISSUER, *PUBLIC, *ASKED, "--auth-client-id", "x"], {}, "and `--auth-client-secret-file`"),
    (
        [*ISSUER, *PUBLIC, *ASKED, "--auth-client-id", "x", "--auth-jwks-url", RESOURCE],
        SECRET,
        "`--auth-introspection-url` contradicts `--auth-jwks-url`.",
    ),
    (["--auth-issuer", "http://auth.example.com", *PUBLIC], {}, "The issuer must begin with https://"),
    ([*ISSUER, "--public-url", "http://mcp.example.com"], {}, "The URL of the resource must begin with https://"),
    ([*ISSUER, "--auth-audience", "api://mcp"], {}, "The URL of the resource must be"),
    ([*ISSUER, *PUBLIC, "--auth-jwks-url", "http://auth.example.com"], {}, "The URL of the key set must begin with"),
    (["--host", "0.0.0.0"], {}, "`--auth-token-file` or `--auth-issuer`"),  # noqa: S104  the refusal is the test
]


@pytest.mark.parametrize(("flags", "environment", "sentence"), CONTRADICTIONS)
def test_what_contradicts_itself_is_one_sentence_and_exit_code_2(
    capfd: pytest.CaptureFixture[str], flags: list[str], environment: dict[str, str], sentence: str
) -> None:
    code = main.run([*HTTP, *flags], environment)
    out, err = capfd.readouterr()
    assert (code, out) == (2, "")
    assert sentence in err
    assert (err.startswith("tiny: "), err.count("\n")) == (True, 1)


def decided(*flags: str, **environment: str) -> Program:
    found = dict(zip(flags[::2], flags[1::2], strict=True))
    return read(
        server, table_of(server, ()), {_name(flag): [text] for flag, text in found.items()}, environment, Making()
    )


def _name(flag: str) -> str:
    return flag.removeprefix("--").replace("-", "_")


def test_the_public_url_is_the_resource_and_the_audience_may_have_another_name() -> None:
    for flags, url in (
        (PUBLIC, RESOURCE),
        (["--public-url", "https://mcp.example.com"], RESOURCE),
        (["--auth-audience", "https://a.example/mcp"], "https://a.example/mcp"),
        ([*PUBLIC, "--auth-audience", "api://mcp"], RESOURCE),
    ):
        found = decided(*HTTP, *ISSUER, *flags).resource
        assert found is not None
        assert (found.url, found.issuers, found.scopes) == (url, ("https://auth.example.com",), ("tiny:read",))


def test_callers_are_told_apart_by_scopes_only_where_an_issuer_gives_them() -> None:
    assert isinstance(decided(*HTTP, *ISSUER, *PUBLIC).options.access, Scopes)
    static = decided(*HTTP, **TOKEN)
    assert (static.options.access, static.options.open_to_all, static.resource) == (None, False, None)
    nobody = decided(*HTTP)
    assert (nobody.options.access, nobody.options.open_to_all, nobody.guard) == (None, True, None)


def test_on_stdio_the_one_client_needs_no_token() -> None:
    program = decided(MCP_AUTH_ISSUER="https://auth.example.com", MCP_PUBLIC_URL=RESOURCE)
    assert (program.options.access, program.resource) == (None, None)


def test_any_authentication_opens_an_address_beyond_this_machine() -> None:
    decided(*HTTP, *ISSUER, *PUBLIC, "--host", "192.0.2.1")
    decided(*HTTP, "--host", "192.0.2.1", **TOKEN)


@asynccontextmanager
async def serving(*flags: str) -> AsyncGenerator[httpx.AsyncClient]:
    with listening([*TINY, *PUBLIC, "--mode", "read-write", *flags]) as (launched, url):
        async with httpx.AsyncClient(base_url=url.removesuffix("/mcp"), trust_env=False, timeout=10) as client:
            yield client
        launched.process.send_signal(signal.SIGTERM)
        assert launched.process.wait(10) == 0
        assert "Traceback" not in launched.stderr
        assert "opaque-token" not in launched.stderr


async def asked(client: httpx.AsyncClient, token: str | None, method: str, **params: Any) -> httpx.Response:
    headers = {"accept": BOTH, "mcp-protocol-version": MODERN, "mcp-method": method, **bearer(token)}
    headers |= {"mcp-name": params["name"]} if "name" in params else {}
    return await client.post("/mcp", json=message(MODERN, method, params, ident=1), headers=headers)


async def judged(client: httpx.AsyncClient, issuer: Issuer, reading: str, writing: str) -> None:
    """What everyone gets, and what each of two tokens permits."""
    described = await client.get("/.well-known/oauth-protected-resource/mcp")
    assert described.json()["authorization_servers"] == [issuer.url]
    nobody = await asked(client, None, "tools/list")
    assert nobody.status_code == 401
    assert nobody.headers["www-authenticate"] == f'Bearer scope="tiny:read", resource_metadata="{METADATA}"'
    for token, seen, status in ((reading, False, 403), (writing, True, 200)):
        listed = (await asked(client, token, "tools/list")).json()["result"]
        assert ("learn" in {tool["name"] for tool in listed["tools"]}) is seen
        assert listed["cacheScope"] == "private"
        called = await asked(client, token, "tools/call", name="learn", arguments={"word": "x"})
        assert called.status_code == status
    assert (await client.get("/health")).status_code == 200


async def test_signed_tokens_of_an_issuer_are_let_in() -> None:
    async with issuing() as issuer, serving("--auth-issuer", issuer.url, "--auth-jwks-url", issuer.jwks_url) as client:
        await judged(client, issuer, issuer.token(scope="tiny:read"), issuer.token(scope="tiny:write"))


async def test_the_issuer_says_where_its_keys_are() -> None:
    async with issuing() as issuer, serving("--auth-issuer", issuer.url) as client:
        found = {"issuer": issuer.url, "jwks_uri": issuer.jwks_url}
        issuer.pages["/.well-known/oauth-authorization-server"] = page(found)
        await judged(client, issuer, issuer.token(scope="tiny:read"), issuer.token(scope="tiny:admin"))


async def test_the_issuer_is_asked_about_tokens_with_a_secret_out_of_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("issuers-secret\n")
    async with issuing() as issuer:

        def known(asked: Any) -> tuple[int, bytes]:
            scope = asked.form["token"].removeprefix("opaque-token-")
            return page({"active": True, "sub": "ada", "aud": RESOURCE, "scope": f"tiny:{scope}"})(asked)

        issuer.pages["/introspect"] = known
        asking = ["--auth-introspection-url", f"{issuer.url}/introspect", "--auth-client-id", "me"]
        flags = ["--auth-issuer", issuer.url, *asking, "--auth-client-secret-file", str(secret)]
        async with serving(*flags) as client:
            await judged(client, issuer, "opaque-token-read", "opaque-token-write")
        assert {one.headers["authorization"] for one in issuer.asked} == {"Basic bWU6aXNzdWVycy1zZWNyZXQ="}
