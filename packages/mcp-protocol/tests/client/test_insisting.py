"""A client that wants one revision and no other, of a server that does not know what it speaks."""

from typing import Any

import pytest

from mcp_protocol.client import Client, RemoteError
from tests.scripted import DISCOVERED, Message, Scripted, error, result


class Undecided(Scripted):
    """Refuses the first discoveries, with this data."""

    def __init__(self, data: Any, times: int) -> None:
        super().__init__(lambda _: [])
        self._data, self._times = data, times

    def _opening(self, message: Message) -> list[Message]:
        if len(self.sent) <= self._times:
            return [error(message, -32022, data=self._data)]
        return [result(message, DISCOVERED)]


async def test_a_revision_that_is_refused_and_yet_offered_is_asked_for_once_more() -> None:
    server = Undecided({"supported": ["2026-07-28"], "requested": "2026-07-28"}, 1)
    async with Client(server, revision="2026-07-28") as client:
        assert client.revision == "2026-07-28"
    assert len(server.sent) == 2


@pytest.mark.parametrize(
    ("data", "asked"), [({"supported": ["2030-01-01"]}, 1), (None, 1), ({"supported": ["2026-07-28"]}, 2)]
)
async def test_it_is_not_asked_for_in_vain(data: Any, asked: int) -> None:
    server = Undecided(data, 9)
    with pytest.raises(RemoteError):
        async with Client(server, revision="2026-07-28"):
            pass
    assert len(server.sent) == asked
