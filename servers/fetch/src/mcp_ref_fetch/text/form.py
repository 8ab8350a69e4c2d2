"""In which form a page is wanted: everything that changes its text, and so its snapshot. Inert data."""

from typing import Literal

from msgspec import Struct

Format = Literal["markdown", "text", "html", "links", "metadata"]


class Form(Struct, frozen=True, kw_only=True):
    """The form of a text."""

    format: Format = "markdown"
    raw: bool = False
    main_only: bool = True
    selector: str | None = None
    include_links: bool = True
    include_images: bool = False
    pages: str | None = None
