"""What a page shows to no one, or only to machines: it is not part of its text. Pure."""

import re
from collections.abc import Mapping

Attributes = Mapping[str, str | None]

_STYLE = re.compile(
    r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|font-size\s*:\s*0(?:\.0*)?(?:px|pt|em|rem|%)?\s*(?:;|!|$)"
    r"|opacity\s*:\s*0(?:\.0*)?%?\s*(?:;|!|$))",
    re.IGNORECASE,
)
_TRANSPARENT = re.compile(
    r"opacity\s*:\s*0(?:\.0*)?%?\s*(?:!important)?(?=;|$)|visibility\s*:\s*hidden\s*(?=;|$)", re.IGNORECASE
)
# Numbers beside the lines of a listing, which would be read as part of it; links to a heading beside its text.
GUTTERS = frozenset(
    {
        "linenos", "lineno", "line-numbers", "linenumbers", "gutter", "blob-num", "hljs-ln-numbers", "headerlink",
        "anchorjs-link", "anchor-link", "heading-anchor", "header-anchor", "mw-editsection", "noprint",
        "ln", "lnt", "rouge-gutter", "line-number", "linenumber", "react-syntax-highlighter-line-number",
    }
)  # fmt: skip


def is_hidden(attributes: Attributes) -> bool:
    """Whether an element with these attributes is hidden from whoever looks at the page."""
    if not attributes:
        return False
    if "hidden" in attributes and (attributes["hidden"] or "").lower() != "until-found":
        return True
    if (attributes.get("aria-hidden") or "").lower() == "true":
        return True
    style = attributes.get("style")
    if style and _STYLE.search(style):
        return True
    classes = attributes.get("class")
    return bool(classes) and not GUTTERS.isdisjoint(str(classes).lower().split())


def is_only_transparent(attributes: Attributes) -> bool:
    """Whether an element is hidden by nothing but its opacity."""
    style = attributes.get("style") or ""
    return bool(_TRANSPARENT.search(style)) and not is_hidden({**attributes, "style": _TRANSPARENT.sub("", style)})
