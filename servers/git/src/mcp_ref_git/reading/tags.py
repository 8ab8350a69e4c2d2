"""Tags: annotated ones as objects, all of them as a list. Pure, but for the commands."""

from datetime import UTC, datetime, timedelta, timezone

from msgspec import Struct

from mcp_ref_git.reading.commits import Person

_MOST_MESSAGE = 10_000


class Tag(Struct, frozen=True, omit_defaults=True):
    """An annotated tag: who made it, when, and what it says."""

    name: str
    object: str
    type: str
    message: str
    tagger: Person | None = None
    date: str | None = None
    signed: bool = False


def parse_tag(data: bytes) -> Tag:
    """The tag of `cat-file tag`."""
    head, _, message = data.decode("utf-8", "replace").partition("\n\n")
    fields: dict[str, str] = {}
    for line in head.split("\n"):
        key, _, value = line.partition(" ")
        fields.setdefault(key, value)
    person, date = parse_person(fields["tagger"]) if "tagger" in fields else (None, None)
    text, signature, _ = message.partition("-----BEGIN ")
    return Tag(
        fields.get("tag", ""),
        fields.get("object", ""),
        fields.get("type", ""),
        text.rstrip("\n")[:_MOST_MESSAGE],
        person,
        date,
        signed=bool(signature),
    )


def parse_person(line: str) -> tuple[Person, str | None]:
    """`Name <email> seconds zone`, as objects have it; the date in ISO 8601."""
    name, _, rest = line.partition(" <")
    email, _, moment = rest.partition("> ")
    return Person(name, email.rstrip(">")), _date(moment)


def _date(moment: str) -> str | None:
    seconds, _, zone = moment.partition(" ")
    try:
        minutes = int(zone[:3]) * 60 + int(zone[0] + zone[3:5]) if len(zone) == 5 else 0  # noqa: PLR2004  +hhmm
        return datetime.fromtimestamp(
            int(seconds), timezone(timedelta(minutes=minutes)) if minutes else UTC
        ).isoformat()
    except (ValueError, OverflowError, OSError):  # any number can stand there
        return None
