"""An issuer of tokens on loopback, and an MCP server over HTTP that trusts it: real sockets, real signatures."""

import asyncio
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from mcp_protocol.auth import Guard, JwtTokens, Resource, Scopes, Verifier
from mcp_protocol.limits import Limits
from mcp_protocol.server.app import App, Options, Server
from mcp_protocol.transports.http import serve
from mcp_protocol.transports.http.app import HttpApp, HttpOptions
from mcp_protocol.transports.http.bounds import Bounds
from mcp_protocol.transports.http.documents import documents

PATIENCE = 5
RESOURCE = "https://mcp.example.com/mcp"
P = "io.modelcontextprotocol/"
BOTH = "application/json, text/event-stream"
NAMED_BY = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}

# Made once: an RSA key takes a while.
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())
OTHER = ec.generate_private_key(ec.SECP256R1())


def public(key: Any, kid: str | None, **more: Any) -> dict[str, Any]:
    """A public key as a member of a key set."""
    is_rsa = isinstance(key, rsa.RSAPrivateKey)
    text = RSAAlgorithm.to_jwk(key.public_key()) if is_rsa else ECAlgorithm.to_jwk(key.public_key())
    member = json.loads(text)
    return member | ({} if kid is None else {"kid": kid}) | more


@dataclass
class Asked:
    """One request to the issuer."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


def forged(head: dict[str, Any], claims: dict[str, Any], sign: Callable[[bytes], bytes]) -> str:
    """A token put together by hand, for heads and algorithms that no library would write."""
    body = b".".join(unpadded(json.dumps(part).encode()) for part in (head, claims))
    return (body + b"." + unpadded(sign(body))).decode()


def unpadded(data: bytes) -> bytes:
    """Base64 as tokens have it."""
    return urlsafe_b64encode(data).rstrip(b"=")


def by_ec(body: bytes) -> bytes:
    """The right signature of the issuer."""
    return jwt.get_algorithm_by_name("ES256").sign(body, EC)


Page = Callable[[Asked], tuple[int, bytes]]


def page(body: Any, status: int = 200) -> Page:
    """The same answer to everyone; what is not bytes goes as JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return lambda _: (status, data)


@dataclass
class Issuer:
    """Answers what `pages` says, and keeps what it was asked; `silent` lets everyone wait."""

    url: str = ""
    pages: dict[str, Page] = field(default_factory=dict[str, Page])
    asked: list[Asked] = field(default_factory=list[Asked])
    headers: bytes = b""
    silent: bool = False

    @property
    def jwks_url(self) -> str:
        return f"{self.url}/keys"

    def publish(self, *keys: dict[str, Any]) -> None:
        self.pages["/keys"] = page({"keys": keys})

    def token(self, key: Any = EC, *, head: dict[str, Any] | None = None, alg: str = "ES256", **claims: Any) -> str:
        """A token that counts; a claim of None is left out, and so is a kid."""
        payload = {name: value for name, value in (self.claims | claims).items() if value is not None}
        headers = {"kid": "ec"} | (head or {})
        # Not by `jwt.encode`, which refuses to sign some of the claims that a test wants to send.
        named = {name: value for name, value in headers.items() if value is not None}
        return jwt.PyJWS().encode(json.dumps(payload).encode(), key, alg, named)

    @property
    def claims(self) -> dict[str, Any]:
        """Claims that count, for a token put together by hand."""
        return {"iss": self.url, "aud": RESOURCE, "sub": "ada", "exp": time.time() + 300, "scope": "test:read"}

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().rstrip()
            first, *lines = head.split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            method, path, _ = first.split(" ")
            asked = Asked(method, path, headers, body)
            self.asked.append(asked)
            if self.silent:
                await reader.read()
            status, data = self.pages.get(path, page(b"", 404))(asked)
            writer.write(b"HTTP/1.1 %d X\r\nConnection: close\r\n%bContent-Length: " % (status, self.headers))
            writer.write(b"%d\r\n\r\n%b" % (len(data), data))
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def issuing() -> AsyncGenerator[Issuer, None]:
    """An issuer with an EC and an RSA key."""
    issuer = Issuer()
    server = await asyncio.start_server(issuer.answer, "127.0.0.1", 0)
    async with server:
        issuer.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        issuer.publish(public(EC, "ec"), public(RSA, "rsa", alg="RS256"))
        yield issuer


@dataclass
class House:
    """A server that trusts an issuer, and a client of it."""

    issuer: Issuer
    http: httpx.AsyncClient
    app: App

    async def post(self, message: Any, token: str | None = None, **headers: str) -> httpx.Response:
        """Any message."""
        sent = {"accept": BOTH, "content-type": "application/json", **spelled(headers), **bearer(token)}
        return await self.http.post("/mcp", content=json.dumps(message), headers=sent)

    def modern(self, method: str, params: Any = None, *, capabilities: Any = None) -> tuple[Any, dict[str, str]]:
        """A 2026-07-28 request: its message, and its headers."""
        meta: Any = {P + "protocolVersion": "2026-07-28", P + "clientCapabilities": capabilities or {}}
        sent: dict[str, Any] = dict(params or {}, _meta=meta)
        headers = {"mcp_protocol_version": "2026-07-28", "mcp_method": method}
        name = sent.get("taskId" if method.startswith("tasks/") else NAMED_BY.get(method, ""))
        return {"jsonrpc": "2.0", "id": 1, "method": method, "params": sent}, headers | (
            {} if name is None else {"mcp_name": name}
        )

    async def ask(
        self, token: str | None, method: str, params: Any = None, *, capabilities: Any = None
    ) -> httpx.Response:
        """Send a 2026-07-28 request."""
        message, headers = self.modern(method, params, capabilities=capabilities)
        return await self.post(message, token, **headers)

    async def call(self, token: str | None, tool: str, **arguments: Any) -> httpx.Response:
        """Call a tool, as 2026-07-28 has it."""
        return await self.ask(token, "tools/call", {"name": tool, "arguments": arguments})

    async def open(self, token: str, revision: str = "2025-11-25", capabilities: Any = None) -> "Session":
        """Open a legacy session."""
        client = {"name": "test", "version": "1"}
        params = {"protocolVersion": revision, "capabilities": capabilities or {}, "clientInfo": client}
        answer = await self.post({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}, token)
        assert answer.status_code == 200, answer.text
        session = Session(self, answer.headers["mcp-session-id"])
        note = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        assert (await self.post(note, token, mcp_session_id=session.id)).status_code == 202
        return session


@dataclass
class Session:
    """A legacy session; each request comes with a token of its own."""

    house: House
    id: str

    async def ask(self, token: str, method: str, params: Any = None) -> httpx.Response:
        message: Any = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params or {}}
        return await self.house.post(message, token, mcp_session_id=self.id)


def spelled(headers: dict[str, str]) -> dict[str, str]:
    """Keywords as header names."""
    return {name.replace("_", "-"): value for name, value in headers.items()}


def bearer(token: str | None) -> dict[str, str]:
    """The header that carries a token."""
    return {} if token is None else {"authorization": f"Bearer {token}"}


def last(answer: httpx.Response) -> Any:
    """The JSON-RPC answer, also at the end of a stream."""
    if answer.headers["content-type"] != "text/event-stream":
        return answer.json()
    lines = [line for line in answer.text.splitlines() if line.startswith("data: {")]
    return json.loads(lines[-1].removeprefix("data: "))


@asynccontextmanager
async def trusting(
    issuer: Issuer,
    server: Server[Any, Any],
    settings: Any = None,
    *,
    verifier: Verifier | None = None,
    limits: Limits | None = None,
) -> AsyncGenerator[House, None]:
    """Serve `server` for the resource above; tokens are those of the issuer."""
    described = Resource(url=RESOURCE, issuers=(issuer.url,), scopes=(f"{server.name}:read",))
    guard = Guard(
        verifier or JwtTokens(issuer=issuer.url, audience=RESOURCE, jwks_url=issuer.jwks_url), described.challenge
    )
    options = Options(limits=limits or Limits(), access=Scopes(server.name, described.challenge))
    stop, ready = asyncio.Event(), asyncio.Event()
    sock = serve.bind(serve.Listen(port=0), guarded=True)
    address = serve.address_of(sock)
    # `proxy` is a name under which a proxy in front of the server would reach it.
    near = serve.options_at(address, HttpOptions()).hosts | {"proxy.example"}
    routes = documents(described.documents())
    async with guard, server.run(settings, options) as app, asyncio.TaskGroup() as group:
        http = HttpApp(app, HttpOptions(hosts=near, authenticate=guard, routes=routes))
        group.create_task(
            serve.run(http, sock, bounds=Bounds(), started=ready.set, stop=stop, drain=http.drain), name="server"
        )
        await ready.wait()
        url = f"http://{address.authority}"
        try:
            async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=PATIENCE) as client:
                yield House(issuer, client, app)
        finally:
            stop.set()
