"""What lives as long as the server does."""

from dataclasses import dataclass, field
from typing import TypeAlias

from mcp_protocol import Context
from mcp_ref_git.settings import Settings


@dataclass
class State:
    """The settings, and the notes by title."""

    settings: Settings
    notes: dict[str, str] = field(default_factory=dict[str, str])


Ctx: TypeAlias = Context[State]
