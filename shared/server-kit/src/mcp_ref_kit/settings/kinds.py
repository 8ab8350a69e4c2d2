"""From the text of a setting to its value: one reader per type, each with the words for its complaint."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from msgspec import Struct

from mcp_ref_kit.settings.markers import Unit
from mcp_ref_kit.settings.secret import Secret

Reader = Callable[[str], Any]

_DECIMAL = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9}
_BINARY = {"k": 2**10, "kib": 2**10, "m": 2**20, "mib": 2**20, "g": 2**30, "gib": 2**30}
_SIZES = _DECIMAL | _BINARY
_TIMES = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_BOOLEANS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
# Longer numbers than any setting needs; int() is quadratic in the number of digits.
_DIGITS = 18


class Kind(Struct, frozen=True, kw_only=True):
    """A type of setting: how its text is read, and what help calls its value."""

    read: Reader
    """Raises ValueError with the end of a sentence: "must be a whole number"."""
    metavar: str
    from_toml: tuple[type, ...] = (str,)
    """TOML types whose text is taken; TOML's own true and 5 need no quotes."""
    choices: tuple[str, ...] = ()


def kind_of(hint: Any, unit: Unit | None) -> Kind:
    """The kind of a plain type; `unit` comes from its annotation.

    Raises:
        TypeError: no setting can have that type; a fault of the settings class, not of the operator.
    """
    if unit is not None:
        return _UNITS[unit.name]
    if get_origin(hint) is Literal:
        return _choice(tuple(str(value) for value in get_args(hint)))
    if hint in _PLAIN:
        return _PLAIN[hint]
    parse = getattr(hint, "parse", None)  # a class that reads itself, as Rate does
    if callable(parse):
        return Kind(read=parse, metavar=hint.__name__.upper())
    raise TypeError(f"a setting cannot have the type {hint!r}")


def read_bool(text: str) -> bool:
    """`true`, `yes`, `on`, `1` and their opposites."""
    value = _BOOLEANS.get(text.strip().lower())
    if value is None:
        raise ValueError("must be true or false")
    return value


def read_path(text: str) -> Path:
    """A path as it was written: no `~`, no variables, not made absolute."""
    if not text or "\0" in text:
        raise ValueError("must be a path")
    return Path(text)


def read_size(text: str) -> int:
    """A number of bytes with an optional unit."""
    number, suffix = _split(text)
    factor = _SIZES.get(suffix)
    if factor is None or not _is_digits(number):
        raise ValueError("must be a number of bytes such as 262144, 256KiB or 5MiB")
    return int(number) * factor


def read_seconds(text: str) -> float:
    """A time with an optional unit; seconds without one."""
    number, suffix = _split(text)
    factor = _TIMES.get(suffix)
    whole, _, part = number.partition(".")
    if factor is None or not _is_digits(whole + part):
        raise ValueError("must be a time such as 30, 500ms, 5m or 1h")
    return float(number) * factor


def read_int(text: str) -> int:
    """A whole number."""
    digits = text.strip()
    if not _is_digits(digits.removeprefix("-")):
        raise ValueError("must be a whole number")
    return int(digits)


def read_float(text: str) -> float:
    """A finite number."""
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not float("-inf") < value < float("inf"):
        raise ValueError("must be a number")
    return value


def _choice(choices: tuple[str, ...]) -> Kind:
    return Kind(read=_Choice(choices), metavar="|".join(choices), choices=choices)


class _Choice:
    def __init__(self, choices: tuple[str, ...]) -> None:
        self._choices = choices

    def __call__(self, text: str) -> str:
        if text not in self._choices:
            raise ValueError(f"must be {_either(self._choices)}")
        return text


def _either(words: tuple[str, ...]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= _DIGITS


def _split(text: str) -> tuple[str, str]:
    text = text.strip()
    number = text.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return number.rstrip(), text[len(number) :].lower()


_NUMBERS = (str, int, float)
_UNITS = {
    "bytes": Kind(read=read_size, metavar="SIZE", from_toml=(str, int)),
    "seconds": Kind(read=read_seconds, metavar="SECONDS", from_toml=_NUMBERS),
}
# Tables of the config file are read there, with their place.
TABLE = Kind(read=str, metavar="", from_toml=())
_PLAIN: dict[Any, Kind] = {
    str: Kind(read=str, metavar="TEXT"),
    int: Kind(read=read_int, metavar="N", from_toml=(str, int)),
    float: Kind(read=read_float, metavar="N", from_toml=_NUMBERS),
    bool: Kind(read=read_bool, metavar="", from_toml=(str, bool)),
    Path: Kind(read=read_path, metavar="FILE"),
    Secret: Kind(read=Secret, metavar="TEXT"),
}
