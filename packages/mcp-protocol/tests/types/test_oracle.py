"""What the wire emits for each of the five revisions, against the models of the official Python SDK.

The SDK has one set of models for all legacy revisions; what the older ones lack is held against the official JSON
schemas in `wire.golden.json` (see `test_wire`).
"""

import json
from functools import cache
from typing import Any

import mcp_types._v2026_07_28 as modern
import pytest
from mcp_types import methods
from pydantic import BaseModel, TypeAdapter

from mcp_protocol.encoding import encode
from mcp_protocol.revisions import LATEST, LATEST_LEGACY, LEGACY, Revision
from mcp_protocol.types import Wire
from mcp_protocol.types.lifecycle import CLIENT_CAPABILITIES, CLIENT_INFO, PROTOCOL_VERSION
from mcp_protocol.types.wire import encode_params, encode_result
from tests import wire_samples as samples

SERVER_INFO = encode(samples.SOMEBODY)


def checked(target: Any, message: dict[str, Any], revision: Revision) -> None:
    """The model takes the message; where it was made for the revision, it has a field for every member."""
    found = adapter(target).validate_python(message)
    assert isinstance(found, BaseModel)
    if revision in {LATEST, LATEST_LEGACY}:
        assert found.model_dump(mode="json", by_alias=True, exclude_unset=True) == message


@cache
def adapter(target: Any) -> TypeAdapter[Any]:
    return TypeAdapter(target)


def fitted(value: Wire, revision: Revision) -> dict[str, Any]:
    return json.loads(encode_params(value, revision))


@pytest.mark.parametrize("revision", Revision)
@pytest.mark.parametrize("name", [*samples.RESULTS, *samples.LEGACY_RESULTS, *samples.MODERN_RESULTS])
def test_results_are_what_the_method_answers_in_that_revision(name: str, revision: Revision) -> None:
    more = samples.LEGACY_RESULTS if revision in LEGACY else samples.MODERN_RESULTS
    result = (samples.RESULTS | more).get(name)
    target = methods.SERVER_RESULTS.get((name.partition(" ")[0], revision))
    if result is not None:
        data = encode_result(result, revision, server_info=SERVER_INFO)
        checked(target, json.loads(data), revision)
        assert encode_result(data, revision, server_info=SERVER_INFO) == data


@pytest.mark.parametrize("revision", Revision)
@pytest.mark.parametrize("method", [*samples.NOTICES, *samples.MODERN_NOTICES])
def test_notifications_are_those_of_the_revision(method: str, revision: Revision) -> None:
    params = (samples.NOTICES | samples.MODERN_NOTICES)[method]
    target = methods.SERVER_NOTIFICATIONS.get((method, revision))
    if target is not None:
        checked(target, {"jsonrpc": "2.0", "method": method, "params": fitted(params, revision)}, revision)


@pytest.mark.parametrize("revision", LEGACY)
@pytest.mark.parametrize("method", samples.QUESTIONS)
def test_questions_of_a_legacy_server_are_those_of_the_revision(method: str, revision: Revision) -> None:
    target = methods.SERVER_REQUESTS.get((method, revision))
    if target is not None:
        params = fitted(samples.QUESTIONS[method], revision)
        checked(target, {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}, revision)


def test_questions_of_a_modern_server_fit_into_an_input_required_result() -> None:
    questions = {
        method: {"method": method, "params": fitted(params, LATEST)} for method, params in samples.QUESTIONS.items()
    }
    checked(modern.InputRequiredResult, {"resultType": "input_required", "inputRequests": questions}, LATEST)


@pytest.mark.parametrize("revision", LEGACY)
@pytest.mark.parametrize("method", samples.ANSWERS)
def test_answers_of_a_legacy_client_are_those_of_the_revision(method: str, revision: Revision) -> None:
    target = methods.CLIENT_RESULTS.get((method, revision))
    if target is not None:
        checked(target, fitted(samples.ANSWERS[method], revision), revision)


def test_answers_of_a_modern_client_fit_into_the_next_request() -> None:
    answers = {method: fitted(answer, LATEST) for method, answer in samples.ANSWERS.items()}
    params = {"name": "t", "inputResponses": answers, "_meta": envelope()}
    checked(modern.CallToolRequestParams, params, LATEST)


@pytest.mark.parametrize("revision", Revision)
@pytest.mark.parametrize("method", samples.REQUESTS)
def test_requests_are_those_of_the_revision(method: str, revision: Revision) -> None:
    target = methods.CLIENT_REQUESTS.get((method, revision))
    params = fitted(samples.REQUESTS[method], revision)
    if revision is LATEST:
        params["_meta"] = envelope()
    if target is not None:
        checked(target, {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}, revision)


def envelope() -> dict[str, Any]:
    return {
        PROTOCOL_VERSION: LATEST,
        CLIENT_CAPABILITIES: fitted(samples.CLIENT, LATEST),
        CLIENT_INFO: fitted(samples.SOMEBODY, LATEST),
    }
