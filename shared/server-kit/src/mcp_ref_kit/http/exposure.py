"""The names under which a listening server may be called, and the origins of web pages that may call it. Pure.

Both are compared exactly: a page that rebinds its own name to 127.0.0.1 sends that name (CVE-2025-66416).
"""

from collections.abc import Sequence

from mcp_protocol.transports.http.serve import Address
from mcp_ref_kit.web_names import public_parts

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104  compared with, not bound to
_PLAIN_PORT = 80


def allowed_hosts(configured: Sequence[str], address: Address, public_url: str | None) -> frozenset[str]:
    """Host headers that are served: what was configured, else the forms of what was bound; and the public name."""
    public = [] if public_url is None else [public_parts(public_url).netloc]
    return frozenset([*(configured or _forms(address)), *public])


def allowed_origins(configured: Sequence[str], hosts: frozenset[str], public_url: str | None) -> frozenset[str]:
    """Origins that may call: what was configured, else our own."""
    if configured:
        return frozenset(configured)
    public = [] if public_url is None else [f"{public_parts(public_url).scheme}://{public_parts(public_url).netloc}"]
    return frozenset([*(f"http://{host}" for host in hosts), *public])


def _forms(address: Address) -> list[str]:
    near = address.host in _EVERYWHERE or address.is_loopback
    names = _LOOPBACK if near else (address.authority.rpartition(":")[0],)
    with_port = [f"{name}:{address.port}" for name in names]
    # Clients leave out the port that their scheme implies.
    return [*with_port, *names] if address.port == _PLAIN_PORT else with_port
