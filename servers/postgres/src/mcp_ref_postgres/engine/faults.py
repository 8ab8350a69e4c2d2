"""What the engine, the driver and the network raise, into the errors that a model reads.

Of the engine's own words its message and hint are passed on; never its detail, which quotes rows, nor its context.
"""

import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

from mcp_ref_kit.db.calls.errors import Code, DbError, Scrub, by_word

# By the longest beginning of the SQLSTATE.
_CODES: Mapping[str, Code] = {
    "08": "connection",
    "0A": "unsupported",
    "21": "conflict",
    "22": "invalid_argument",
    "23": "conflict",
    "25": "conflict",
    "25006": "read_only",
    "26": "conflict",
    "28": "connection",
    "2B": "conflict",
    "2D000": "read_only",
    "2F": "read_only",
    "3D000": "connection",
    "3F": "not_found",
    "40": "busy",
    "42": "syntax",
    "42501": "permission",
    "42P01": "not_found",
    "42703": "not_found",
    "42704": "not_found",
    "42883": "not_found",
    "42P02": "invalid_argument",
    "42P18": "invalid_argument",
    "42804": "invalid_argument",
    "42P07": "conflict",
    "42P06": "conflict",
    "42710": "conflict",
    "42701": "conflict",
    "42723": "conflict",
    "53": "busy",
    "53100": "too_large",
    "53200": "too_large",
    "53400": "too_large",
    "25001": "unsupported",
    "54": "too_large",
    "55": "conflict",
    "55P03": "busy",
    "55006": "busy",
    "57014": "timeout",
    "57P": "connection",
    "58": "permission",
    "P0": "conflict",
}
_OWN_WORDS: Mapping[str, str] = {
    # Paths of the engine's machine are in these.
    "58": "The engine could not read or write a file.",
    "XX": "The engine reports an internal error.",
    "28": "The engine refused the login.",
}
_SNAPSHOT = "conflict with recovery"
_CANCELLED = "due to user request"
_RAISED = ("PostgresError", "InterfaceError", "InternalClientError")


def driver_errors() -> tuple[type[Exception], ...]:
    """What the driver raises. It is imported at the first connection; before, it has raised nothing."""
    driver: Any = sys.modules.get("asyncpg")
    # A thread may be importing it just now: so far it has none of them.
    return tuple(getattr(driver, name) for name in _RAISED if hasattr(driver, name))


def broken() -> tuple[type[Exception], ...]:
    """What a connection that went away raises in any of its forms."""
    return (OSError, TimeoutError, *driver_errors())


@contextmanager
def mapped(scrub: Scrub, *, shift: int = 0, length: int | None = None) -> Generator[None]:
    """Turn whatever the engine raises inside into a DbError.

    `shift` is how many characters stand before the caller's text in what the engine parsed; a position that is not in
    the `length` characters of that text is left out.

    Raises:
        DbError
    """
    try:
        yield
    except broken() as error:
        raise fault(error, scrub, shift=shift, length=length) from error


def fault(error: BaseException, scrub: Scrub, *, shift: int = 0, length: int | None = None) -> DbError:
    """The error that a model reads."""
    state = getattr(error, "sqlstate", None)
    if isinstance(error, TimeoutError):
        return DbError("The deadline passed; the statement was cancelled.", code="timeout")
    if not isinstance(state, str):
        return _unreachable(error)
    code = _code(state, str(error))
    words = next((own for beginning, own in _OWN_WORDS.items() if state.startswith(beginning)), None)
    hint = getattr(error, "hint", None)
    return DbError(
        words or _sentence(scrub(getattr(error, "message", None) or str(error))),
        code=code,
        hint=scrub(hint) if hint and words is None else None,
        position=_position(getattr(error, "position", None), shift, length),
        engine_code=state,
    )


def is_lost(error: BaseException) -> bool:
    """Whether the connection is gone, rather than the statement wrong."""
    state = getattr(error, "sqlstate", None)
    if isinstance(error, DbError):
        return error.code == "connection"
    return state is None or state.startswith(("08", "57P"))


def _code(state: str, words: str) -> Code:
    if state == "57014" and _CANCELLED in words:
        return "cancelled"
    if _SNAPSHOT in words:
        return "busy"
    return by_word(_CODES, state, "unsupported")


def _unreachable(error: BaseException) -> DbError:
    """The network and the driver say where they failed; a caller learns only that they did."""
    if type(error).__name__ == "UnsupportedClientFeatureError":
        return DbError(
            "A value of such a type cannot be sent or read here.", code="unsupported", hint="Cast it to text."
        )
    reason = "refused the connection" if isinstance(error, ConnectionRefusedError) else "cannot be reached"
    return DbError(f"The database {reason}.", code="connection", hint="The next call tries again.")


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def _position(given: Any, shift: int, length: int | None) -> int | None:
    if given is None or not str(given).isdecimal():
        return None
    position = int(given) - shift
    return position if position >= 1 and (length is None or position <= length + 1) else None
