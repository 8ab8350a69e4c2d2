"""INFO as typed numbers, section by section, without paths and without what was configured in secret. Pure."""

from collections.abc import Mapping
from typing import Any, Literal

Section = Literal["server", "memory", "clients", "stats", "keyspace", "replication", "modules", "cluster"]
Scalar = int | float | str

# Where the engine's files are, which ports and hosts its neighbours have: of no use to whoever reads data.
_UNTOLD = frozenset({"executable", "config_file", "run_id", "process_id", "master_replid", "master_replid2"})
_MOST_NUMBER = 18


def sections(text: str) -> dict[str, dict[str, Any]]:
    """The sections by their names in small letters."""
    found: dict[str, dict[str, Any]] = {}
    current: dict[str, Any] = {}
    for line in text.splitlines():
        if line.startswith("#"):
            current = found.setdefault(line.strip("# ").lower(), {})
        elif ":" in line:
            name, _, value = line.partition(":")
            if name == "module":  # one line for each
                current.setdefault("modules", []).append(value_of(value))
            elif name not in _UNTOLD and not name.startswith("listener") and not value.startswith("/"):
                current[name] = value_of(value)
    return found


def value_of(text: str) -> Any:
    """A number, the pairs of `keys=1,expires=0`, or the text."""
    if "=" in text and "," in text:
        pairs = [part.partition("=") for part in text.split(",")]
        return {name: scalar(value) for name, _, value in pairs}
    return scalar(text)


def scalar(text: str) -> Scalar:
    """A number where it is one."""
    digits = text.removeprefix("-")
    if digits.isascii() and digits.isdecimal() and len(digits) <= _MOST_NUMBER:
        return int(text)
    whole, dot, part = digits.partition(".")
    if dot and (whole + part).isdecimal() and (whole + part).isascii() and len(digits) <= _MOST_NUMBER:
        return float(text)
    return text


def number(info: Mapping[str, Mapping[str, Any]], section: str, name: str) -> float | None:
    """A number of a section; None where it is not told."""
    value = info.get(section, {}).get(name)
    return value if isinstance(value, int | float) else None
