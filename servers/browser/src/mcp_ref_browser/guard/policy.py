"""The policy of one session: origins, then addresses; what passes is connected to, at the judged address."""

import os
import socket
from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from mcp_protocol.errors import ToolError
from mcp_ref_browser.errors import BrowserError, blocked
from mcp_ref_browser.guard.origins import Destination, OriginPattern, OriginRules, Verdict
from mcp_ref_browser.guard.streams import connected
from mcp_ref_kit.network import AddressGuard, AddressPolicy, Network, NetworkFault, Resolver, WebUrl
from mcp_ref_kit.network.guard import Judged, Stream

_NO_ORIGIN = "blocked_origin"


class Addresses(Struct, frozen=True, kw_only=True):
    """What the operator allows beyond public addresses; `resolver` stands in for the system's in tests."""

    allow_private: bool = False
    networks: tuple[Network, ...] = ()
    resolver: Resolver | None = None

    def guard(self, *, named: bool) -> AddressGuard:
        """The judge of addresses; a host that the operator named may be a private one."""
        policy = AddressPolicy(allow_private=self.allow_private or named, allow_networks=self.networks, ports=None)
        return AddressGuard(policy, resolver=self.resolver, connector=connected)


class SessionPolicy:
    """Decides each connection of one session."""

    def __init__(
        self, rules: OriginRules, addresses: Addresses, own_ports: Callable[[], set[int]] | None = None
    ) -> None:
        self.rules = rules
        self._open = addresses.guard(named=False)
        self._named = addresses.guard(named=True)
        self._own_ports = own_ports or listening_ports

    def allow(self, pattern: OriginPattern) -> None:
        """Allow one more public origin."""
        self.rules = replace(self.rules, added=(*self.rules.added, pattern))

    async def judge(self, where: Destination) -> Judged:
        """Judge a destination; its name is looked up here, once.

        Raises:
            BrowserError: `blocked_origin`, `blocked_address`; or the name has no address.
        """
        verdict = self.rules.judge(where)
        if not verdict.allowed:
            raise BrowserError(
                f"{where} is not an allowed origin.",
                code=_NO_ORIGIN,
                hint="Whoever runs this server could list it with --allowed-origins.",
            )
        guard = self._named if verdict.named else self._open
        try:
            judged = await guard.judge(where.url)
        except NetworkFault as fault:
            raise blocked(fault) from fault
        self._check_own(where, judged, verdict)
        return judged

    async def judge_url(self, text: str) -> WebUrl:
        """Judge a URL of a tool before the browser sees it.

        Raises:
            BrowserError: it may not be opened.
        """
        try:
            url = WebUrl.parse(text)
        except NetworkFault as fault:
            raise blocked(fault) from fault
        await self.judge(Destination.of(url))
        return url

    async def connect(self, where: Destination) -> Stream:
        """Judge, and connect to a judged address.

        Raises:
            BrowserError: it may not be reached, or cannot be.
        """
        judged = await self.judge(where)
        try:
            return await self._open.connect(judged)
        except NetworkFault as fault:
            raise blocked(fault) from fault

    def _check_own(self, where: Destination, judged: Judged, verdict: Verdict) -> None:
        """Our own endpoint and the proxies of other sessions are never reached by a wildcard."""
        if verdict.exact or not any(_is_here(address) for address in judged.addresses):
            return
        if where.port in self._own_ports():
            raise BrowserError(f"Port {where.port} is this server's own.", code="blocked_address")


def refused(error: ToolError) -> bool:
    """Whether the policy said no, and not the network."""
    return error.code in {_NO_ORIGIN, "blocked_address", "blocked_scheme", "invalid_argument"}


def listening_ports() -> set[int]:
    """The TCP ports on which this very process listens."""
    ports: set[int] = set()
    for name in os.listdir("/dev/fd"):  # noqa: PTH208  names are all that is wanted
        try:
            copied = os.dup(int(name))
        except (OSError, ValueError):
            continue
        try:
            found = socket.socket(fileno=copied)
        except OSError:  # it is no socket
            os.close(copied)
            continue
        with found:
            if found.family in {socket.AF_INET, socket.AF_INET6} and _listens(found):
                ports.add(found.getsockname()[1])
    return ports


def _listens(found: socket.socket) -> bool:
    try:
        return bool(found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    except OSError:
        return False


def _is_here(address: str) -> bool:
    """Whether an address may be this machine: loopback, or one of its own."""
    if address.startswith("127.") or address in {"::1", "0.0.0.0", "::"}:  # noqa: S104  compared, not bound
        return True
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))  # succeeds for addresses of this machine only
        except OSError:
            return False
    return True
