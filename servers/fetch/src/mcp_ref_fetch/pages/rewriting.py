"""The raw form of a file's page on known code hosts, for `--rewrite`; before anything is judged. Pure."""

import re

from mcp_ref_kit.network import WebUrl

_RULES: tuple[tuple[str, re.Pattern[str], str], ...] = (
    ("github.com", re.compile(r"/([^/]+)/([^/]+)/(?:blob|raw)/([^?]+)"), r"https://raw.githubusercontent.com/\1/\2/\3"),
    ("gist.github.com", re.compile(r"/([^/]+)/([0-9a-f]+)"), r"https://gist.githubusercontent.com/\1/\2/raw"),
    ("gitlab.com", re.compile(r"/(.+)/-/blob/([^?]+)"), r"https://gitlab.com/\1/-/raw/\2"),
    ("bitbucket.org", re.compile(r"/([^/]+)/([^/]+)/src/([^?]+)"), r"https://bitbucket.org/\1/\2/raw/\3"),
    (
        "codeberg.org",
        re.compile(r"/([^/]+)/([^/]+)/src/(branch|tag|commit)/([^?]+)"),
        r"https://codeberg.org/\1/\2/raw/\3/\4",
    ),
)


def raw_form(url: WebUrl) -> WebUrl:
    """The URL of the file itself, or the same URL."""
    path = url.target.partition("?")[0]
    for host, pattern, replacement in _RULES:
        found = pattern.fullmatch(path) if url.host.name == host else None
        if found is not None:
            return WebUrl.parse(found.expand(replacement))
    return url
