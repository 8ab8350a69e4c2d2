"""Where an engine is and as whom to speak to it, read from URLs. Pure.

A URL decides nothing about the client library: of its options only those in a short list are taken.
"""

from collections.abc import Mapping
from typing import Literal
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from msgspec import Struct
from msgspec.structs import replace

from mcp_protocol import SettingsError
from mcp_ref_kit import Secret
from mcp_ref_kit.db.program.sources import is_template

PORT = 6379
SENTINEL_PORT = 26379
_MOST_DB = _MOST_PORT = 65_535
_DIGITS = 5
_SCHEMES = ("redis", "rediss", "unix")
_VERIFICATIONS = ("required", "optional", "none")
_OPTIONS = {"unix": ("db",), "rediss": ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_cert_reqs")}


class Tls(Struct, frozen=True, kw_only=True):
    """Files of TLS, and how much the engine has to prove."""

    ca: str | None = None
    certificate: str | None = None
    key: str | None = None
    verify: Literal["required", "optional", "none"] = "required"


class Address(Struct, frozen=True, kw_only=True):
    """One engine as the operator named it."""

    host: str = "127.0.0.1"
    port: int = PORT
    path: str | None = None
    """Of a Unix socket, instead of host and port."""
    db: int = 0
    username: str | None = None
    password: Secret | None = None
    tls: Tls | None = None
    protocol: Literal[2, 3] = 3

    def at(self, host: str, port: int) -> "Address":
        """The same user and options at another node."""
        return replace(self, host=host, port=port, path=None)


def parse(url: str) -> Address:
    """The address in a URL.

    Raises:
        SettingsError: it is none; the sentence does not repeat it, since it may hold a password.
    """
    parts = _split(url)
    if parts.scheme not in _SCHEMES:
        raise SettingsError("A database URL must begin with redis://, rediss:// or unix://.")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    _require_known(options, parts.scheme)
    common = Address(
        username=_decoded(parts.username),
        password=None if parts.password is None else Secret(unquote(parts.password)),
        protocol=_protocol(options.get("protocol", "3")),
        tls=_tls(options) if parts.scheme == "rediss" else None,
    )
    if parts.scheme == "unix":
        return replace(common, path=unquote(parts.path), db=_db(options.get("db", "0")))
    host, port = _place(parts)
    return replace(common, host=host, port=port, db=_db(parts.path.removeprefix("/") or "0"))


def from_variables(environment: Mapping[str, str]) -> Address | None:
    """What `REDIS_HOST` and its companions say; None where none of them says anything.

    Raises:
        SettingsError: one of them is not what it must be.
    """
    said = {name: text for name in _VARIABLES if (text := environment.get(name)) and not is_template(text)}
    if not said:
        return None
    password = said.get("REDIS_PASSWORD") or said.get("REDIS_PWD")
    port = said.get("REDIS_PORT", str(PORT))
    if not _is_port(port):
        raise SettingsError("`REDIS_PORT` must be a port between 1 and 65535.")
    return Address(
        host=said.get("REDIS_HOST", "127.0.0.1"),
        port=int(port),
        db=_db(said.get("REDIS_DB", "0")),
        username=said.get("REDIS_USERNAME"),
        password=None if password is None else Secret(password),
        tls=Tls() if said.get("REDIS_SSL", "").lower() in ("1", "true", "yes", "on") else None,
    )


def templates(environment: Mapping[str, str]) -> list[str]:
    """The variables that are set to a placeholder."""
    return [name for name in ("REDIS_URL", *_VARIABLES) if is_template(environment.get(name, ""))]


_VARIABLES = (
    "REDIS_HOST",
    "REDIS_PORT",
    "REDIS_DB",
    "REDIS_USERNAME",
    "REDIS_PASSWORD",
    "REDIS_PWD",
    "REDIS_SSL",
)


class SentinelPlace(Struct, frozen=True):
    """The name of a master, and who knows where it is."""

    name: str
    places: tuple[tuple[str, int], ...]
    username: str | None = None
    password: Secret | None = None


def parse_sentinel(text: str) -> SentinelPlace:
    """`NAME@HOST:PORT,HOST:PORT`.

    Raises:
        SettingsError: it is not.
    """
    name, _, places = text.rpartition("@")
    found: list[tuple[str, int]] = []
    for place in places.split(","):
        host, _, port = place.strip().rpartition(":")
        found.append((host.strip("[]") or place.strip(), int(port) if _is_port(port) and host else SENTINEL_PORT))
        if not found[-1][0] or (host and not _is_port(port)):
            raise SettingsError("`--sentinel` must be NAME@HOST:PORT,HOST:PORT.")
    if not name:
        raise SettingsError("`--sentinel` must be NAME@HOST:PORT,HOST:PORT.")
    return SentinelPlace(name, tuple(found))


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        raise SettingsError("A database URL cannot be read as a URL.") from None


def _place(parts: SplitResult) -> tuple[str, int]:
    try:
        return parts.hostname or "127.0.0.1", parts.port or PORT
    except ValueError:
        raise SettingsError("The port of a database URL must be between 1 and 65535.") from None


def _require_known(options: Mapping[str, str], scheme: str) -> None:
    known = ("protocol", *_OPTIONS.get(scheme, ()))
    for name in options:
        if name not in known:
            raise SettingsError(f"A {scheme}:// URL has no option {name[:40]!r}; there are {', '.join(known)}.")


def _tls(options: Mapping[str, str]) -> Tls:
    wanted = options.get("ssl_cert_reqs", "required")
    for word in _VERIFICATIONS:
        if word == wanted:
            return Tls(
                ca=options.get("ssl_ca_certs"),
                certificate=options.get("ssl_certfile"),
                key=options.get("ssl_keyfile"),
                verify=word,
            )
    raise SettingsError("`ssl_cert_reqs` must be required, optional or none.")


def _protocol(text: str) -> Literal[2, 3]:
    if text not in ("2", "3"):
        raise SettingsError("`protocol` of a database URL must be 2 or 3.")
    return 2 if text == "2" else 3


def _db(text: str) -> int:
    if not text.isdecimal() or not text.isascii() or len(text) > _DIGITS or int(text) > _MOST_DB:
        raise SettingsError("The database number must be a whole number such as 0.")
    return int(text)


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= _DIGITS and 1 <= int(text) <= _MOST_PORT


def _decoded(text: str | None) -> str | None:
    return unquote(text) if text else None
