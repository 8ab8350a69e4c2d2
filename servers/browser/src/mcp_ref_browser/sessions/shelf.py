"""Long texts that were asked for page by page: kept as they were, so that the pages join to the whole."""

import secrets
from collections import OrderedDict

from msgspec import Struct

MOST_KEPT = 4


class Kept(Struct, frozen=True):
    """A text as it was when it was first asked for."""

    id: str
    text: str


class TextShelf:
    """The last long texts of a session."""

    def __init__(self) -> None:
        self._texts: OrderedDict[str, str] = OrderedDict()

    def keep(self, text: str) -> Kept:
        """Remember a text."""
        kept = Kept(secrets.token_hex(8), text)
        self._texts[kept.id] = text
        while len(self._texts) > MOST_KEPT:
            self._texts.popitem(last=False)
        return kept

    def find(self, ident: str) -> Kept | None:
        """The text, if it is still there."""
        text = self._texts.get(ident)
        return None if text is None else Kept(ident, text)
