"""How often something may happen: `60/min`, `1000/hour`."""

from typing import Self

from msgspec import Struct

_SECONDS = {"s": 1, "sec": 1, "second": 1, "m": 60, "min": 60, "minute": 60, "h": 3600, "hour": 3600}
_MOST = 1_000_000


class Rate(Struct, frozen=True):
    """So many times in so many seconds."""

    count: int
    seconds: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `COUNT/UNIT`.

        Raises:
            ValueError: the text is nothing of the kind.
        """
        count, slash, unit = text.strip().partition("/")
        seconds = _SECONDS.get(unit.strip().lower())
        if not slash or seconds is None or not count.strip().isdecimal() or not 1 <= int(count) <= _MOST:
            raise ValueError("must be a rate such as 60/min, 10/s or 1000/hour")
        return cls(int(count), seconds)

    def __str__(self) -> str:
        """As it is written: `60/min`."""
        unit = {1: "s", 60: "min", 3600: "hour"}[self.seconds]
        return f"{self.count}/{unit}"
