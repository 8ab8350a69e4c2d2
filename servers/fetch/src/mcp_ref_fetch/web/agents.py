"""Who asks: the User-Agent of tools and of the prompt, and the product token that robots.txt knows it by. Pure."""

import re

from msgspec import Struct

from mcp_ref_fetch.settings import Settings
from mcp_ref_fetch.version import HOMEPAGE, PRODUCT, __version__

_TOKEN = re.compile(r"[A-Za-z_-]+")


class Agent(Struct, frozen=True):
    """What is sent, and what groups in robots.txt are matched with."""

    header: str
    token: str


def autonomous(settings: Settings) -> Agent:
    """A model asks, by a tool."""
    return _agent(settings.user_agent or f"{PRODUCT}/{__version__} (Autonomous; +{HOMEPAGE})")


def user_specified(settings: Settings) -> Agent:
    """A person asks, by the prompt."""
    return _agent(settings.user_agent or f"{PRODUCT}/{__version__} (User-Specified; +{HOMEPAGE})")


def named(text: str) -> Agent:
    """Someone else, for a question about robots.txt."""
    return _agent(text)


def _agent(header: str) -> Agent:
    found = _TOKEN.match(header)
    return Agent(header, found[0] if found else PRODUCT)
