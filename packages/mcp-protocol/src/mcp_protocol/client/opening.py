"""How a client finds out what a server speaks: discovery first, the legacy handshake if that is not understood."""

from contextlib import suppress

import msgspec
from msgspec import Struct

from mcp_protocol.client.exchange import NO_EXTRAS, Exchange, Extras
from mcp_protocol.client.remote import HttpStatusError, RemoteError, read_result
from mcp_protocol.errors import Code, DeadlineExceeded, RemoteProtocolError
from mcp_protocol.revisions import LATEST, LATEST_LEGACY, MODERN, Revision, parse
from mcp_protocol.types import (
    SERVER_INFO,
    DiscoverResult,
    Implementation,
    InitializeResult,
    ServerCapabilities,
)

_PROBE_SECONDS = 5  # a server that does not know discovery may also say nothing at all

# Only a server of the modern era has these codes: it is not to be asked for a handshake.
_MODERN_CODES = frozenset({Code.HEADER_MISMATCH, Code.MISSING_CAPABILITY, Code.UNSUPPORTED_REVISION})


class Peer(Struct, frozen=True):
    """What was agreed, and what the server says of itself."""

    revision: Revision
    info: Implementation | None
    capabilities: ServerCapabilities
    instructions: str | None


async def open_session(exchange: Exchange, wish: Revision | None, known: Revision | None = None) -> Peer:
    """Agree with the server on a revision: the wished one, or the newest that both speak; `known` is the last one.

    Raises:
        RemoteProtocolError: there is none.
        RemoteError: the server refuses for another reason.
    """
    if wish is None and known is not None and known not in MODERN:
        with suppress(RemoteError, RemoteProtocolError):  # it may have learned something since
            return await _shake_hands(exchange, known)
    if wish is None:
        return await _probe(exchange) or await _shake_hands(exchange, LATEST_LEGACY)
    peer = await (_insist(exchange, wish) if wish in MODERN else _shake_hands(exchange, wish))
    if peer.revision != wish:
        raise RemoteProtocolError(f"The server speaks {peer.revision}, not {wish}")
    return peer


async def _probe(exchange: Exchange) -> Peer | None:
    """What discovery says; None from a server that does not know it, whatever its way of saying so."""
    try:
        return await _discover(exchange, LATEST, Extras(deadline=min(_PROBE_SECONDS, exchange.deadline)))
    except RemoteError as error:
        if error.code not in _MODERN_CODES:
            return None
        common = _common(_supported(error))
        if common is None:
            raise
        return await (_discover(exchange, common) if common in MODERN else _shake_hands(exchange, common))
    except (DeadlineExceeded, HttpStatusError):
        return None


async def _insist(exchange: Exchange, revision: Revision) -> Peer:
    """Discovery; once more if the server refuses the revision and names it among those that it speaks."""
    try:
        return await _discover(exchange, revision)
    except RemoteError as error:
        if error.code != Code.UNSUPPORTED_REVISION or revision not in _supported(error):
            raise
    return await _discover(exchange, revision)


async def _discover(exchange: Exchange, revision: Revision, extras: Extras = NO_EXTRAS) -> Peer:
    exchange.adopt(revision)
    found = read_result(DiscoverResult, await exchange.request("server/discover", extras=extras))
    agreed = _common(found.supported_versions)
    if agreed is None or agreed not in MODERN:
        raise RemoteProtocolError(f"The server speaks {', '.join(found.supported_versions)[:200]}")
    exchange.adopt(agreed)
    return Peer(agreed, _identity(found), found.capabilities, found.instructions)


async def _shake_hands(exchange: Exchange, revision: Revision) -> Peer:
    exchange.adopt(revision)
    params = {
        "protocolVersion": revision,
        "capabilities": exchange.capabilities,
        "clientInfo": exchange.client_info,
    }
    found = read_result(InitializeResult, await exchange.request("initialize", params))
    agreed = parse(found.protocol_version)
    if agreed is None or agreed in MODERN:
        raise RemoteProtocolError(f"The server speaks {found.protocol_version[:64]}")
    exchange.adopt(agreed)
    await exchange.notify("notifications/initialized")
    terms = exchange.terms.capabilities
    if terms.roots or terms.sampling or terms.elicitation:
        exchange.link.listen()  # the server may ask at any time
    return Peer(agreed, found.server_info, found.capabilities, found.instructions)


def _identity(found: DiscoverResult) -> Implementation | None:
    try:
        return msgspec.convert((found.meta or {}).get(SERVER_INFO), Implementation)
    except msgspec.ValidationError:  # for display only: not worth failing for
        return None


def _supported(error: RemoteError) -> list[str]:
    try:
        return msgspec.convert(error.data, _Supported).supported
    except msgspec.ValidationError:
        return []


class _Supported(Struct):
    supported: list[str]


def _common(versions: list[str]) -> Revision | None:
    """The newest revision of a list that we speak too."""
    return max((revision for revision in Revision if revision in versions), default=None)
