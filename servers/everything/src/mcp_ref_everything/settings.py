"""What the operator of the fixture server decides: that all its tools are there."""

from typing import Annotated

from msgspec import Struct

from mcp_protocol import arg
from mcp_ref_kit import Mode


class Settings(Struct, frozen=True, kw_only=True):
    """Suites call the tools that ask before a write, too."""

    mode: Annotated[Mode, arg("How much the tools may change; nothing is ever changed.")] = "read-write"
