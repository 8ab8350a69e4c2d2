"""How many bytes come over one connection: those of the heads before an answer's body, and all of them. Pure."""

import re

from mcp_ref_fetch.faults import TooLarge

# As the parser of httpcore sees it, which also takes a bare line feed for the end of a line.
_END = re.compile(rb"\n\r?\n")
_INFORMATIONAL = re.compile(rb"HTTP/1\.[01] 1(?!01)")
_LONGEST_END = 3


class Intake:
    """Counts; heads of informational answers count together with the one that they announce.

    What a body is wrapped in, such as the extensions of chunks, is in no body and counts here alone.
    """

    def __init__(self, head_bytes: int, all_bytes: int) -> None:
        self._most_in_heads = head_bytes
        self._most = all_bytes
        self._all = 0
        self._heads = 0
        self._head = bytearray()
        self._in_head = True

    def count(self, data: bytes) -> None:
        """Take note of what came.

        Raises:
            TooLarge: it is more than may come.
        """
        self._all += len(data)
        if self._all > self._most:
            raise TooLarge(f"More than {self._most} bytes came for one answer.", hint="The limit is --max-bytes.")
        if self._in_head:
            self._count_head(data)

    def _count_head(self, data: bytes) -> None:
        searched = max(0, len(self._head) - _LONGEST_END)
        self._head += data
        while (end := _END.search(self._head, searched)) is not None:
            self._heads += end.end()
            if not _INFORMATIONAL.match(self._head):
                self._in_head = False
                self._head.clear()
                break
            del self._head[: end.end()]
            searched = 0
        if self._heads + len(self._head) > self._most_in_heads:
            raise TooLarge(
                f"The head of the answer is longer than {self._most_in_heads} bytes.",
                hint="The limit is --max-header-bytes.",
            )
