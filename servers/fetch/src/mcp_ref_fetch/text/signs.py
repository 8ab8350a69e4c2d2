"""Words in tags, roles, classes and ids that say what an element is for. Tables, and pure functions over them."""

import re

from mcp_ref_fetch.text.hidden import Attributes

CHROME = frozenset({"nav", "aside", "header", "footer", "form"})
# What is never the content, wherever it stands.
ROLES = frozenset(
    {"navigation", "search", "banner", "contentinfo", "menu", "menubar", "toolbar", "dialog", "alertdialog"}
)
_GOOD = re.compile(
    r"\b(?:article|blog|body|column|content|entry|hentry|main|markdown|page|post|readme|story|text)", re.IGNORECASE
)
_BAD = re.compile(
    r"\b(?:banner|combx|comment|contact|gdpr|masthead|meta|outbrain|promo|related|share|shoutbox|sidebar"
    r"|skyscraper|sponsor|shopping|tags|nav|side|footer|header|menu|social|cookie|subscribe|breadcrumb"
    r"|advert|toolbar|popup|modal)",
    re.IGNORECASE,
)
_FURNITURE = re.compile(
    r"(?:^|[\s_-])(?:ads?|advert\w*|banner|breadcrumbs?|comments?|\w*consent\w*|\w*cookies?\w*|disqus|footer|gdpr|legends|modals?|newsletter|onetrust|outbrain|pager"
    r"|pagination|popup|promo\w*|related\w*|recommend\w*|share\w*|sharing|shoutbox|sidebar|signup|skip\w*|skyscraper"
    r"|social\w*|sponsor\w*|subscribe\w*|subscription|taboola|tags?|teaser\w*|toolbar|trending)"
    r"(?:$|[\s_-])",
    re.IGNORECASE,
)
_TALK = re.compile(r"(?:^|[\s_-])(?:comments?|commentlist|disqus|respond)(?:$|[\s_-])", re.IGNORECASE)
WEIGHT = 25.0


def names(attributes: Attributes) -> str:
    """Class and id."""
    return f"{attributes.get('class') or ''} {attributes.get('id') or ''}"


def weight(attributes: Attributes) -> float:
    """How much class and id speak for text, or against it."""
    said = names(attributes)
    if said == " ":
        return 0.0
    return WEIGHT * bool(_GOOD.search(said)) - WEIGHT * bool(_BAD.search(said))


def is_furniture(attributes: Attributes) -> bool:
    """Whether class or id say so. Words of the content beside them count for nothing: `article-related` is related."""
    said = names(attributes)
    return said != " " and _FURNITURE.search(said) is not None


def is_talk(attributes: Attributes) -> bool:
    """Whether class or id say that an element holds the comments of readers."""
    return _TALK.search(names(attributes)) is not None
