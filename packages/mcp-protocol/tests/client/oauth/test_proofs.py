"""DPoP: tokens that are of no use without the client's key, proofs for one request each, nonces."""

import base64
import hashlib
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from mcp_protocol.client import Client
from mcp_protocol.client.oauth import AuthorizationFailed, ClientCredentials, Credentials, MemoryStore, OAuth
from mcp_protocol.client.oauth.proofs import Prover
from mcp_protocol.errors import Unauthorized
from tests.authority import Answer, Asked, Authority, Resource, opened, spoken


class Binding(Authority):
    """Binds tokens; wants this nonce at the token endpoint, if any."""

    def __init__(self) -> None:
        super().__init__()
        self.nonce = ""

    def open(self) -> None:
        super().open()
        self.metadata["dpop_signing_alg_values_supported"] = ["RS256", "ES256"]
        self.extra = {"token_type": "DPoP"}

    def grant(self, asked: Asked) -> Answer:
        if self.nonce and claims(asked)[1].get("nonce") != self.nonce:
            return Answer({"error": "use_dpop_nonce"}, 400, {"DPoP-Nonce": self.nonce})
        return super().grant(asked)


class Bound(Resource):
    """Takes bound tokens; wants this nonce with them, if any."""

    def __init__(self, authority: Authority) -> None:
        super().__init__(authority)
        self.nonces: list[str] = []

    def answer(self, asked: Asked) -> Answer:
        scheme, _, token = asked.headers.get("authorization", "").partition(" ")
        if scheme != "DPoP" or token not in self.authority.tokens:
            return Answer(status=401, headers={"WWW-Authenticate": 'DPoP algs="ES256"'})
        if self.nonces and claims(asked)[1].get("nonce") != self.nonces[-1]:
            challenge = {"WWW-Authenticate": 'DPoP error="use_dpop_nonce"', "DPoP-Nonce": self.nonces[-1]}
            return Answer(status=401, headers=challenge)
        return spoken(asked)


def machine(store: MemoryStore | None = None) -> OAuth:
    return OAuth(ClientCredentials(credentials=Credentials(client_id="c")), store=store)


def claims(asked: Asked) -> tuple[dict[str, Any], dict[str, Any]]:
    """Head and body of a proof whose signature is right."""
    proof = asked.headers["dpop"]
    head = jwt.get_unverified_header(proof)
    return head, jwt.decode(proof, jwt.PyJWK(head["jwk"]), ["ES256"])


async def test_a_bound_token_goes_with_a_proof_for_each_request() -> None:
    authority = Binding()
    resource = Bound(authority)
    async with opened(authority, resource), Client(resource.url, auth=machine()) as client:
        await client.call_tool("t")
    head, body = claims(authority.at("/token")[0])
    assert (head["typ"], head["alg"], "d" in head["jwk"]) == ("dpop+jwt", "ES256", False)
    assert (body["htm"], body["htu"], "ath" in body) == ("POST", f"{authority.issuer}/token", False)
    sent = [claims(asked) for asked in resource.at("/mcp")[1:]]
    (token,) = authority.tokens
    digest = base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()
    assert [(body["htm"], body["htu"], body["ath"]) for _, body in sent] == [("POST", resource.url, digest)] * 2
    assert len({body["jti"] for _, body in sent}) == 2
    assert all(other["jwk"] == head["jwk"] for other, _ in sent)


async def test_nonces_are_given_back_to_whom_they_came_from() -> None:
    authority = Binding()
    authority.nonce = "at-the-authority"
    resource = Bound(authority)
    resource.nonces = ["first"]
    async with opened(authority, resource), Client(resource.url, auth=machine()) as client:
        await client.call_tool("t")
        resource.nonces.append("second")
        await client.call_tool("t")
    assert len(authority.at("/token")) == 2
    nonces = [claims(asked)[1].get("nonce") for asked in resource.at("/mcp")[1:]]
    assert nonces == [None, "first", "first", "first", "second"]


async def test_a_server_that_is_never_content_with_a_nonce_is_left() -> None:
    authority = Binding()
    resource = Bound(authority)
    async with opened(authority, resource), Client(resource.url, auth=machine()) as client:
        resource.routes["POST /mcp"] = lambda _: Answer(
            status=401,
            headers={"WWW-Authenticate": 'DPoP error="use_dpop_nonce"', "DPoP-Nonce": str(len(resource.asked))},
        )
        before = len(resource.asked)
        with pytest.raises(Unauthorized):
            await client.call_tool("t")
        assert len(resource.asked) - before == 2


async def test_the_key_is_kept_with_the_token() -> None:
    authority = Binding()
    resource = Bound(authority)
    store = MemoryStore()
    async with opened(authority, resource):
        for _ in range(2):
            async with Client(resource.url, auth=machine(store)):
                pass
    assert len(authority.at("/token")) == 1
    assert len({claims(asked)[0]["jwk"]["x"] for asked in resource.at("/mcp")[1:]}) == 1


async def test_an_unbound_token_is_not_taken_where_a_bound_one_is_wanted() -> None:
    """Whoever strips the binding gets nothing (RFC 9449, section 5)."""
    authority = Binding()
    resource = Bound(authority)
    async with opened(authority, resource):
        authority.extra = {}
        with pytest.raises(AuthorizationFailed, match="gives no dpop token"):
            async with Client(resource.url, auth=machine()):
                pass


async def test_a_server_may_want_bound_tokens_in_its_metadata() -> None:
    authority = Binding()
    resource = Bound(authority)
    async with opened(authority, resource):
        resource.metadata["dpop_bound_access_tokens_required"] = True
        refused = resource.routes["POST /mcp"]

        def answer(asked: Asked) -> Answer:
            return refused(asked) if "authorization" in asked.headers else resource.refuse(401, "")

        resource.routes["POST /mcp"] = answer
        async with Client(resource.url, auth=machine()) as client:
            await client.call_tool("t")


@pytest.mark.parametrize("algorithms", [[], ["RS256"]])
async def test_nobody_pretends_to_bind(algorithms: list[str]) -> None:
    authority = Binding()
    resource = Bound(authority)
    async with opened(authority, resource):
        authority.metadata["dpop_signing_alg_values_supported"] = algorithms
        with pytest.raises(AuthorizationFailed, match="binds no tokens with DPoP and ES256"):
            async with Client(resource.url, auth=machine()):
                pass


async def test_where_either_will_do_the_authorization_server_decides() -> None:
    authority = Authority()
    resource = Resource(authority)
    async with opened(authority, resource):
        refused = resource.routes["POST /mcp"]

        def answer(asked: Asked) -> Answer:
            if "authorization" in asked.headers:
                return refused(asked)
            return Answer(status=401, headers={"WWW-Authenticate": 'Bearer, DPoP algs="ES256"'})

        resource.routes["POST /mcp"] = answer
        async with Client(resource.url, auth=machine()) as client:
            await client.call_tool("t")


def test_a_key_of_another_kind_makes_no_proofs() -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    kept = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with pytest.raises(TypeError, match="elliptic curve"):
        Prover(kept.decode())


def test_nonces_of_strangers_do_not_pile_up() -> None:
    prover = Prover()
    assert [prover.learn(f"https://{number}.example/", "n") for number in range(20)].count(True) == 16
    assert prover.learn("https://0.example/x", "n") is False
    assert prover.learn("https://0.example/x", "m") is True
