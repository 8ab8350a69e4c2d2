"""A small web on loopback, a resolver that answers what a test says, and listeners that nobody may reach."""

import asyncio
import contextlib
import datetime as dt
import ipaddress
import ssl
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from mcp_protocol.testing import Connection, connect
from mcp_ref_fetch.choices import AllowedPort
from mcp_ref_fetch.server import fetch_server
from mcp_ref_fetch.settings import Settings
from mcp_ref_fetch.state import World
from mcp_ref_kit.network import Network
from mcp_ref_kit.settings import Rate

sys.path.append(str(Path(__file__).parent))  # what several tests share stands beside this file

PUBLIC = "93.184.215.14"


@dataclass
class Hit:
    """One request that reached the web."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Page:
    """What a path answers."""

    body: bytes = b""
    type: str = "text/html; charset=utf-8"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


Handler = Callable[[Hit, asyncio.StreamWriter], Awaitable[None]]


class Web:
    """A web server of a test: pages by path, every request written down; without robots.txt unless a test has one."""

    def __init__(self) -> None:
        self.pages: dict[str, Page | Handler] = {}
        self.hits: list[Hit] = []
        self.open: set[asyncio.StreamWriter] = set()
        self.closed = asyncio.Event()
        self.port = 0

    def page(self, path: str, body: bytes | str = b"", type: str = "text/html; charset=utf-8", **more: Any) -> None:  # noqa: A002  as the header
        """Let a path answer."""
        self.pages[path] = Page(body.encode() if isinstance(body, str) else body, type, **more)

    def redirect(self, path: str, location: str, status: int = 302) -> None:
        """Let a path lead elsewhere."""
        self.pages[path] = Page(status=status, headers={"Location": location})

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        """The URL of a path under a name."""
        return f"http://{host}:{self.port}{path}"

    def paths(self, *, robots: bool = False) -> list[str]:
        """The paths that were asked for."""
        return [hit.path for hit in self.hits if robots or hit.path != "/robots.txt"]

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection with one request."""
        self.open.add(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, TimeoutError):
            await self._answer(reader, writer)
        self.open.discard(writer)
        self.closed.set()
        writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *fields = head.split("\r\n")[:-2]
        headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in fields)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        method, path, _ = line.split(" ")
        hit = Hit(method, path, headers, body)
        self.hits.append(hit)
        page = self.pages.get(path, Page(b"nothing here", "text/plain", 404))
        if isinstance(page, Page):
            await send(writer, page)
        else:
            await page(hit, writer)


async def send(writer: asyncio.StreamWriter, page: Page) -> None:
    """Write an answer with its length."""
    fields = {"Content-Type": page.type, "Content-Length": str(len(page.body)), **page.headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value != "")
    writer.write(f"HTTP/1.1 {page.status} Words\r\n{head}\r\n".encode("latin-1") + page.body)
    await writer.drain()


class Names:
    """A resolver: each name has answers, one lookup after the other; the last stays."""

    def __init__(self) -> None:
        self.answers: dict[str, list[list[str]]] = {}
        self.asked: list[str] = []

    def add(self, name: str, *answers: list[str]) -> None:
        """Let a name have addresses."""
        self.answers[name] = list(answers)

    async def resolve(self, host: str) -> list[str]:
        """Answer, or say that there is no such name."""
        self.asked.append(host)
        found = self.answers.get(host)
        if not found:
            raise OSError("no such name")
        return found.pop(0) if len(found) > 1 else found[0]


class Dialler:
    """Connects, and takes public addresses of the test's names for the web on loopback."""

    def __init__(self, web: Web) -> None:
        self.web = web
        self.dialled: list[tuple[str, int]] = []
        self.masked = True

    async def __call__(self, address: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to an address, or to the web in its stead."""
        self.dialled.append((address, port))
        if address != PUBLIC:
            return await asyncio.open_connection(address, port)
        reader, writer = await asyncio.open_connection("127.0.0.1", self.web.port)
        if not self.masked:
            return reader, writer
        return reader, cast("asyncio.StreamWriter", Masked(writer, address, port))  # all that the guard looks at


class Masked:
    """A connection whose other end looks like the public address that was dialled."""

    def __init__(self, writer: asyncio.StreamWriter, address: str, port: int) -> None:
        self._writer = writer
        self._peer = (address, port)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._writer, name)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """The public address, where the peer is asked for."""
        return self._peer if name == "peername" else self._writer.get_extra_info(name, default)


class Clock:
    """A clock that goes when a test says so."""

    def __init__(self) -> None:
        self.time = 1_000_000.0

    def __call__(self) -> float:
        """The time."""
        return self.time


@dataclass
class Reading:
    """A client of the server, and what it talks through."""

    client: Connection
    names: Names
    dialler: Dialler
    clock: Clock

    async def fetch(self, url: str, /, **arguments: Any) -> Any:
        """The data of a page that has to succeed."""
        found = await self.client.call("fetch", url=url, **arguments)
        assert not found.is_error, found.text
        return found.data

    async def refusal(self, url: str, /, **arguments: Any) -> tuple[str | None, str]:
        """Code and words of a page that has to fail; an error has no data."""
        found = await self.client.call("fetch", url=url, **arguments)
        assert found.is_error, found.data
        assert found.data is None
        return found.error_code, found.text


@asynccontextmanager
async def serving(host: str = "127.0.0.1", ssl: Any = None) -> AsyncGenerator[Web]:
    """A web for the length of the block."""
    web = Web()
    server = await asyncio.start_server(web.answer, host, 0, ssl=ssl)
    web.port = server.sockets[0].getsockname()[1]
    try:
        yield web
    finally:
        server.close()
        for writer in list(web.open):
            writer.transport.abort()


@pytest_asyncio.fixture
async def web() -> AsyncGenerator[Web]:
    async with serving() as web:
        yield web


@pytest_asyncio.fixture
async def canary() -> AsyncGenerator[Web]:
    """A listener that nobody may reach."""
    async with serving() as canary:
        yield canary
        assert canary.hits == []
        assert not canary.closed.is_set()


@pytest.fixture(scope="session")
def serve() -> Callable[..., AbstractAsyncContextManager[Web]]:
    """Serves another web: on another address, or with TLS."""
    return serving


@pytest.fixture
def reads(web: Web) -> Callable[..., AbstractAsyncContextManager[Reading]]:
    """Starts the server with settings; without others the web of the test is allowed."""

    @asynccontextmanager
    async def start(*, revision: str = "2026-07-28", default: bool = False, **fields: Any) -> AsyncGenerator[Reading]:
        names, dialler, clock = Names(), Dialler(web), Clock()
        world = World(resolver=names, connector=dialler, now=clock)
        usual: dict[str, Any] = {
            "allow_cidr": [] if default else [Network.parse("127.0.0.0/8")],
            "allow_port": [AllowedPort(0)],
            "rate": Rate(10_000, 1),
        }
        options = usual | fields
        async with connect(fetch_server(world), Settings(**options), revision=revision) as client:
            yield Reading(client, names, dialler, clock)

    return start


class Certificates:
    """An authority of the tests' own, and certificates that it issued."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._signer: Any = None
        self.authority, self._signer = self._issue("authority.test", 30, trusted=False)

    def serving(self, name: str, *, days: int = 30, trusted: bool = True) -> ssl.SSLContext:
        """What a web server of that name needs; expired with negative days, signed by itself if not trusted."""
        path, _ = self._issue(name, days, trusted=trusted)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def _issue(self, name: str, days: int, *, trusted: bool) -> tuple[Path, Any]:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        now = dt.datetime.now(dt.UTC)
        issuer, issuing_key = self._signer if trusted else (subject, key)
        names: list[Any] = [x509.DNSName(name)]
        if name[0].isdigit():
            names = [x509.IPAddress(ipaddress.ip_address(name))]
        built = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=60))
            .not_valid_after(now + dt.timedelta(days=days))
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.BasicConstraints(ca=not trusted, path_length=None), critical=True)
            .add_extension(_key_usage(ca=not trusted), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuing_key.public_key()), critical=False)
            .sign(issuing_key, hashes.SHA256())
        )
        path = self._directory / f"{name}-{days}-{trusted}.pem"
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path.write_bytes(built.public_bytes(serialization.Encoding.PEM) + private)
        return path, (subject, key)


def _key_usage(*, ca: bool) -> x509.KeyUsage:
    """What RFC 5280 wants to be said, and Python from 3.13 on reads."""
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def pdf() -> Callable[..., bytes]:
    """Makes small PDF files."""
    return a_pdf


def a_pdf(*pages: str) -> bytes:
    """A small PDF with one line of text on each page."""
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, text in enumerate(pages):
        stream = f"BT /F1 12 Tf 72 700 Td ({text}) Tj ET"
        contents = 5 + 2 * number
        objects += [
            (
                f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {contents} 0 R"
                " /Resources << /Font << /F1 3 0 R >> >> >>"
            ),
            f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
        ]
    out, offsets = "%PDF-1.4\n", list[int]()
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n"
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
    return (out + f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF").encode()
