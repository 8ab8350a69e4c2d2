"""The text of a PDF by page, with pypdf where it is installed; blocking, so for a worker thread."""

import io
import logging
import re
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec

from mcp_ref_fetch.faults import BadRequest, DecodeFault, UnsupportedType
from mcp_ref_kit.workers import Stop

MOST_PAGES = 200
MOST_CHARACTERS = 2_000_000
_PART = re.compile(r"(\d{1,5})(?:-(\d{1,5})?)?")


def read_pdf(
    stop: Stop, body: bytes, pages: str | None, deadline: float, clock: Callable[[], float] = time.monotonic
) -> tuple[str, bool]:
    """The text under a heading for each page, and whether it was cut.

    Raises:
        UnsupportedType: pypdf is not installed.
        DecodeFault: it cannot be read.
        BadRequest: `pages` is not a range of its pages.
    """
    if not is_installed():
        raise UnsupportedType(
            "The page is a PDF, and this server was installed without the extra that reads them.",
            hint="Whoever runs it can install mcp-ref-fetch[pdf].",
        )
    import pypdf  # noqa: PLC0415  an extra, and slow to import
    from pypdf.errors import PyPdfError  # noqa: PLC0415  the same

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = pypdf.PdfReader(io.BytesIO(body))
        total = len(reader.pages)
        wanted = chosen(pages, total)
        return _texts(((number, reader.pages[number - 1].extract_text) for number in wanted), stop, deadline, clock)
    except (
        PyPdfError,
        ValueError,
        KeyError,
        IndexError,
        AttributeError,
        TypeError,
        RecursionError,
        OverflowError,
    ) as error:
        # pypdf meets broken files with any of these.
        raise DecodeFault("The PDF cannot be read: it is damaged or encrypted.") from error


def chosen(pages: str | None, total: int) -> list[int]:
    """The numbers of the pages that `1-3,7` means.

    Raises:
        BadRequest: it means none of them.
    """
    if pages is None:
        return list(range(1, min(total, MOST_PAGES) + 1))
    found: list[int] = []
    for part in pages.split(","):
        match = _PART.fullmatch(part.strip())
        if match is None:
            raise BadRequest(f"`pages` must be like 1-5 or 2,4, got {pages[:50]!r}.")
        first = int(match[1])
        last = int(match[2]) if match[2] else total if "-" in part else first
        found += range(max(first, 1), min(last, total, first + MOST_PAGES) + 1)
    if not found:
        raise BadRequest(f"The PDF has {total} pages; `pages` names none of them.")
    return found[:MOST_PAGES]


def _texts(
    pages: Iterator[tuple[int, Callable[[], str]]], stop: Stop, deadline: float, clock: Callable[[], float]
) -> tuple[str, bool]:
    texts: list[str] = []
    size = 0
    for number, extract in pages:
        if stop.is_set or clock() > deadline or size > MOST_CHARACTERS:
            return "\n\n".join(texts), True
        text = f"## Page {number}\n\n{extract().strip()}"
        size += len(text)
        texts.append(text)
    return "\n\n".join(texts), False


def is_installed() -> bool:
    """Whether the extra is there."""
    return find_spec("pypdf") is not None
