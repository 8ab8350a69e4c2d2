"""Names and comments that are like what somebody looks for: by shared groups of three letters. Pure."""

import heapq
from collections.abc import Iterable

from msgspec import Struct

# Below it the likeness is chance.
LEAST = 0.2
# A comment is long, and a word in it says less than a word in a name.
_COMMENT_WEIGHT = 0.6


class Name(Struct, frozen=True):
    """Something that has a name."""

    kind: str
    schema: str
    name: str
    column: str | None = None
    comment: str | None = None


class Match(Struct, frozen=True, omit_defaults=True):
    """Something found, and how like it is."""

    kind: str
    schema: str
    name: str
    score: float
    column: str | None = None
    comment: str | None = None


def best(names: Iterable[Name], text: str, limit: int) -> list[Match]:
    """The best matches, the best first."""
    wanted = text.casefold()
    groups = trigrams(wanted)
    scored = ((_score(each, wanted, groups), at, each) for at, each in enumerate(names))
    found = heapq.nsmallest(limit, ((-score, at, each) for score, at, each in scored if score >= LEAST))
    return [
        Match(each.kind, each.schema, each.name, round(-score, 3), each.column, each.comment)
        for score, _, each in found
    ]


def trigrams(text: str) -> frozenset[str]:
    """The groups of three letters of each word, with blanks around it."""
    words = "".join(each if each.isalnum() else " " for each in text).split()
    return frozenset(f"  {word} "[at : at + 3] for word in words for at in range(len(word) + 1))


def _score(each: Name, wanted: str, groups: frozenset[str]) -> float:
    own = (each.column or each.name).casefold()
    score = _likeness(own, wanted, groups)
    if each.comment:
        comment = each.comment.casefold()
        share = 1.0 if wanted in comment else _covered(trigrams(comment), groups)
        score = max(score, share * _COMMENT_WEIGHT)
    return score


def _likeness(own: str, wanted: str, groups: frozenset[str]) -> float:
    if own == wanted:
        return 1.0
    mine = trigrams(own)
    union = len(mine | groups)
    share = len(mine & groups) / union if union else 0.0
    if wanted in own:
        return max(share, 0.5 + 0.4 * len(wanted) / len(own))
    return share


def _covered(mine: frozenset[str], groups: frozenset[str]) -> float:
    return len(mine & groups) / len(groups) if groups else 0.0
