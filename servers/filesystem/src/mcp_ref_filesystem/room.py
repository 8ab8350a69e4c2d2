"""How much more fits into one result. Pure."""


class Room:
    """Characters that are left for entries; what each costs beside its name is the caller's estimate."""

    __slots__ = ("_left",)

    def __init__(self, most: int) -> None:
        """Keep a part for what the result says beside its entries."""
        self._left = most - most // 8

    def take(self, characters: int) -> bool:
        """Whether an entry of this size still fits; if so, its room is taken."""
        if characters > self._left:
            return False
        self._left -= characters
        return True
