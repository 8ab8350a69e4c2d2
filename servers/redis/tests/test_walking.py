"""Pages through collections that somebody changes meanwhile: whatever was there all the time is seen."""

from typing import Any

import pytest

Clients = Any
# In one piece, as numbers, and in a table of hashes that grows and shrinks.
SIZES = [(100, "m{}"), (300, "{}"), (5000, "m{}")]
MOST_PAGES = 400


class Changer:
    """Removes what was shown, and adds others, after each page."""

    def __init__(self, raw: Any, kind: str, shape: str) -> None:
        self.raw, self.kind, self.shape = raw, kind, shape
        self.removed: set[str] = set()
        self.made = 0

    def add(self, names: list[str]) -> None:
        if self.kind == "set":
            self.raw.sadd("k", *names)
        else:
            self.raw.hset("k", mapping=dict.fromkeys(names, "v"))

    def change(self, shown: list[str], grow: int) -> None:
        gone = shown[-3:] if self.made % 2 else shown[:3]
        (self.raw.srem if self.kind == "set" else self.raw.hdel)("k", *gone)
        self.removed |= set(gone)
        self.add([self.shape.format(10**6 + self.made + number) for number in range(grow)])
        self.made += grow


@pytest.mark.parametrize(("kind", "revision"), [("set", "2026-07-28"), ("hash", "2025-11-25")])
@pytest.mark.parametrize(("size", "shape"), SIZES)
@pytest.mark.parametrize("grow", [1, 6])
async def test_no_member_is_missed(  # noqa: PLR0913, PLR0917  one parameter for each fact
    client_of: Clients, raw: Any, kind: str, size: int, shape: str, grow: int, revision: str
) -> None:
    """R4, DB6: removed and added between any two pages; the pages end all the same."""
    changer = Changer(raw, kind, shape)
    changer.add([shape.format(number) for number in range(size)])
    asked: dict[str, Any] = {"key": "k", "count": max(10, size // 40)}
    seen: list[str] = []
    async with client_of(revision=revision) as client:
        for _ in range(MOST_PAGES):
            page = (await client.call("read_key", **asked)).data
            shown = [one if kind == "set" else one["field"] for one in page["members" if kind == "set" else "entries"]]
            seen += shown
            if page.get("next_cursor") is None:
                break
            asked["cursor"] = page["next_cursor"]
            changer.change(shown, grow)
        else:
            pytest.fail("the pages have no end")
    assert {shape.format(number) for number in range(size)} <= set(seen) | changer.removed
