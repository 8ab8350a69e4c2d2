"""The probes as ASGI applications: what a check that fails, hangs or is asked too often does to them."""

import asyncio
from collections.abc import Mapping
from typing import Any

from mcp_protocol.transports.http.asgi import Application
from mcp_ref_kit.http.health import probes


async def status(probe: Application) -> int:
    sent: list[Mapping[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(event: Mapping[str, Any]) -> None:
        sent.append(event)

    await probe({"type": "http", "method": "GET", "path": "/ready", "headers": []}, receive, send)
    return sent[0]["status"]


async def test_a_check_that_raises_means_not_ready() -> None:
    async def ready() -> bool:
        raise ConnectionError("postgres://ann:hunter22@db")

    assert await status(probes(ready)["/ready"]) == 503


async def test_a_thousand_questions_are_one_check() -> None:
    asked: list[int] = []

    async def ready() -> bool:
        asked.append(1)
        await asyncio.sleep(0)
        return True

    probe = probes(ready)["/ready"]
    async with asyncio.TaskGroup() as group:
        answers = [group.create_task(status(probe)) for _ in range(1000)]
    assert {answer.result() for answer in answers} == {200}
    assert len(asked) == 1


async def test_health_asks_nothing() -> None:
    async def ready() -> bool:
        raise AssertionError

    assert await status(probes(ready)["/health"]) == 200
