"""The headers that repeat a request's body on HTTP (2026-07-28, "Request Metadata"). Pure."""

import re
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, cast

from mcp_protocol.schema import Mirrored

# Visible ASCII, with blanks only inside.
_PLAIN = re.compile(r"(?:[!-~](?:[ -~\t]*[!-~])?)?")


def encoded(value: str) -> str:
    """The value as a header can carry it: itself, or its UTF-8 as base64 between the two marks."""
    looks_encoded = value.startswith("=?base64?") and value.endswith("?=")
    if _PLAIN.fullmatch(value) and not looks_encoded:
        return value
    return f"=?base64?{b64encode(value.encode('utf-8', 'replace')).decode()}?="


def param_headers(mirrored: tuple[Mirrored, ...], arguments: Mapping[str, Any]) -> dict[str, str]:
    """`Mcp-Param-*` for the arguments that are there and not null."""
    found = {f"Mcp-Param-{one.header}": _at(arguments, one.path) for one in mirrored}
    return {header: _text(value) for header, value in found.items() if value is not None}


def _at(arguments: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        if not isinstance(arguments, Mapping):
            return None
        arguments = cast("Mapping[str, Any]", arguments).get(name)
    return arguments


def _text(value: Any) -> str:
    return ("false", "true")[value] if isinstance(value, bool) else str(value)
