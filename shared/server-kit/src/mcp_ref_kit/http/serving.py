"""Runs a server on HTTP until a signal comes."""

import asyncio
import logging
from contextlib import nullcontext
from functools import partial

from msgspec.structs import replace

from mcp_protocol.limits import KIB, Limits
from mcp_protocol.server.app import App
from mcp_protocol.transports.http.app import HttpApp, HttpOptions
from mcp_protocol.transports.http.bounds import Bounds
from mcp_protocol.transports.http.documents import documents
from mcp_protocol.transports.http.serve import Address, Listen, address_of, bind, run
from mcp_protocol.transports.loops import fast_loop
from mcp_ref_kit.authentication import is_guarded
from mcp_ref_kit.findings import Check
from mcp_ref_kit.http.exposure import allowed_hosts, allowed_origins
from mcp_ref_kit.http.health import probes
from mcp_ref_kit.launch import end_within, rereading
from mcp_ref_kit.logs import Stderr
from mcp_ref_kit.program import ENDPOINT, Program
from mcp_ref_kit.signals import stopping

_log = logging.getLogger(__name__)


def on_http(program: Program, stderr: Stderr) -> None:
    """Listen and serve; returns after an orderly end.

    Raises:
        SettingsError: the address cannot be used, or the server cannot start.
    """
    with asyncio.Runner(loop_factory=fast_loop()) as runner:
        runner.run(_serve(program, stderr))


async def _serve(program: Program, stderr: Stderr) -> None:
    common = program.common
    stop = asyncio.Event()
    listen = Listen(host=common.host, port=common.port, allow_unauthenticated=common.allow_unauthenticated)
    with stopping(stop), bind(listen, guarded=is_guarded(common)) as sock:
        address = address_of(sock)
        guard = program.guard
        async with guard or nullcontext(), program.server.run(program.settings, program.options) as app:
            options = replace(_options(program, app, address), authenticate=guard)
            http = HttpApp(app, options)
            _warn(program, address)
            with rereading(program, app):
                await run(
                    http,
                    sock,
                    bounds=_bounds(program.limits),
                    started=partial(_announce, stderr, address),
                    stop=stop,
                    drain=http.drain,
                )
            end_within()


def _options(program: Program, app: App, address: Address) -> HttpOptions:
    common = program.common
    hosts = allowed_hosts(common.http_allowed_hosts, address, common.public_url)
    described = program.resource
    check = program.making.check
    ready = None if check is None else partial(_is_ready, program, app, check)
    return HttpOptions(
        path=ENDPOINT,
        hosts=hosts,
        origins=allowed_origins(common.http_allowed_origins, hosts, common.public_url),
        routes={} if described is None else documents(described.documents(ENDPOINT)),
        probes=probes(ready),
        legacy_sse=common.legacy_sse,
    )


async def _is_ready(program: Program, app: App, check: Check) -> bool:
    return all(finding.works for finding in await check(program.settings, app.state))


def _bounds(limits: Limits) -> Bounds:
    # Twice a message and some: chunked coding may double the bytes of small chunks.
    return Bounds(raw=2 * limits.message + 64 * KIB, stalled_seconds=limits.stalled_seconds)


def _announce(stderr: Stderr, address: Address) -> None:
    # Not a log line: whoever started us waits for these words, whatever form the log has.
    stderr.write(f"listening on http://{address.authority}{ENDPOINT}\n".encode())


def _warn(program: Program, address: Address) -> None:
    common = program.common
    if common.allow_unauthenticated and not address.is_loopback:
        _log.warning("everyone who reaches %s can use this server: there is no authentication", address.authority)
    if not (address.is_loopback or common.http_allowed_hosts or common.public_url):
        _log.warning("only requests to this machine's own names are served; name others by --http-allowed-hosts")
