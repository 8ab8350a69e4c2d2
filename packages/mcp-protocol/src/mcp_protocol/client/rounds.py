"""A request that the server may answer with questions of its own (2026-07-28, multi round-trip requests)."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import Raw

from mcp_protocol.client.answers import Answers, answer
from mcp_protocol.client.exchange import Exchange, Extras
from mcp_protocol.client.remote import read_result, result_kind
from mcp_protocol.errors import MethodNotFound, RemoteProtocolError
from mcp_protocol.types import InputRequest, InputRequiredResult
from mcp_protocol.types.wire import encode_params

_MOST = 10


async def ask(
    exchange: Exchange,
    answers: Answers,
    method: str,
    params: Mapping[str, Any],
    extras: Extras,
    keep: Callable[[Raw], None] | None = None,
) -> Raw:
    """The final result: questions are answered and the request is repeated, at most ten times.

    `keep` is told of a result that came without questions: others depend on more than the params.

    Raises:
        RemoteProtocolError: the server asks on and on, or what it was not offered.
        McpError: whatever a request raises.
    """
    result = await exchange.request(method, params, extras)
    if keep and result_kind(result) == "complete":
        keep(result)
    for _ in range(_MOST):
        if result_kind(result) != "input_required":
            return result
        asked = read_result(InputRequiredResult, result)
        # Only this request is repeated with them, under a new id, and the state goes back as it came.
        again: dict[str, Any] = dict(params)
        if asked.input_requests:
            again["inputResponses"] = {
                key: await answered(exchange, answers, question) for key, question in asked.input_requests.items()
            }
        if asked.request_state is not None:
            again["requestState"] = asked.request_state
        result = await exchange.request(method, again, extras)
    if result_kind(result) != "input_required":
        return result
    raise RemoteProtocolError(f"The server has asked {_MOST} times without an answer of its own")


async def answered(exchange: Exchange, answers: Answers, question: InputRequest) -> Raw:
    """What the callbacks say to one question, as it goes back.

    Raises:
        RemoteProtocolError: it is a question that this client never offered to answer.
    """
    try:
        found = await answer(answers, question.method, msgspec.json.decode(question.params or b"{}"))
    except MethodNotFound as error:
        raise RemoteProtocolError(f"The server asks for {question.method}, which it was not offered") from error
    return Raw(encode_params(found, exchange.revision))
