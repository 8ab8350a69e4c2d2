"""What the operator of the server decides."""

from typing import Annotated

from msgspec import Struct

from mcp_protocol import arg


class Settings(Struct, frozen=True, kw_only=True):
    """Each field is a flag, an environment variable and a config key."""

    limit: Annotated[int, arg("The most notes that are kept.", ge=1, le=10_000)] = 100
