"""How long an answer may be kept, by its own headers. Pure."""

from collections.abc import Mapping


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


def retry_after(headers: Mapping[str, str]) -> int | None:
    """Retry-After in seconds, where it is given so."""
    text = headers.get("retry-after", "").strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 8 else None  # noqa: PLR2004  more digits than make sense
