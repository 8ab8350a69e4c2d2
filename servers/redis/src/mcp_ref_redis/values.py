"""Keys and values both ways: arguments as bytes, bytes as what JSON can hold. Pure."""

import base64
import math
import sys
from array import array
from typing import Any, cast

import msgspec

from mcp_ref_kit.db.calls.errors import bad_argument
from mcp_ref_kit.db.rows.cells import BASE64, Cells, bound

FLOAT32 = "$float32"
MOST_NAME = 4096
# As many as the modules take.
MOST_DIMENSIONS = 32_768
# Continuation bytes of UTF-8 look like this under this mask; a letter has at most three of them.
_MASK, _CONTINUATION, _MOST_CONTINUATIONS = 0xC0, 0x80, 3
# The first bytes of letters of three and of four bytes (RFC 3629).
_THREE, _FOUR = 0xE0, 0xF0


# A text, or bytes as {"$base64": "..."}; judged here, where a schema for it would cost every list of tools a page.
Given = str | dict[str, Any]


def bytes_of(name: str, value: Any) -> bytes:
    """The bytes of a key or value as a caller gives it.

    Raises:
        DbError: `invalid_argument`.
    """
    given: Any = bound(name, value)
    if isinstance(given, str):
        return given.encode()
    if isinstance(given, bytes):
        return given
    if isinstance(given, dict) and list(cast("dict[str, Any]", given)) == [FLOAT32]:
        return floats(name, given[FLOAT32])
    words = f'must be a text, {{"{BASE64}": "..."}} or {{"{FLOAT32}": [...]}}'
    raise bad_argument(name, words, hint="Give JSON and numbers as their text.")


def scalar_of(name: str, value: Any) -> bytes:
    """The same where a number stands for its text, as in the fields of a hash.

    Raises:
        DbError: `invalid_argument`.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return msgspec.json.encode(value)
    return bytes_of(name, value)


def floats(name: str, values: Any) -> bytes:
    """A vector as the search module reads it: 32-bit floats, little-endian.

    Raises:
        DbError: `invalid_argument`.
    """
    try:
        packed = array("f", values)
    except (TypeError, OverflowError) as error:
        raise bad_argument(name, "must be a list of numbers") from error
    if not all(map(math.isfinite, packed)):
        raise bad_argument(name, "must hold finite numbers that 32 bits can hold")
    return _little(packed).tobytes()


def unpacked(data: bytes) -> list[Any] | None:
    """The numbers of such a vector, in the nine digits that tell one from any other; None for what is none."""
    if not data or len(data) % 4 or len(data) > 4 * MOST_DIMENSIONS:
        return None
    numbers = _little(array("f", data))
    return [float(f"{number:.9g}") if math.isfinite(number) else Cells().any(number) for number in numbers]


def _little(numbers: "array[float]") -> "array[float]":
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def shown(data: Any) -> Any:
    """A scalar of a reply, whole: text when it is valid UTF-8, else base64 with its size; numbers as they are."""
    if not isinstance(data, bytes):
        return data
    return data.decode() if is_text(data) else whole(data)


def named(key: bytes) -> Any:
    """The name of a key as it is shown: of one that is longer than anybody types, the beginning."""
    return shown(key) if len(key) <= MOST_NAME else cell(key, Cells(MOST_NAME))


def whole(data: bytes) -> dict[str, Any]:
    """All of these bytes in base64."""
    return {"base64": base64.b64encode(data).decode(), "size": len(data)}


def cell(data: bytes, cells: Cells) -> Any:
    """A member of a collection; of a long one the beginning."""
    return cells.text(data.decode()) if is_text(data) else cells.binary(data)


def window(data: bytes) -> bytes:
    """A part of a longer value without the letter that its end has cut through."""
    for back in range(1, min(_MOST_CONTINUATIONS, len(data)) + 1):
        byte = data[-back]
        if byte & _MASK == _CONTINUATION:
            continue
        return data[:-back] if byte >= _MASK and _letter_size(byte) > back else data
    return data


def is_text(data: bytes) -> bool:
    """Whether it is valid UTF-8."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _letter_size(first: int) -> int:
    return 4 if first >= _FOUR else 3 if first >= _THREE else 2
