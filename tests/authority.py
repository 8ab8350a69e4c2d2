"""An MCP server and the authorization server that it trusts, on loopback: real HTTP, small enough to be bent."""

import asyncio
import base64
import hashlib
import json
import secrets
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import httpx
from msgspec import Struct, field

from tests.scripted import DISCOVERED, result

Document = dict[str, Any]
REDIRECT = "http://127.0.0.1:7777/back"


class Asked(Struct, frozen=True):
    """One request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        """The body of a token request."""
        return dict(parse_qsl(self.body.decode(), strict_parsing=True))

    @property
    def json(self) -> Document:
        """The body of any other."""
        return json.loads(self.body)


class Answer(Struct, frozen=True):
    """What is sent back; a document goes as JSON, bytes as they are."""

    body: Document | bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict[str, str])

    def encoded(self) -> bytes:
        """The bytes of it."""
        body = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        headers = {"Content-Type": "application/json", "Content-Length": str(len(body)), "Connection": "close"}
        lines = [f"{name}: {value}" for name, value in (headers | self.headers).items()]
        return "\r\n".join([f"HTTP/1.1 {self.status} X", *lines, "", ""]).encode() + body


NOT_FOUND = Answer(status=404)
Route = Callable[[Asked], Answer]


class Web:
    """One origin: routes by method and path, and a list of all that was asked."""

    def __init__(self) -> None:
        """Not yet reachable."""
        self.origin = ""
        self.routes: dict[str, Route] = {}
        self.asked: list[Asked] = []

    def paths(self) -> list[str]:
        """The paths that were asked for, in order."""
        return [asked.path for asked in self.asked]

    def at(self, path: str) -> list[Asked]:
        """The requests for one path."""
        return [asked for asked in self.asked if asked.path == path]

    def document(self, path: str, body: Document | bytes) -> None:
        """Answer GETs of a path with a document."""
        self.routes[f"GET {path}"] = lambda _: Answer(body)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request, and close."""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            first, *lines = (await reader.readuntil(b"\r\n\r\n"))[:-4].decode().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            method, target, _ = first.split(" ")
            parts = urlsplit(target)
            asked = Asked(method, parts.path, dict(parse_qsl(parts.query)), headers, body)
            self.asked.append(asked)
            writer.write(self.routes.get(f"{method} {parts.path}", lambda _: NOT_FOUND)(asked).encoded())
            await writer.drain()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


class Authority(Web):
    """An authorization server: consents to everything, gives tokens for what it has consented to."""

    def __init__(self, path: str = "") -> None:
        """`path` is that of its issuer."""
        super().__init__()
        self.path = path
        self.metadata: Document = {}
        self.clients = 0
        self.tokens: dict[str, str] = {}
        """Valid access tokens, with their scopes."""
        self.answer: Callable[[dict[str, str]], dict[str, str]] = dict
        """Changes the parameters of the way back."""
        self.extra: Document = {"expires_in": 3600}
        """More members of a token answer."""
        self._codes: dict[str, tuple[str, str]] = {}

    @property
    def issuer(self) -> str:
        """What it calls itself."""
        return self.origin + self.path

    def open(self) -> None:
        """Say where everything is; called once the port is known."""
        self.metadata = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "registration_endpoint": f"{self.issuer}/register",
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["none"],
        }
        self.document(f"/.well-known/oauth-authorization-server{self.path}", self.metadata)
        self.routes[f"GET {self.path}/authorize"] = self.consent
        self.routes[f"POST {self.path}/token"] = self.grant
        self.routes[f"POST {self.path}/register"] = self.register

    def register(self, _asked: Asked) -> Answer:
        """Another client."""
        self.clients += 1
        return Answer({"client_id": f"client-{self.clients}-of-{self.issuer}"}, 201)

    def consent(self, asked: Asked) -> Answer:
        """Send the user back with a code."""
        code = secrets.token_urlsafe(8)
        self._codes[code] = (asked.query["code_challenge"], asked.query.get("scope", ""))
        back = self.answer({"code": code, "state": asked.query["state"]})
        return Answer(status=302, headers={"Location": f"{asked.query['redirect_uri']}?{urlencode(back)}"})

    def grant(self, asked: Asked) -> Answer:
        """A token for a code whose verifier is shown, or for whatever else is shown."""
        form = asked.form
        scope = form.get("scope", "")
        if form["grant_type"] == "authorization_code":
            challenge, scope = self._codes.pop(form["code"], ("", ""))
            digest = hashlib.sha256(form["code_verifier"].encode()).digest()
            if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != challenge:
                return Answer({"error": "invalid_grant"}, 400)
        token = secrets.token_urlsafe(8)
        self.tokens[token] = scope
        return Answer({"access_token": token, "token_type": "Bearer"} | self.extra)


class Resource(Web):
    """An MCP server that wants a token of its authority; `scope` is what each request needs."""

    def __init__(self, authority: Authority) -> None:
        """It trusts one authority."""
        super().__init__()
        self.authority = authority
        self.metadata: Document = {}
        self.scope = ""
        self.challenge = ""
        """More parameters of the challenge."""

    @property
    def url(self) -> str:
        """The endpoint."""
        return f"{self.origin}/mcp"

    def open(self) -> None:
        """Say where everything is; called once the port is known."""
        self.metadata = {"resource": self.url, "authorization_servers": [self.authority.issuer]}
        self.document("/.well-known/oauth-protected-resource/mcp", self.metadata)
        self.routes["POST /mcp"] = self.answer

    def answer(self, asked: Asked) -> Answer:
        """The protocol for those who may; a challenge for others."""
        scheme, _, token = asked.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or token not in self.authority.tokens:
            return self.refuse(401, 'error="invalid_token"' if token else "")
        if not set(self.scope.split()) <= set(self.authority.tokens[token].split()):
            return self.refuse(403, f'error="insufficient_scope", scope="{self.scope}"')
        return spoken(asked)

    def refuse(self, status: int, reason: str) -> Answer:
        """A challenge."""
        parts = ", ".join(part for part in (reason, self.challenge) if part)
        return Answer(status=status, headers={"WWW-Authenticate": f"Bearer {parts}"})


def spoken(asked: Asked) -> Answer:
    """The protocol itself: discovery, and one tool."""
    message = asked.json
    if message["method"] == "server/discover":
        return Answer(result(message, DISCOVERED))
    if message["method"] == "tools/list":
        return Answer(result(message, {"tools": []}))
    return Answer(result(message, {"content": [{"type": "text", "text": "done"}]}))


@asynccontextmanager
async def opened(*webs: Web) -> AsyncGenerator[None]:
    """Give each a free port of loopback, for the length of the block."""
    async with AsyncExitStack() as stack:
        for web in webs:
            server = await asyncio.start_server(web.serve, "127.0.0.1", 0)
            web.origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            await stack.enter_async_context(server)
        for web in webs:
            if isinstance(web, Authority | Resource):
                web.open()
        yield


class User:
    """Follows a URL, agrees, and comes back; `seen` keeps the URLs."""

    def __init__(self) -> None:
        """Nothing seen yet."""
        self.seen: list[str] = []

    async def __call__(self, url: str) -> str:
        """What the application's browser does."""
        self.seen.append(url)
        async with httpx.AsyncClient() as browser:
            response = await browser.get(url)
        return urljoin(url, response.headers["location"])

    def parameters(self, number: int = -1) -> dict[str, str]:
        """What one of the URLs asks for."""
        return dict(parse_qsl(urlsplit(self.seen[number]).query))
