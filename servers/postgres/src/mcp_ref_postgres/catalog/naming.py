"""Names of objects as callers write them: `table`, `schema.table`, quoted or not. Pure."""

from collections.abc import Iterator

from mcp_ref_kit.db.calls.errors import bad_argument

_PARTS = 2
_LONGEST = 260


def parsed(text: str, argument: str = "name") -> tuple[str | None, str]:
    """Schema, if one is named, and name. A database before them is passed over.

    Raises:
        DbError: `invalid_argument`.
    """
    parts = list(_parts(text.strip(), argument))
    if len(text) > _LONGEST or not 1 <= len(parts) <= _PARTS + 1 or not all(parts):
        raise bad_argument(argument, 'must be a name such as orders, shop.orders or "Odd name"')
    return (parts[-2] if len(parts) > 1 else None), parts[-1]


def like(glob: str) -> str:
    """A glob of * and ? as the pattern of LIKE."""
    escaped = "".join(f"\\{each}" if each in "\\%_" else each for each in glob)
    return escaped.replace("*", "%").replace("?", "_")


def _parts(text: str, argument: str) -> Iterator[str]:
    rest = text
    while True:
        if rest.startswith('"'):
            part, rest = _quoted(rest, argument)
        else:
            part, dot, rest = rest.partition(".")
            rest = dot + rest
        yield part.strip()
        if not rest.startswith("."):
            if rest.strip():
                raise bad_argument(argument, "has something after a quoted name")
            return
        rest = rest[1:].lstrip()


def _quoted(text: str, argument: str) -> tuple[str, str]:
    at, found = 1, ""
    while True:
        end = text.find('"', at)
        if end < 0:
            raise bad_argument(argument, "has a quote that is never closed")
        found += text[at:end]
        if text[end + 1 : end + 2] != '"':
            return found, text[end + 1 :]
        found, at = found + '"', end + 2
