"""Questions of a 2026-07-28 call: numbered, answered by a retry, remembered in a sealed requestState.

The retry runs the handler from the start; answers of earlier rounds come from the state, new ones from the
request (2026-07-28 "Multi Round-Trip Requests"). Pure: clock and randomness are arguments.
"""

from hashlib import sha256
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType
from msgspec.json import Decoder

from mcp_protocol.errors import InvalidParams
from mcp_protocol.session.calls import Call
from mcp_protocol.session.seal import Seal

# What a retry may differ in; the rest of the params must be the original request, value by value.
_PER_ROUND = frozenset({"_meta", "inputResponses", "requestState"})


class Question(Struct, frozen=True, kw_only=True):
    """One thing to ask the client for."""

    method: str
    """elicitation/create, sampling/createMessage or roots/list."""
    params: Any
    key: str | None = None
    """Chosen by the author: then an answer may come with the first request already. None: numbered."""
    authorises: bool = False
    """The answer permits a write: it counts only once, and only in reply to this very question."""

    def digest(self) -> str:
        """Tells a question whose text has changed between two runs of the handler."""
        return sha256(msgspec.json.encode([self.method, self.params], order="deterministic")).hexdigest()[:32]


class Asked(Struct, frozen=True, array_like=True):
    """A question that went out in the round before."""

    key: str
    digest: str


class Recorded(Struct, frozen=True, array_like=True):
    """A question whose answer came in an earlier round."""

    key: str
    digest: str
    answer: Any


class State(Struct, frozen=True, array_like=True):
    """What the client keeps for us between two rounds."""

    round: int = 0
    asked: tuple[Asked, ...] = ()
    recorded: tuple[Recorded, ...] = ()
    nonce: str = ""
    """Set when an answer may authorise a write: a state with a nonce is accepted once."""


class RoundParams(Struct, frozen=True, kw_only=True, rename="camel"):
    """The params of a request that may be a retry; the methods that allow questions inherit from it."""

    input_responses: dict[str, Any] | UnsetType = UNSET
    request_state: str | UnsetType = UNSET


_decode_state = Decoder(State).decode
_PURPOSE = "requestState"


class Round:
    """The answers at hand in one run of a handler, and the questions it still has."""

    def __init__(self, state: State, given: dict[str, Any]) -> None:
        self.state = state
        self.open: dict[str, Question] = {}
        self._given = given
        self._asked = {asked.key: asked.digest for asked in state.asked}
        self._recorded = {record.key: record for record in state.recorded}
        self._used: list[Recorded] = []
        self._count = 0

    def answer(self, question: Question) -> tuple[str, Any]:
        """The key of this question and its answer, None if it has to be asked."""
        self._count += 1
        key = question.key or f"question_{self._count}"
        digest = question.digest()
        record = self._recorded.get(key)
        if record is not None and record.digest == digest:
            return key, record.answer
        given = self._given.get(key)
        if given is None:
            return key, None
        asked = self._asked.get(key)
        unasked = not self.state.round and question.key is not None and not question.authorises
        if asked == digest or unasked:
            return key, given
        return key, None

    def keep(self, key: str, question: Question, answer: Any) -> None:
        """Remember a valid answer for the rounds to come."""
        self._used.append(Recorded(key, question.digest(), answer))

    def ask(self, key: str, question: Question) -> None:
        """Put the question into the input-required result of this run."""
        self.open[key] = question

    def next_state(self, nonce: str) -> State:
        """What to seal into the result that asks; `nonce` is used only where an answer authorises a write."""
        asked = tuple(Asked(key, question.digest()) for key, question in self.open.items())
        guarded = bool(self.state.nonce) or any(question.authorises for question in self.open.values())
        return State(self.state.round + 1, asked, tuple(self._used), nonce if guarded else "")


def begin(call: Call, params: RoundParams, seal: Seal, *, now: float, limit: int) -> Round:
    """The round that a call opens, from its requestState and inputResponses.

    Raises:
        InvalidParams: the state is forged, foreign, too long or expired.
    """
    given = {} if params.input_responses is UNSET else params.input_responses
    if params.request_state is UNSET:
        return Round(State(), given)
    refused = InvalidParams("requestState does not verify; repeat the request without it")
    if len(params.request_state) > limit:
        raise refused
    payload = seal.open(params.request_state, bound=_bound(call), now=now)
    if payload is None:
        raise refused
    return Round(_decode_state(payload), given)


def sealed(state: State, call: Call, seal: Seal, *, expires: float) -> str:
    """The requestState for the client to echo."""
    return seal.close(msgspec.json.encode(state), bound=_bound(call), expires=expires)


def _bound(call: Call) -> tuple[str, ...]:
    original = {name: value for name, value in call.params.items() if name not in _PER_ROUND}
    digest = sha256(msgspec.json.encode(original, order="deterministic")).hexdigest()
    return (_PURPOSE, call.method, digest, call.peer.principal.key)
