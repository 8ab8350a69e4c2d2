"""What the operator allows: hosts, ports, networks. Judged on parsed values, never on the text of a URL. Pure."""

from msgspec import Struct

from mcp_ref_kit.network.addresses import Kind, Network, embedded, kind_of
from mcp_ref_kit.network.faults import BlockedAddress, BlockedHost, BlockedPort, InvalidUrl
from mcp_ref_kit.network.hosts import Host, read_host
from mcp_ref_kit.network.urls import WebUrl

WEB_PORTS = frozenset({80, 443, 8080, 8443})

# Names of this machine and its network: refused without asking anyone for their address.
_LOCAL_NAMES = frozenset({"localhost", "localhost.localdomain", "local", "internal"})
_LOCAL_SUFFIXES = (".localhost", ".local", ".internal", ".localdomain")
_METADATA = "metadata"


class HostPattern(Struct, frozen=True):
    """A host by its exact name, or everything below a name: `example.com`, `*.example.com`."""

    name: str
    below: bool = False

    @classmethod
    def parse(cls, text: str) -> "HostPattern":
        """Read a pattern.

        Raises:
            ValueError: it is no host, or has a `*` anywhere but in front.
        """
        bare = text.strip().removeprefix("*.")
        try:
            return cls(read_host(bare).name, below=bare != text.strip())
        except InvalidUrl:
            raise ValueError("must be a host such as example.com, or *.example.com for all below it") from None

    def matches(self, host: Host) -> bool:
        """Whether the host is meant; by whole labels."""
        if not self.below:
            return host.name == self.name
        return host.address is None and host.name.endswith(f".{self.name}")

    def __str__(self) -> str:
        return f"*.{self.name}" if self.below else self.name


class AddressPolicy(Struct, frozen=True, kw_only=True):
    """Where bytes may go. The default: every public address, on the ports of the web."""

    allow_private: bool = False
    """Lifts private and loopback ranges, never cloud metadata."""
    allow_networks: tuple[Network, ...] = ()
    """Allowed whatever the table says; a metadata address only when it is named alone."""
    deny_networks: tuple[Network, ...] = ()
    allow_hosts: tuple[HostPattern, ...] = ()
    """When there are any, only these."""
    deny_hosts: tuple[HostPattern, ...] = ()
    """Wins over `allow_hosts`."""
    ports: frozenset[int] | None = WEB_PORTS
    """None: any."""

    def check_name(self, url: WebUrl) -> None:
        """Judge what can be judged before anything is looked up.

        Raises:
            BlockedHost: the name is local, or the lists refuse it.
            BlockedPort: the port is not listed.
        """
        host = url.host
        if self._is_local(host):
            raise BlockedHost(
                f"`{host.name}` is a name of this machine or its network.",
                hint="Whoever runs this server could allow it with --allow-host.",
            )
        if any(pattern.matches(host) for pattern in self.deny_hosts):
            raise BlockedHost(f"`{host.name}` is refused by --deny-host.")
        if self.allow_hosts and not any(pattern.matches(host) for pattern in self.allow_hosts):
            raise BlockedHost(
                f"`{host.name}` is not among the allowed hosts.",
                hint="Whoever runs this server could allow it with --allow-host.",
            )
        if self.ports is not None and url.port not in self.ports:
            raise BlockedPort(
                f"Port {url.port} is not allowed.",
                hint=f"Allowed are {_listed(self.ports)}; whoever runs this server could add it with --allow-port.",
            )

    def check_address(self, url: WebUrl, address: bytes | None) -> None:
        """Judge one address of a host; None is one that cannot be dialled as bytes, such as a scoped one.

        Raises:
            BlockedAddress: it is not public, and not allowed.
        """
        if address is None or not self._allows(address):
            raise BlockedAddress(
                f"`{url.host.name}` is not a public address of the internet.",
                # True of every address that is refused, so that it tells nothing of the one behind a name.
                hint="Whoever runs this server could allow it with --allow-cidr, or all that are private, but no cloud"
                " metadata, with --allow-private-ips.",
            )

    def _allows(self, address: bytes) -> bool:
        forms = [address, *embedded(address)]
        if any(form in network for form in forms for network in self.deny_networks):
            return False
        kind = kind_of(address)
        return kind == Kind.PUBLIC or (kind == Kind.PRIVATE and self.allow_private) or self._named(forms, kind)

    def _named(self, forms: list[bytes], kind: Kind) -> bool:
        """Whether the operator named a network with the address in it, or with the IPv4 address that it stands for."""
        named = [network for form in forms for network in self.allow_networks if form in network]
        return any(network.alone or kind != Kind.METADATA for network in named)

    def _is_local(self, host: Host) -> bool:
        name = host.name
        if host.address is not None or any(not each.below and each.matches(host) for each in self.allow_hosts):
            return False
        if name.split(".")[0] == _METADATA:
            return True
        return not self.allow_private and (name in _LOCAL_NAMES or name.endswith(_LOCAL_SUFFIXES))


def _listed(ports: frozenset[int]) -> str:
    return ", ".join(map(str, sorted(ports)))
