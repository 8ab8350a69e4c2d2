"""Why a URL is not asked, as tool errors; none of them names an address that a name resolved to.

NetworkFault             code
├── InvalidUrl           invalid_argument   not a URL by our grammar
├── BlockedScheme        blocked_scheme     neither http nor https
├── BlockedHost          blocked_host       a name of this machine or network, or the operator's lists
├── BlockedPort          blocked_port       a port that is not in the list
├── BlockedAddress       blocked_address    an address that is not public, or a peer that is not the one dialled
├── Unresolvable         dns                no address, or none in time
├── Unreachable          connection         no judged address accepts a connection
└── ConnectTimeout       timeout            none did in time
"""

from typing import ClassVar

from mcp_protocol.errors import ToolError


class NetworkFault(ToolError):
    """A URL that cannot be asked."""

    word: ClassVar[str] = "connection"
    again: ClassVar[bool] = False

    def __init__(self, message: str, *, hint: str | None = None, retryable: bool | None = None) -> None:
        super().__init__(message, code=self.word, hint=hint, retryable=self.again if retryable is None else retryable)


class InvalidUrl(NetworkFault):
    """Not a URL by the one grammar that is used for judging and for asking."""

    word = "invalid_argument"


class BlockedScheme(NetworkFault):
    """Only http and https leave this machine."""

    word = "blocked_scheme"


class BlockedHost(NetworkFault):
    """A name that means this machine or its network, or one that the operator's lists refuse."""

    word = "blocked_host"


class BlockedPort(NetworkFault):
    """A port that the operator did not list."""

    word = "blocked_port"


class BlockedAddress(NetworkFault):
    """At least one address of the name is not public."""

    word = "blocked_address"


class Unresolvable(NetworkFault):
    """The name has no address, or none came in time."""

    word = "dns"
    again = True


class Unreachable(NetworkFault):
    """No judged address accepts a connection."""

    word = "connection"
    again = True


class ConnectTimeout(NetworkFault):
    """No judged address accepted a connection in time."""

    word = "timeout"
    again = True
