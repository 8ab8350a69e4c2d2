"""`Mcp-Param-*`: headers that repeat annotated arguments, and the check that both say the same. Pure."""

from typing import Any, cast

from mcp_protocol.errors import HeaderMismatch
from mcp_protocol.schema import Mirrored
from mcp_protocol.session.calls import Head
from mcp_protocol.session.inbound import decoded_header

# Integers that mirror are within 2^53 (RFC 8259, section 6): a header of 5,000 digits is not worth parsing.
_LONGEST_NUMBER = 20


def check_params(mirrored: tuple[Mirrored, ...], arguments: Any, head: Head) -> None:
    """Compare headers and arguments (2026-07-28 transports, "Custom headers from tool parameters").

    Raises:
        HeaderMismatch: one is there without the other, or they differ.
    """
    for one in mirrored:
        value = _at(arguments, one.path)
        raw = head.params.get(one.header.lower())
        if (raw is None) != (value is None) or (raw is not None and not _same(value, decoded_header(raw))):
            raise HeaderMismatch(f"Mcp-Param-{one.header} must equal the argument {'.'.join(one.path)}")


def _at(arguments: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        if not isinstance(arguments, dict):
            return None
        arguments = cast("dict[str, Any]", arguments).get(name)
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
    return len(digits) <= _LONGEST_NUMBER and int(whole) == value
