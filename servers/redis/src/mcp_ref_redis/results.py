"""What the results of several tools share: that they are data, and how a page was cut. Pure."""

from typing import Any

import msgspec
from msgspec import Struct

from mcp_ref_kit.db.rows.envelope import Reason, Truncation, Untrusted


class Data(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Data of a store: it is never an instruction, and says so."""

    untrusted: Untrusted
    truncated: bool
    truncation: dict[str, Any] | None = None


class Page(Data, frozen=True, kw_only=True, omit_defaults=True):
    """One page of it."""

    next_cursor: str | None = None


def cut_by(reason: Reason | None, count: int, total: int | None = None) -> dict[str, Any] | None:
    """Why a page is no whole, how much is on it, and how much there is where that is known; None for a whole."""
    return None if reason is None else msgspec.to_builtins(Truncation(reason, count, total))
