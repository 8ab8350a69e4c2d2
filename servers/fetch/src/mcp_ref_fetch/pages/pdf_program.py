"""A program that writes the text of a PDF page by page, in a process of its own: `python pdf_program.py SECONDS PAGES`.

It reads the file from its stdin and writes a line of JSON for each page, so that what was read before it was stopped
is not lost. The kernel bounds its memory and time: a file of a few kilobytes can ask pypdf for any amount of both.
It imports nothing of the server, whose start it would have to wait for.
"""

import io
import json
import logging
import re
import resource
import sys
import time
from typing import Any

MOST_PAGES = 200
MOST_CHARACTERS = 2_000_000
_MOST_MEMORY = 512 * 1024 * 1024
_PART = re.compile(r"(\d{1,5})(?:-(\d{1,5})?)?")


class NoSuchPages(Exception):
    """What was asked for is not in the file."""


def main() -> None:
    """Read, and write lines; the exit code is not 0 where the file cannot be read."""
    seconds, pages = float(sys.argv[1]), sys.argv[2] or None
    confine(seconds)
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    import pypdf  # noqa: PLC0415  within the bounds

    try:
        _write_pages(pypdf.PdfReader(io.BytesIO(sys.stdin.buffer.read())), pages, time.monotonic() + seconds)
    except NoSuchPages as error:
        _tell(refused=str(error))


def confine(seconds: float) -> None:
    """Have the kernel stop what asks for too much, or writes files."""
    _lower(resource.RLIMIT_AS, _MOST_MEMORY)
    _lower(resource.RLIMIT_CPU, int(seconds) + 1)
    _lower(resource.RLIMIT_FSIZE, 0)
    _lower(resource.RLIMIT_CORE, 0)


def _lower(what: int, most: int) -> None:
    """Bound a resource, or leave the bound that is there if it is lower."""
    _, hard = resource.getrlimit(what)
    bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (bound, bound))


def chosen(pages: str | None, total: int) -> list[int]:
    """The numbers of the pages that `1-3,7` means.

    Raises:
        NoSuchPages: it means none of them.
    """
    if pages is None:
        return list(range(1, min(total, MOST_PAGES) + 1))
    found: list[int] = []
    for part in pages.split(","):
        match = _PART.fullmatch(part.strip())
        if match is None:
            raise NoSuchPages(f"`pages` must be like 1-5 or 2,4, got {pages[:50]!r}.")
        first = int(match[1])
        last = int(match[2]) if match[2] else total if "-" in part else first
        found += range(max(first, 1), min(last, total, first + MOST_PAGES) + 1)
    if not found:
        raise NoSuchPages(f"The PDF has {total} pages; `pages` names none of them.")
    return found[:MOST_PAGES]


def _write_pages(reader: Any, pages: str | None, deadline: float) -> None:
    total = len(reader.pages)
    numbers = chosen(pages, total)
    size = 0
    for number in numbers:
        if time.monotonic() > deadline or size > MOST_CHARACTERS:
            _tell(cut=True)
            return
        text = str(reader.pages[number - 1].extract_text()).strip()[:MOST_CHARACTERS]
        size += len(text)
        _tell(page=number, text=text)
    _tell(cut=pages is None and total > len(numbers))


def _tell(**line: Any) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
