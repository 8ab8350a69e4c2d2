"""How long an answer may be kept, by its own headers. Pure."""

from collections.abc import Mapping
from math import ceil


def directives(headers: Mapping[str, str]) -> dict[str, str]:
    """Cache-Control as a table, names in lower case."""
    parts = (part.strip().partition("=") for part in headers.get("cache-control", "").lower().split(","))
    return {name: value.strip('"') for name, _, value in parts if name}


def max_age(headers: Mapping[str, str], otherwise: float) -> float:
    """The seconds that an answer is good for; `otherwise` if it does not say."""
    found = directives(headers)
    if "no-store" in found or "no-cache" in found:
        return 0.0
    seconds = found.get("max-age", "")
    return float(seconds) if seconds.isascii() and seconds.isdecimal() and len(seconds) < 12 else otherwise  # noqa: PLR2004  more digits than make sense


def may_store(headers: Mapping[str, str]) -> bool:
    """Whether an answer may be kept at all: not what is private to one visitor."""
    return "no-store" not in directives(headers) and "set-cookie" not in headers


def retry_after(headers: Mapping[str, str], now: float) -> int | None:
    """Retry-After in seconds from now, whether it is given so or as a date; None if it is neither."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdecimal():
        return int(text) if len(text) < 8 else None  # noqa: PLR2004  more digits than make sense
    return _until(text, now)


def _until(date: str, now: float) -> int | None:
    from email.utils import parsedate_to_datetime  # noqa: PLC0415  errors only

    try:
        return max(0, ceil(parsedate_to_datetime(date[:64]).timestamp() - now))
    except (ValueError, OverflowError):
        return None
