"""What one source says about one setting, and the value it amounts to."""

import os
from pathlib import Path
from typing import Any

from msgspec import Struct

from mcp_protocol.errors import SettingsError
from mcp_ref_kit.settings.fields import Field

# A token or a key is shorter; a larger file is a mistake and is not read into memory.
_MOST_SECRET_BYTES = 64 * 1024
_MOST_SHOWN = 80


class Given(Struct, frozen=True, kw_only=True):
    """The texts of one setting from one source."""

    texts: list[str]
    where: str
    """How a complaint names it: "`--port`", "`port` in settings.toml"."""
    source: str
    """How a report names it: "--port", "MCP_PORT", "settings.toml"."""
    names_file: bool = False
    """The text is the name of a file that holds the secret."""


def value_of(field: Field, given: Given) -> Any:
    """The typed value of what was given.

    Raises:
        SettingsError: it is not of the field's type, or out of its bounds.
    """
    texts = [part for text in given.texts for part in _parts(field, text)]
    if given.names_file:
        texts = [_secret_text(text, given.where) for text in texts]
    values = [_read(field, text, given.where) for text in texts]
    return values[0] if field.many is None else field.many(values)


def _parts(field: Field, text: str) -> list[str]:
    if field.many is None or field.marker.separator is None:
        return [text]
    return [part for part in (part.strip() for part in text.split(field.marker.separator)) if part]


def _read(field: Field, text: str, where: str) -> Any:
    try:
        value = field.kind.read(text)
    except ValueError as error:
        raise SettingsError(f"{where} {error}, got {_shown(text)}.") from None
    if isinstance(value, (int, float)):
        _check(field.low, field.high, value, f"{where} must be", text.strip())
    if isinstance(value, str) or field.secret:
        _check(field.shortest, field.longest, len(text), f"The length of {where} must be", str(len(text)))
    return value


def _check(low: float | None, high: float | None, value: float, start: str, shown: str) -> None:
    if (low is None or value >= low) and (high is None or value <= high):
        return
    if low is None or high is None:
        span = f"at least {low}" if high is None else f"at most {high}"
    else:
        span = f"between {low} and {high}"
    raise SettingsError(f"{start} {span}, got {shown}.")


def _shown(text: str) -> str:
    return ascii(text) if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]!a} and {len(text)} characters in all"


def _secret_text(name: str, where: str) -> str:
    """The text in a file of secrets, without the newline that editors add."""
    try:
        # Non-blocking, so that a pipe without a writer is an empty file and not a wait without end.
        handle = os.open(Path(name), os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
        with os.fdopen(handle, "rb") as file:
            data = file.read(_MOST_SECRET_BYTES + 1)
        text = (data or b"").decode()
    except (OSError, ValueError) as error:
        raise SettingsError(f"{where} names a file that cannot be read: {reason(error)}.") from None
    if len(text) > _MOST_SECRET_BYTES or not text.strip():
        raise SettingsError(f"{where} names a file that is {'empty' if not text.strip() else 'too large'}.")
    return text.rstrip("\r\n")


def reason(error: Exception) -> str:
    """Why a file could not be read, in the system's words and without its path."""
    if isinstance(error, OSError):
        return (error.strerror or "input/output error").lower()
    return "it is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else "its name is not valid"
