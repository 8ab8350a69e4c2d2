"""What can go wrong between a URL and its text, as tool errors; what is wrong before that is in the kit.

FetchFault               code               a NetworkFault
├── RobotsDenied         robots_denied      robots.txt says no, or cannot be read
├── TlsFault             tls                the certificate does not fit
├── ConnectionFault      connection         broken off, or no HTTP
├── TimedOut             timeout
├── TooLarge             too_large          wire bytes, decoded bytes, ratio, head, picture
├── TooManyRedirects     too_many_redirects
├── HttpStatus           http_status        4xx and 5xx
├── UnsupportedType      unsupported_type   nothing that can be read as text
├── DecodeFault          decode             a body that is not what its encoding says, or ends early
├── SnapshotExpired      snapshot_expired
├── RateLimited          rate_limited
└── BadRequest           invalid_argument   arguments that do not go together
"""

from mcp_ref_kit.network import NetworkFault


class FetchFault(NetworkFault):
    """A page that could not be had, though it may be asked for."""


class RobotsDenied(FetchFault):
    """robots.txt asks automatic readers not to fetch this."""

    word = "robots_denied"


class TlsFault(FetchFault):
    """The server did not prove to be who it was asked to be; no argument lifts that."""

    word = "tls"


class ConnectionFault(FetchFault):
    """The connection broke off, or what came over it is not HTTP."""

    word = "connection"
    again = True


class TimedOut(FetchFault):
    """It took too long."""

    word = "timeout"
    again = True


class TooLarge(FetchFault):
    """More than the operator's limit."""

    word = "too_large"


class TooManyRedirects(FetchFault):
    """The redirects go on, or round in a circle."""

    word = "too_many_redirects"


class HttpStatus(FetchFault):
    """The web server answered with an error."""

    word = "http_status"


class UnsupportedType(FetchFault):
    """Nothing that can be read as text."""

    word = "unsupported_type"


class DecodeFault(FetchFault):
    """The body is not what its encoding says, or ends before its end."""

    word = "decode"


class SnapshotExpired(FetchFault):
    """The text of that snapshot is no longer kept."""

    word = "snapshot_expired"


class RateLimited(FetchFault):
    """The host would have to be asked more often than is polite."""

    word = "rate_limited"
    again = True


class BadRequest(FetchFault):
    """Arguments that do not go together."""

    word = "invalid_argument"
