"""What a test does when a tool it needs is not on this machine."""

import os
from typing import NoReturn

import pytest


def missing(what: str) -> NoReturn:
    """Skip, with the reason; under MCP_TEST_REQUIRE=all fail instead, so that CI cannot pass by having nothing."""
    if os.environ.get("MCP_TEST_REQUIRE") == "all":
        pytest.fail(f"{what} (and MCP_TEST_REQUIRE=all allows no skip)")
    pytest.skip(what)
