"""The address policy: one grammar for URLs, one table of addresses, one lookup, and a connection to what was judged."""

from mcp_ref_kit.network.addresses import Kind, Network, kind_of, packed
from mcp_ref_kit.network.faults import (
    BlockedAddress,
    BlockedHost,
    BlockedPort,
    BlockedScheme,
    ConnectTimeout,
    InvalidUrl,
    NetworkFault,
    Unreachable,
    Unresolvable,
)
from mcp_ref_kit.network.guard import AddressGuard, Connector, Judged, Stream, Waits
from mcp_ref_kit.network.hosts import Host, read_host
from mcp_ref_kit.network.resolving import Resolver, SystemResolver
from mcp_ref_kit.network.rules import WEB_PORTS, AddressPolicy, HostPattern
from mcp_ref_kit.network.urls import WebUrl

__all__ = [
    "WEB_PORTS",
    "AddressGuard",
    "AddressPolicy",
    "BlockedAddress",
    "BlockedHost",
    "BlockedPort",
    "BlockedScheme",
    "ConnectTimeout",
    "Connector",
    "Host",
    "HostPattern",
    "InvalidUrl",
    "Judged",
    "Kind",
    "Network",
    "NetworkFault",
    "Resolver",
    "Stream",
    "SystemResolver",
    "Unreachable",
    "Unresolvable",
    "Waits",
    "WebUrl",
    "kind_of",
    "packed",
    "read_host",
]
