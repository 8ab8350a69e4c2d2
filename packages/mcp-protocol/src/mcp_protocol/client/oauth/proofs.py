"""Proofs of possession: DPoP (RFC 9449), ES256, a key of this client's own."""

import base64
import hashlib
import secrets
import time
from typing import Any
from urllib.parse import urlsplit

ALGORITHM = "ES256"
_NONCES = 16  # origins that have asked for one; there are two


class Prover:
    """Makes one proof for each request, and remembers the nonce that each origin wants in it."""

    def __init__(self, key: str | None = None) -> None:
        """`key` as PEM; a new one when there is none yet."""
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415  slow, and only DPoP needs it
        from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415  the same
        from jwt.algorithms import ECAlgorithm  # noqa: PLC0415  the same

        loaded = (
            serialization.load_pem_private_key(key.encode(), None) if key else ec.generate_private_key(ec.SECP256R1())
        )
        if not isinstance(loaded, ec.EllipticCurvePrivateKey):
            raise TypeError("A DPoP key is an elliptic curve key")
        self._key = loaded
        self._public: dict[str, Any] = ECAlgorithm.to_jwk(loaded.public_key(), as_dict=True)
        self._nonces: dict[str, str] = {}
        self.pem = loaded.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()

    def proof(self, method: str, url: str, token: str | None = None) -> str:
        """The value of the `DPoP` header for one request, with the token that goes with it."""
        import jwt  # noqa: PLC0415  slow, and only DPoP needs it

        claims: dict[str, Any] = {
            "jti": secrets.token_urlsafe(16),
            "htm": method,
            "htu": url.partition("?")[0],
            "iat": int(time.time()),
        }
        if token is not None:
            claims["ath"] = _digest(token)
        if nonce := self._nonces.get(_origin(url)):
            claims["nonce"] = nonce
        return jwt.encode(claims, self._key, ALGORITHM, headers={"typ": "dpop+jwt", "jwk": self._public})

    def learn(self, url: str, nonce: str | None) -> bool:
        """Remember the nonce that a response carried; whether there is a new one to try again with."""
        origin = _origin(url)
        if (
            not nonce
            or self._nonces.get(origin) == nonce
            or (origin not in self._nonces and len(self._nonces) == _NONCES)
        ):
            return False
        self._nonces[origin] = nonce
        return True


def _digest(token: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
