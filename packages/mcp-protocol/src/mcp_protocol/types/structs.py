"""What every shape on the wire is made of: the Struct they extend, metadata, icons, annotations, identities.

One superset Struct stands for all five revisions of a schema definition; `wire` leaves out what a revision lacks.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

RequestId = str | int
Number = int | float  # what was written whole is written whole again
Role = Literal["user", "assistant"]
CacheScope = Literal["public", "private"]
LoggingLevel = Literal["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"]

# A token is echoed in every progress message: a long one would multiply.
ProgressToken = Annotated[str, Meta(max_length=1024)] | int


def _wire_name(name: str) -> str:
    if name == "meta":
        return "_meta"
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


class Wire(Struct, frozen=True, kw_only=True, omit_defaults=True, rename=_wire_name):
    """The form of all that goes over the wire: camelCase names, absent when unset, unknown members ignored."""


class Annotations(Wire, frozen=True, kw_only=True):
    """For whom a piece of content is meant, how much it matters (0 to 1), when it last changed (ISO 8601)."""

    audience: list[Role] | None = None
    priority: float | None = None
    last_modified: str | None = None


class Icon(Wire, frozen=True):
    """One picture that a client may show; `sizes` are like "48x48" or "any"."""

    src: str
    mime_type: str | None = None
    sizes: list[str] | None = None
    theme: Literal["light", "dark"] | None = None


class Implementation(Wire, frozen=True, kw_only=True):
    """The name and version of a client or server: for display and logs, never for decisions."""

    name: str
    version: str
    title: str | None = None
    description: str | None = None
    website_url: str | None = None
    icons: list[Icon] | None = None


class Params(Wire, frozen=True, kw_only=True):
    """Parameters of a request or notification."""

    meta: dict[str, Any] | None = None


class PaginatedParams(Params, frozen=True, kw_only=True):
    """Parameters of a list method."""

    cursor: str | None = None


class Result(Wire, frozen=True, kw_only=True):
    """The answer to a request; `meta` comes first on the wire, where the encoder can splice into it."""

    meta: dict[str, Any] | None = None


class CacheableResult(Result, frozen=True, kw_only=True):
    """An answer that a 2026-07-28 client may keep for `ttl_ms`, for itself ("private") or for everyone."""

    ttl_ms: int | None = None
    cache_scope: CacheScope | None = None


class PaginatedResult(CacheableResult, frozen=True, kw_only=True):
    """One page of a list; no `next_cursor` means the end, an empty one does not."""

    next_cursor: str | None = None
