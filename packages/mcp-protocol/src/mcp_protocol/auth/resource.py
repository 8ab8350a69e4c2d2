"""The protected resource as it describes itself: the document of RFC 9728, from settings and never from a request."""

from msgspec import Struct
from msgspec.json import encode

from mcp_protocol.auth.challenge import Challenge
from mcp_protocol.auth.urls import secure_url

WELL_KNOWN = "/.well-known/oauth-protected-resource"


class _Document(Struct, frozen=True):
    resource: str
    authorization_servers: tuple[str, ...]
    scopes_supported: tuple[str, ...]
    bearer_methods_supported: tuple[str, ...] = ("header",)


class Resource(Struct, frozen=True, kw_only=True):
    """The canonical URL of a server, who issues tokens for it, and the least scopes that are of use.

    Raises:
        SettingsError: a URL is not https (loopback excepted), or not plain.
    """

    url: str
    issuers: tuple[str, ...]
    scopes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check what clients will follow."""
        secure_url(self.url, "The URL of the resource")
        for issuer in self.issuers:
            secure_url(issuer, "The issuer")

    @property
    def metadata_url(self) -> str:
        """Where clients find the document: the well-known path goes between host and path (RFC 9728 section 3.1)."""
        parts = secure_url(self.url, "The URL of the resource")
        return f"{parts.scheme}://{parts.netloc}{WELL_KNOWN}{parts.path.rstrip('/')}"

    @property
    def challenge(self) -> Challenge:
        """The challenge that leads there."""
        return Challenge(self.metadata_url, self.scopes)

    def documents(self, endpoint: str = "/mcp") -> dict[str, bytes]:
        """The document at each path where it is asked for, as JSON.

        Beside the path that the challenge names: those of the endpoint and of the root, which a client tries
        without one, and which a proxy that takes a prefix away leaves.
        """
        path = secure_url(self.url, "The URL of the resource").path.rstrip("/")
        data = encode(_Document(self.url, self.issuers, self.scopes))
        return dict.fromkeys((WELL_KNOWN, f"{WELL_KNOWN}{endpoint}", f"{WELL_KNOWN}{path}"), data)
