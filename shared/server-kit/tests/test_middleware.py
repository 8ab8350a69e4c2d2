"""The layers around a call, through the protocol, in both eras."""

import json
import logging

import pytest
from tiny_server import Settings, server

from mcp_protocol import Options
from mcp_protocol.testing import RpcError, connect
from mcp_ref_kit import CommonSettings, Rate
from mcp_ref_kit.logs.lines import request_id
from mcp_ref_kit.middleware import layers

each_revision = pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])


def options(**settings: object) -> Options:
    common = CommonSettings(**settings)  # pyright: ignore[reportArgumentType]  each test gives one
    return Options(middleware=layers(common, clock=lambda: 0.0))


@each_revision
async def test_a_call_beyond_the_rate_is_told_when_to_come_back(revision: str) -> None:
    async with connect(server, Settings(), revision=revision, options=options(rate_limit=Rate(2, 60))) as client:
        results = [await client.call("echo", text="hi") for _ in range(3)]
        listed = await client.list("tools")
        with pytest.raises(RpcError, match="Too many calls; the next one is possible in 30 s"):
            await client.read("tiny:///words")
    assert [result.is_error for result in results] == [False, False, True]
    assert results[2].error_code == "rate_limited"
    assert "Try again in 30 s." in results[2].text
    assert results[2].raw["_meta"]["mcp-ref/error"]["retryable"] is True
    assert listed  # lists cost nothing


@each_revision
async def test_a_long_result_is_cut_and_says_so(revision: str) -> None:
    async with connect(server, Settings(), revision=revision, options=options(max_output_chars=1000)) as client:
        long = await client.call("echo", text="é" * 5000)
        short = await client.call("echo", text="é" * 1000)
    assert long.text.startswith("é" * 1000 + "\n[1000 of 5000 characters.")
    assert long.data == {"result": long.text}
    assert short.text == "é" * 1000


async def test_a_server_that_bounds_its_results_itself_is_left_to_it() -> None:
    common = CommonSettings(max_output_chars=1000)
    own = Options(middleware=layers(common, budget=False))
    async with connect(server, Settings(), options=own) as client:
        result = await client.call("echo", text="é" * 5000)
    assert result.text == "é" * 5000


async def test_each_line_that_a_call_logs_carries_its_name(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[str] = []

    class Note(logging.Filter):
        def filter(self, record: logging.LogRecord) -> bool:
            del record
            seen.append(request_id.get())
            return True

    caplog.handler.addFilter(Note())
    async with connect(server, Settings(), options=options()) as client:
        with pytest.raises(RpcError, match="Internal error") as caught:
            await client.call("fail")
    assert len(seen) == 1
    assert seen[0] in caught.value.message
    assert json.dumps(caught.value.data) == "null"
