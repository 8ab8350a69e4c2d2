"""The public keys of an issuer: from its key set and nowhere else, found by their id, fetched once a minute at most."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, cast

from msgspec import Struct

from mcp_protocol.auth.verifier import TokenRefused
from mcp_protocol.errors import TransportError

if TYPE_CHECKING:
    from jwt.algorithms import AllowedPublicKeys

_log = logging.getLogger(__name__)

# The most often that the issuer is asked, whatever tokens name (a token names a key before it is known to be one).
_PAUSE_SECONDS = 60.0
# Keys are looked up anew after this, so that a withdrawn one is noticed,
_FRESH_SECONDS = 300.0
# and while the issuer cannot be reached they are good for so long; then nobody is let in.
_GOOD_SECONDS = 3600.0
# More keys than any issuer has.
_MOST = 100

# Signatures that need no shared secret, by type and curve of the key that makes them. A public key is no secret:
# HS256 with it would let everyone sign (RFC 8725 section 2.1).
_ALGORITHMS: dict[tuple[str, str | None], frozenset[str]] = {
    ("RSA", None): frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}),
    ("EC", "P-256"): frozenset({"ES256"}),
    ("EC", "P-384"): frozenset({"ES384"}),
    ("EC", "P-521"): frozenset({"ES512"}),
    ("OKP", "Ed25519"): frozenset({"EdDSA"}),
}
ALLOWED = frozenset[str]().union(*_ALGORITHMS.values())


class Key(Struct, frozen=True):
    """One public key, and the algorithms that it may be used with."""

    id: str | None
    algorithms: frozenset[str]
    public: "AllowedPublicKeys"


class Keys:
    """The key set that `fetch` gives, as long as it is good."""

    def __init__(
        self, fetch: Callable[[], Awaitable[dict[str, Any]]], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._keys: list[Key] = []
        self._tried = self._read = float("-inf")
        self._turn = asyncio.Lock()

    async def find(self, key_id: str | None, algorithm: str) -> Key:
        """The key of that id for that algorithm; without an id, the only one there is.

        Raises:
            TokenRefused: there is none, or the keys are too old to be trusted.
        """
        if self._clock() - self._read >= _FRESH_SECONDS:
            await self._refresh()
        found = self._pick(key_id, algorithm)
        if found is None:
            await self._refresh()
            found = self._pick(key_id, algorithm)
        if self._clock() - self._read >= _GOOD_SECONDS:
            raise TokenRefused("the keys of its issuer cannot be fetched")
        if found is None:
            raise TokenRefused("its issuer has no such key")
        return found

    def _pick(self, key_id: str | None, algorithm: str) -> Key | None:
        fitting = [key for key in self._keys if algorithm in key.algorithms]
        if key_id is not None:
            fitting = [key for key in fitting if key.id == key_id]
        return fitting[0] if len(fitting) == 1 else None

    async def _refresh(self) -> None:
        async with self._turn:
            if self._clock() - self._tried < _PAUSE_SECONDS:
                return
            self._tried = self._clock()
            try:
                self._keys = _usable(await self._fetch())
            except TransportError as error:
                _log.warning("the keys of the issuer cannot be fetched: %s", error)
            else:
                self._read = self._clock()


def _usable(key_set: dict[str, Any]) -> list[Key]:
    members = key_set.get("keys")
    if not isinstance(members, list):
        raise TransportError("it is no key set")
    found = [_usable_key(member) for member in cast("list[Any]", members)[:_MOST]]
    return [key for key in found if key is not None]


def _usable_key(data: Any) -> Key | None:
    """One member of a set; None for what is private, for encryption, symmetric or unknown."""
    from jwt import InvalidKeyError, get_algorithm_by_name  # noqa: PLC0415  an extra, loaded by then

    if not isinstance(data, dict):
        return None
    member = cast("dict[str, Any]", data)
    algorithms = _algorithms_of(member)
    operations = member.get("key_ops", ["verify"])
    signs = member.get("use", "sig") == "sig" and isinstance(operations, list) and "verify" in operations
    if not algorithms or not signs or "d" in member:
        return None
    key_id = member.get("kid")
    try:
        # Every algorithm of one type of key reads it in the same way.
        public = get_algorithm_by_name(min(algorithms)).from_jwk(member)
    except (InvalidKeyError, TypeError, ValueError, KeyError):
        return None
    return Key(key_id if isinstance(key_id, str) else None, algorithms, public)


def _algorithms_of(member: dict[str, Any]) -> frozenset[str]:
    kind, curve, only = member.get("kty"), member.get("crv"), member.get("alg")
    if not isinstance(kind, str) or not (curve is None or isinstance(curve, str)):
        return frozenset()
    algorithms = _ALGORITHMS.get((kind, None if kind == "RSA" else curve), frozenset())
    return algorithms if only is None else algorithms & {only} if isinstance(only, str) else frozenset()
