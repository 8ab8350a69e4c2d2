"""For all tests: Hypothesis is repeatable in CI; what servers send is held against the official models."""

import os
from collections.abc import Generator

import pytest
from hypothesis import settings

from tests.wiretap import tapped

settings.register_profile("free", deadline=None)
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable" if "MCP_TEST_REQUIRE" in os.environ else "free")


@pytest.fixture(autouse=True)
def official_models() -> Generator[None]:
    """Every message of a server on a connection in memory is one that its revision has."""
    with tapped():
        yield
