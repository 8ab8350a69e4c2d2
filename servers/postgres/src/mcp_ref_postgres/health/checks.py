"""What a check is: a statement of ours, and a function that judges its rows. Pure."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct

Status = Literal["ok", "warning", "critical", "skipped"]
Rows = Sequence[Mapping[str, Any]]

# Schemas of the operator's choice ($1; null for all), without the engine's own.
VISIBLE = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND ($1::text[] IS NULL OR n.nspname = ANY ($1))"
MOST_ITEMS = 20
POINTS: dict[Status, int] = {"ok": 0, "warning": 5, "critical": 15, "skipped": 0}
_ORDER: tuple[Status, ...] = ("skipped", "ok", "warning", "critical")


class Judged(Struct, frozen=True):
    """What the rows of one check say."""

    status: Status
    summary: str
    items: list[str] = []
    fix_sql: str | None = None


class Check(Struct, frozen=True):
    """One check. `needs` names what the role needs, for the reason of a check that is skipped."""

    name: str
    sql: str
    judge: Callable[[Rows], Judged]
    takes_schemas: bool = True


def worst(statuses: Sequence[Status]) -> Status:
    """The worst of several."""
    found: Status = "ok" if statuses and set(statuses) != {"skipped"} else "skipped"
    for status in statuses:
        found = status if _ORDER.index(status) > _ORDER.index(found) else found
    return found


def graded(found: Sequence[tuple[Status, str, str | None]], fine: str, noun: str) -> Judged:
    """A judgement of findings, each a status, its words, and what would mend it."""
    if not found:
        return Judged("ok", fine)
    fixes = [fix for _, _, fix in found if fix]
    return Judged(
        worst([status for status, _, _ in found]),
        f"{len(found)} {noun}",
        [words for _, words, _ in found][:MOST_ITEMS],
        fixes[0] if fixes else None,
    )


def size(count: int | None) -> str:
    """Bytes as people read them."""
    value = float(count or 0)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024:  # noqa: PLR2004  the step of the units
            return f"{value:.0f} {unit}"
        value /= 1024
    return f"{value:.1f} TiB"
