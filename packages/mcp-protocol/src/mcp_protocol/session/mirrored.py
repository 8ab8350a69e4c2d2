"""`Mcp-Param-*`: headers that repeat annotated arguments, and the check that both say the same. Pure."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Raw, Struct

from mcp_protocol.errors import HeaderMismatch
from mcp_protocol.session.calls import Head
from mcp_protocol.session.inbound import decoded_header


class Mirrored(Struct, frozen=True):
    """One argument with `x-mcp-header`: its path of property names, and the header's suffix in lower case."""

    path: tuple[str, ...]
    header: str


def check_params(mirrored: tuple[Mirrored, ...], arguments: Raw, head: Head) -> None:
    """Compare headers and arguments (2026-07-28 transports, "Custom headers from tool parameters").

    Raises:
        HeaderMismatch: one is there without the other, or they differ.
    """
    decoded: Any = msgspec.json.decode(arguments) if arguments else {}
    for one in mirrored:
        value = _at(decoded, one.path)
        raw = head.params.get(one.header)
        if (raw is None) != (value is None) or (raw is not None and not _same(value, decoded_header(raw))):
            raise HeaderMismatch(f"Mcp-Param-{one.header} must equal the argument {'.'.join(one.path)}")


def _at(arguments: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        if not isinstance(arguments, Mapping):
            return None
        arguments = arguments.get(name)
    return arguments


def _same(value: Any, header: str | None) -> bool:
    if header is None:
        return False
    if isinstance(value, bool):
        return header == ("true" if value else "false")
    if isinstance(value, int | float):
        return _same_number(value, header)
    return value == header


def _same_number(value: float, header: str) -> bool:
    whole, _, fraction = header.partition(".")
    digits = whole.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()) or fraction.strip("0") or header.endswith("."):
        return False
    # A 5,000-digit header is not worth parsing: integers that mirror are within 2^53 (RFC 8259, section 6).
    return len(digits) <= 20 and int(whole) == value
