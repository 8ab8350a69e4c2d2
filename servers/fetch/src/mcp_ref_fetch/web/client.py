"""Asks for a URL, hop by hop: each hop is parsed, judged, asked of robots.txt and limited like the first."""

import logging
import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Protocol

from mcp_ref_fetch.faults import ConnectionFault, TooManyRedirects
from mcp_ref_fetch.settings import Settings
from mcp_ref_fetch.web.limits import HostLimits
from mcp_ref_fetch.web.wanted import Answer, Hop, Wanted
from mcp_ref_kit.network import AddressGuard, Judged, NetworkFault, WebUrl

if TYPE_CHECKING:
    import httpx

    from mcp_ref_fetch.wire.transport import GuardedTransport

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_FOLLOWED = frozenset({"GET", "HEAD"})
# Any URL will do: the transport asks what was judged, and the headers are ours.
_UNUSED_URL = "http://judged.invalid/"
# robots.txt may be longer than the pages that the operator wants.
_LEAST = 2 * 1024 * 1024


class Permission(Protocol):
    """Asks robots.txt."""

    async def __call__(self, url: WebUrl, wanted: Wanted) -> tuple[str, float]:
        """`allowed` or `ignored`, and the pause that the host asks for.

        Raises:
            RobotsDenied: the page may not be asked for.
        """
        ...


class WebClient:
    """The one way from this server to the web."""

    def __init__(self, settings: Settings, guard: AddressGuard, limits: HostLimits) -> None:
        self._settings = settings
        self._guard = guard
        self._limits = limits
        self._transport: GuardedTransport | None = None
        self._secrets = _secrets(settings, os.environ)
        self.permission: Permission = _everything

    def check(self, url: WebUrl) -> None:
        """Judge what can be judged without looking anything up.

        Raises:
            NetworkFault: it may not be asked.
        """
        policy = self._guard.policy
        policy.check_name(url)
        if url.host.address is not None:
            policy.check_address(url, url.host.address)

    @asynccontextmanager
    async def open(self, wanted: Wanted) -> AsyncGenerator[Answer]:
        """The answer at the end of the redirects, its body still to be read; the connection lasts as long as the block.

        Raises:
            NetworkFault, FetchFault: whatever is wrong at any hop.
        """
        url, hops, at_home = wanted.url, list[Hop](), True
        while True:
            with _naming_hop(wanted, hops):
                judged = await self._guard.judge(url)
                robots, pause = await self.permission(url, wanted) if wanted.asks_robots else ("ignored", 0.0)
                if wanted.takes_turn:
                    await self._limits.turn(url.host.name, wanted.deadline, pause)
            async with self._limits.place(url.host.name), self._asked(judged, wanted, at_home=at_home) as response:
                target = _target(response, wanted)
                if target is None:
                    yield _answer(response, url, hops, robots, is_personal=bool(self._secret(wanted.url)))
                    return
                hops.append(Hop(str(url), response.status_code))
            with _naming_hop(wanted, hops):
                url = url.join(target)
            # Whoever led away does not get to choose what is asked in the caller's and the operator's name.
            at_home = at_home and url.origin == wanted.url.origin
            self._check(hops, url)

    @asynccontextmanager
    async def _asked(self, judged: Judged, wanted: Wanted, *, at_home: bool) -> AsyncGenerator["httpx.Response"]:
        import httpx  # noqa: PLC0415  170 ms of start-up

        from mcp_ref_fetch.wire.transport import JUDGED  # noqa: PLC0415  the same

        settings = self._settings
        timeout = {"connect": settings.timeout_connect, "read": settings.timeout_read, "write": settings.timeout_read}
        request = httpx.Request(
            wanted.method,
            _UNUSED_URL,
            headers=self._headers(judged.url, wanted, at_home=at_home),
            content=wanted.content,
            extensions={JUDGED: judged, "timeout": timeout},
        )
        response = await self._guarded().handle_async_request(request)
        try:
            yield response
        finally:
            await response.aclose()

    def _headers(self, url: WebUrl, wanted: Wanted, *, at_home: bool) -> dict[str, str]:
        from mcp_ref_fetch.wire.inflate import accepted  # noqa: PLC0415  late, as the rest of the wire

        headers = {
            "host": url.authority,
            "user-agent": wanted.agent.header,
            "accept": wanted.accept,
            "accept-encoding": accepted(),
            "connection": "close",
        }
        return headers | dict(wanted.headers) | self._secret(url) if at_home else headers

    def _secret(self, url: WebUrl) -> dict[str, str]:
        """What the operator sends to this host, which is never over http."""
        return self._secrets.get(url.host.name, {}) if url.scheme == "https" else {}

    def _guarded(self) -> "GuardedTransport":
        if self._transport is None:
            from mcp_ref_fetch.web.proxy import Proxy  # noqa: PLC0415  few have one
            from mcp_ref_fetch.wire.transport import GuardedTransport, Most, verifying  # noqa: PLC0415  170 ms of start-up

            settings = self._settings
            proxy = None if settings.proxy_url is None else Proxy.parse(settings.proxy_url.reveal())
            # Twice the body is room for chunks as honest servers cut them.
            body = 2 * max(settings.max_bytes, _LEAST)
            most = Most(settings.max_header_bytes, body + settings.max_header_bytes)
            self._transport = GuardedTransport(self._guard, verifying(settings.ca), most=most, proxy=proxy)
        return self._transport

    def _check(self, hops: list[Hop], url: WebUrl) -> None:
        most = self._settings.max_redirects
        chain = " -> ".join([hop.url for hop in hops] + [str(url)])[:2000]
        if any(hop.url == str(url) for hop in hops):
            raise TooManyRedirects(f"The redirects go round in a circle: {chain}")
        if len(hops) > most:
            raise TooManyRedirects(
                f"There are more than {most} redirects: {chain}", hint="The limit is --max-redirects."
            )


def _target(response: "httpx.Response", wanted: Wanted) -> str | None:
    if response.status_code not in _REDIRECTS or wanted.method not in _FOLLOWED:
        return None
    targets = set(response.headers.get_list("location"))
    if len(targets) > 1:
        raise ConnectionFault(f"A redirect of `{wanted.url}` leads to several places at once.", retryable=False)
    return targets.pop() if targets else None


def _answer(response: "httpx.Response", url: WebUrl, hops: list[Hop], robots: str, *, is_personal: bool) -> Answer:
    headers: dict[str, str] = {}
    for name, value in response.headers.multi_items():
        # Two encodings are two, however they are written; of anything else the first counts.
        both = name == "content-encoding" and name in headers
        headers[name] = f"{headers[name]}, {value}" if both else headers.get(name, value)
    return Answer(
        url, response.status_code, headers, tuple(hops), robots, response.aiter_raw(), is_personal=is_personal
    )


class _naming_hop:  # noqa: N801  reads as a statement
    """Says at which redirect something was refused, and by which URL that was asked for."""

    def __init__(self, wanted: Wanted, hops: list[Hop]) -> None:
        self._wanted = wanted
        self._hops = hops

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, NetworkFault) and self._hops:
            words = f"Redirect {len(self._hops)} of `{self._wanted.url}` led there: {error.message}"
            # A target that is no URL is the web server's fault, not the caller's argument.
            raise type(error)(words, hint=error.hint, retryable=error.retryable) from error


async def _everything(url: WebUrl, wanted: Wanted) -> tuple[str, float]:
    del url, wanted
    return "ignored", 0.0


def _secrets(settings: Settings, environment: Mapping[str, str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for header in settings.secret_header:
        value = environment.get(header.variable)
        if value:
            found.setdefault(header.host, {})[header.name] = value
        else:
            logging.getLogger(__name__).warning("--secret-header names %s, which is not set", header.variable)
    return found
