"""The operator's proxy: where it is, how it is spoken to, and who we are to it. Pure."""

import base64
from typing import Self
from urllib.parse import unquote, urlsplit

from msgspec import Struct

_DEFAULT_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
_LONGEST_CREDENTIAL = 255
_FORM = "must be like http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT"


class Proxy(Struct, frozen=True):
    """What `--proxy-url` says."""

    scheme: str
    host: str
    port: int
    user: str = ""
    password: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a URL.

        Raises:
            ValueError: it is not one of a proxy.
        """
        try:
            parts = urlsplit(text.strip())
            port = parts.port
        except ValueError:
            raise ValueError(_FORM) from None  # without what was given: it may hold a password
        if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or parts.path.strip("/") or parts.query:
            raise ValueError(_FORM)
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        if max(len(user.encode()), len(password.encode())) > _LONGEST_CREDENTIAL:
            raise ValueError("must have a user name and password of at most 255 bytes")
        return cls(parts.scheme, parts.hostname, port or _DEFAULT_PORTS[parts.scheme], user, password)

    @property
    def forwards(self) -> bool:
        """Whether it takes plain requests in their absolute form, and no connection is made through it for them."""
        return not self.scheme.startswith("socks5")

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """What says who we are."""
        if not self.user:
            return []
        pair = base64.b64encode(f"{self.user}:{self.password}".encode())
        return [(b"Proxy-Authorization", b"Basic " + pair)]
