"""Questions across rounds: what counts as an answer, what a sealed state holds, and what it refuses."""

from typing import Any

import pytest
from msgspec import UNSET

from mcp_protocol.errors import InvalidParams
from mcp_protocol.revisions import Revision
from mcp_protocol.session import rounds
from mcp_protocol.session.calls import LOCAL, Call, Peer, Principal
from mcp_protocol.session.rounds import Question, Round, RoundParams
from mcp_protocol.session.seal import Seal
from mcp_protocol.types import ClientCapabilities

SEAL = Seal(b"k" * 32)
NAME = Question(method="elicitation/create", params={"message": "Name?"}, key="user_name")
NUMBERED = Question(method="elicitation/create", params={"message": "Sure?"})
DELETE = Question(method="elicitation/create", params={"message": "Delete?"}, key="confirm", authorises=True)
YES = {"action": "accept"}


def call(arguments: Any = None, *, method: str = "tools/call", principal: Principal = LOCAL, **extra: Any) -> Call:
    peer = Peer(
        revision=Revision.V2026_07_28, capabilities=ClientCapabilities(), principal=principal, transport="memory"
    )
    params: dict[str, Any] = {"name": "t", "arguments": arguments or {}}
    return Call(id=1, method=method, params=params | extra, peer=peer)


def begin(of: Call, state: str | None = None, answers: dict[str, Any] | None = None, now: float = 0) -> Round:
    params = RoundParams(
        request_state=UNSET if state is None else state,
        input_responses=UNSET if answers is None else answers,
    )
    return rounds.begin(of, params, SEAL, now=now, limit=65536)


def asked(of: Call, *questions: Question) -> str:
    first = begin(of)
    for question in questions:
        key, answer = first.answer(question)
        assert answer is None
        first.ask(key, question)
    return rounds.sealed(first.next_state("nonce"), of, SEAL, expires=600)


def test_a_numbered_question_is_answered_by_the_retry() -> None:
    state = asked(call(), NUMBERED)
    assert begin(call(), state, {"question_1": YES}).answer(NUMBERED) == ("question_1", YES)


def test_answers_of_earlier_rounds_come_from_the_state() -> None:
    second = begin(call(), asked(call(), NAME), {"user_name": YES})
    key, answer = second.answer(NAME)
    assert answer is not None
    second.keep(key, NAME, answer)
    second.ask(second.answer(NUMBERED)[0], NUMBERED)
    state = rounds.sealed(second.next_state(""), call(), SEAL, expires=600)
    third = begin(call(), state, {"question_2": YES})
    assert third.answer(NAME) == ("user_name", YES)
    assert third.answer(NUMBERED) == ("question_2", YES)


def test_an_answer_without_state_counts_only_for_a_key_the_author_chose() -> None:
    assert begin(call(), None, {"user_name": YES}).answer(NAME) == ("user_name", YES)
    assert begin(call(), None, {"question_1": YES}).answer(NUMBERED) == ("question_1", None)


def test_m2_an_answer_without_state_never_authorises() -> None:
    assert begin(call(), None, {"confirm": YES}).answer(DELETE) == ("confirm", None)


def test_a_question_whose_text_has_changed_is_asked_anew() -> None:
    changed = Question(method=NAME.method, params={"message": "Your name?"}, key="user_name")
    assert begin(call(), asked(call(), NAME), {"user_name": YES}).answer(changed) == ("user_name", None)


def test_m2_unknown_keys_are_ignored_and_missing_ones_asked_again() -> None:
    second = begin(call(), asked(call(), NAME), {"other": YES})
    assert second.answer(NAME) == ("user_name", None)


def test_only_a_state_that_guards_a_write_has_a_nonce() -> None:
    assert begin(call(), asked(call(), DELETE)).state.nonce == "nonce"
    assert begin(call(), asked(call(), NAME)).state.nonce == ""


@pytest.mark.parametrize(
    "other",
    [
        call({"path": "b"}),
        call({"path": "a"}, method="prompts/get"),
        call({"path": "a"}, principal=Principal("issuer", "bob")),
        call({"path": "a"}, name="u"),
    ],
)
def test_m1_a_state_of_another_request_or_caller_is_refused(other: Call) -> None:
    state = asked(call({"path": "a"}), NAME)
    with pytest.raises(InvalidParams):
        begin(other, state)


def test_m1_an_expired_or_overlong_state_is_refused() -> None:
    state = asked(call(), NAME)
    with pytest.raises(InvalidParams):
        begin(call(), state, now=601)
    with pytest.raises(InvalidParams):
        begin(call(), state + "A" * 70000)


def test_the_retry_may_spell_its_arguments_in_another_order() -> None:
    state = asked(call({"a": 1, "b": 2}), NAME)
    assert begin(call({"b": 2, "a": 1}, _meta={"progressToken": 3}), state).state.round == 1
