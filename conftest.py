"""How Hypothesis works in this repository: no deadline on shared machines, and the same examples in every CI run."""

import os

from hypothesis import settings

settings.register_profile("free", deadline=None)
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable" if "MCP_TEST_REQUIRE" in os.environ else "free")
