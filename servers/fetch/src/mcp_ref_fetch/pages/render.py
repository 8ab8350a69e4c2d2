"""From the bytes of an answer to the text of a page, by what the bytes are; blocking, so for a worker thread."""

import re
import time
from collections.abc import Callable

from msgspec import Struct

from mcp_ref_fetch.faults import TooLarge, UnsupportedType
from mcp_ref_fetch.pages.indenting import indented
from mcp_ref_fetch.text.charset import decoded
from mcp_ref_fetch.text.clean import cleaned
from mcp_ref_fetch.text.form import Form
from mcp_ref_fetch.text.sniff import Kind, Sniffed, sniffed

# What one picture may be, as every host takes it.
MOST_IMAGE_BYTES = 5 * 1024 * 1024
# Reading a page may take this long; then what was read is the answer.
READING_SECONDS = 5.0
_EXCERPT = 1000
# Each of them begins where the last one ended, so that a page of nothing but beginnings is read once.
_TAG = re.compile(r"</?[A-Za-z!][^<>]{0,2000}>?")
_UNSEEN = re.compile(r"<(?P<tag>script|style)\b.{0,100000}?(?:</(?P=tag)\s*>|\Z)", re.IGNORECASE | re.DOTALL)


class Source(Struct, frozen=True):
    """A body, and what its server says of it."""

    body: bytes
    content_type: str
    url: str


class Rendered(Struct, frozen=True, kw_only=True):
    """The text of a page and what it says about itself."""

    content: str
    mime: str
    charset: str | None = None
    title: str | None = None
    description: str | None = None
    language: str | None = None
    published: str | None = None
    truncated: bool = False
    image: bytes | None = None


def render(source: Source, form: Form, deadline: float, clock: Callable[[], float] = time.monotonic) -> Rendered:
    """Read a body that is no PDF in the form that is wanted.

    Raises:
        UnsupportedType: it is nothing that can be read.
        FetchFault: it cannot be read in this form.
    """
    what = sniffed(source.body, source.content_type)
    deadline = min(deadline, clock() + READING_SECONDS)
    if what.kind == "image":
        return _image(source, what)
    if what.kind == "binary":
        raise UnsupportedType(
            f"`{source.url}` is {len(source.body)} bytes of {what.mime}, which cannot be read as text.",
            hint="Where the server offers download_file, it can keep the file.",
        )
    text, charset = decoded(source.body, source.content_type, is_markup=what.kind in _MARKUP)
    if form.raw:
        return Rendered(content=text, mime=what.mime, charset=charset)
    if what.kind == "html":
        return _html(text, charset, source, form, deadline, what)
    content = cleaned(indented(text) if what.kind == "json" else text)
    return Rendered(content=content, mime=what.mime, charset=charset)


def is_pdf(source: Source) -> bool:
    """Whether it is for the reader of PDF files."""
    return sniffed(source.body, source.content_type).kind == "pdf"


def of_pdf(text: str, *, truncated: bool) -> Rendered:
    """The text of a PDF."""
    return Rendered(content=cleaned(text), mime="application/pdf", truncated=truncated)


def excerpt(body: bytes, content_type: str) -> str:
    """The first words of the text that came with an error; nothing of what is no text."""
    what = sniffed(body, content_type)
    if what.kind in {"image", "pdf", "binary"}:
        return ""
    text, _ = decoded(body, content_type, is_markup=what.kind in _MARKUP)
    if what.kind == "html":
        import html  # noqa: PLC0415  errors only

        text = html.unescape(_TAG.sub(" ", _UNSEEN.sub(" ", text[: 64 * 1024])))
        text = " ".join(text.split())
    return cleaned(text).strip()[:_EXCERPT]


def _html(text: str, charset: str, source: Source, form: Form, deadline: float, what: Sniffed) -> Rendered:
    from mcp_ref_fetch.text.html import read_html  # noqa: PLC0415  the parser costs 23 ms of start-up

    page = read_html(text, source.url, form, deadline)
    return Rendered(
        content=page.text,
        mime=what.mime,
        charset=charset,
        title=page.facts.title,
        description=page.facts.description,
        language=page.facts.language,
        published=page.facts.published,
        truncated=page.truncated,
    )


def _image(source: Source, what: Sniffed) -> Rendered:
    if len(source.body) > MOST_IMAGE_BYTES:
        raise TooLarge(
            f"`{source.url}` is a picture of {len(source.body)} bytes; at most {MOST_IMAGE_BYTES} can be shown."
        )
    words = f"A picture: {what.mime}, {len(source.body)} bytes."
    return Rendered(content=words, mime=what.mime, image=source.body)


_MARKUP: frozenset[Kind] = frozenset({"html", "svg", "text"})
