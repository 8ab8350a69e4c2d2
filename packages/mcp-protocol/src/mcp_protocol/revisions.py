"""The five protocol revisions, their order, their era, and what each of them has. Pure data."""

from enum import Enum, StrEnum


class Era(Enum):
    """How a revision talks: by handshake and session, or with an envelope on every request."""

    LEGACY = "legacy"
    MODERN = "modern"


class Revision(StrEnum):
    """A protocol revision; members compare by date because their values do."""

    V2024_11_05 = "2024-11-05"
    V2025_03_26 = "2025-03-26"
    V2025_06_18 = "2025-06-18"
    V2025_11_25 = "2025-11-25"
    V2026_07_28 = "2026-07-28"

    @property
    def era(self) -> Era:
        """Handshake or envelope."""
        return Era.MODERN if self >= Revision.V2026_07_28 else Era.LEGACY


LEGACY: tuple[Revision, ...] = tuple(revision for revision in Revision if revision.era is Era.LEGACY)
MODERN: tuple[Revision, ...] = tuple(revision for revision in Revision if revision.era is Era.MODERN)
LATEST_LEGACY = LEGACY[-1]
LATEST = MODERN[-1]

# 2025-03-26 is the one revision that allows JSON-RPC batches; 2025-06-18 took them out again.
BATCHES = frozenset({Revision.V2025_03_26})


def parse(text: str) -> Revision | None:
    """The revision of that name, or None."""
    return _BY_NAME.get(text)


_BY_NAME = {revision.value: revision for revision in Revision}
