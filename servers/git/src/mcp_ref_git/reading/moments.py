"""Dates as callers write them: ISO 8601, seconds since 1970, or a few relative words. Pure."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from mcp_ref_git.errors import BadArgument
from mcp_ref_git.program.redaction import named

_SECONDS = re.compile(r"@?\d{1,11}")
_AGO = re.compile(r"(\d{1,5}) ?(second|minute|hour|day|week|month|year)s? ago")
_LENGTHS: Mapping[str, timedelta] = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    "month": timedelta(days=30),
    "year": timedelta(days=365),
}
_DAYS = {"today": 0, "yesterday": 1}


def seconds_of(text: str, argument: str, now: datetime) -> int:
    """The moment that a text names, as seconds since 1970; a date without a zone is UTC.

    Raises:
        BadArgument: it names none.
    """
    text = text.strip()
    if _SECONDS.fullmatch(text):
        return int(text.removeprefix("@"))
    moment = _relative(text.lower(), now) or _absolute(text)
    if moment is None:
        hint = "Write 2026-01-31, 2026-01-31T12:00:00Z, seconds since 1970, `yesterday` or `2 weeks ago`."
        raise BadArgument(f"`{argument}` is no date: `{named(text)}`.", hint=hint)
    return max(int(moment.timestamp()), 0)


def _relative(text: str, now: datetime) -> datetime | None:
    if text == "now":
        return now
    if text in _DAYS:
        return now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=_DAYS[text])
    found = _AGO.fullmatch(text)
    if found is None:
        return None
    try:
        return now - int(found[1]) * _LENGTHS[found[2]]
    except OverflowError:
        return datetime.fromtimestamp(0, UTC)


def _absolute(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
