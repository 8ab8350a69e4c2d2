"""What the results of the tools have in common."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any, Literal, TypeVar

import msgspec
from msgspec import Struct

from mcp_ref_fetch.pages.chunks import MOST_BYTES
from mcp_ref_fetch.pages.snapshot import Snapshot

Entry = TypeVar("Entry")
# Of one answer, with room for what is said beside it.
_LIST_BYTES = MOST_BYTES - 1024


class Truncation(Struct, frozen=True):
    """Why a result was cut, how much is in it, and how much there is."""

    reason: Literal["length", "limit", "bytes", "time"]
    shown: int
    total: int | None = None


def fitting(entries: Sequence[Entry]) -> Sequence[Entry]:
    """As many entries of a list as one answer holds, and one at least."""
    sizes = accumulate(len(msgspec.json.encode(entry)) for entry in entries)
    return entries[: max(1, sum(size <= _LIST_BYTES for size in sizes))]


def about(snapshot: Snapshot) -> dict[str, Any]:
    """What is known of a page, as fields of a result; what is not known is left out."""
    known = {
        "title": snapshot.title,
        "description": snapshot.description,
        "language": snapshot.language,
        "published": snapshot.published,
        "charset": snapshot.charset,
        "etag": snapshot.etag,
        "last_modified": snapshot.last_modified,
    }
    return {
        "final_url": snapshot.final_url,
        "redirects": snapshot.redirects,
        "downgraded": snapshot.downgraded,
        "status": snapshot.status,
        "content_type": snapshot.content_type,
        "fetched_at": snapshot.fetched_at,
        "robots": snapshot.robots,
        "bytes": snapshot.bytes,
        **{name: value for name, value in known.items() if value is not None},
    }
