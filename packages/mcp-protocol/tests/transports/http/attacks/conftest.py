"""The standing oracle, and the call that must never run."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

HIDDEN = "hidden"


@pytest.fixture(autouse=True)
def oracle(server: Any, signals: Any) -> Iterator[None]:
    """After each case the server answers, and nothing ran that should not have."""
    yield
    server.assert_alive()
    assert HIDDEN not in signals.calls


@pytest.fixture
def hidden(server: Any) -> Callable[..., bytes]:
    """A call that must never run, with headers of the test's own."""

    def call(**headers: Any) -> bytes:
        return server.call("echo", headers=headers, text=HIDDEN)

    return call
