"""What a server says of itself when it is asked whether it works. Inert data."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from msgspec import Struct


class Finding(Struct, frozen=True):
    """One thing that was looked at."""

    subject: str
    works: bool
    detail: str = ""


Check = Callable[[Any, Any], Awaitable[Sequence[Finding]]]
"""A server's own check: given its settings and its state, it says what works. Also behind `GET /ready`."""
