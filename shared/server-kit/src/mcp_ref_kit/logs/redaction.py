"""Texts without secrets: known ones are replaced as they are, others by the form they usually have. Pure."""

import re
from collections.abc import Iterable
from functools import cache

from mcp_ref_kit.settings.secret import MASK, Secret

# Replacing shorter texts would tear ordinary words apart, and they protect nothing.
_SHORTEST = 6
# Every repetition is bounded, so that a hostile line costs no more than its length times a constant.
_NAMES = (
    r"(?:pass(?:word|wd|phrase)?|pwd|secret|token|credential|api[_-]?key|access[_-]?key|private[_-]?key"
    r"|mcp-session-id|set-cookie|cookie)"
)
_VALUE = r"[^\s\"',;&]{1,4096}"
# scheme://user:password@host; a password may hold an unescaped @, so up to the last one.
_URL = r"(?i)(\b[a-z][a-z0-9+.-]{0,30}://[^\s/:@]{0,256}:)[^\s\"'<>]{1,256}@"
_HEADER = r"(?i)(\b(?:proxy-)?authorization[\"']?\s{0,4}[:=]\s{0,4}[\"']?(?:[a-z]{1,20}\s{1,4})?)" + _VALUE
_SCHEME = r"(?i)(\b(?:bearer|basic)\s{1,4})[a-z0-9._~+/=-]{8,4096}"
_ASSIGNED = rf"(?i)({_NAMES}[\"']?\s{{0,4}}[:=]\s{{0,4}}[\"']?)(?!bearer\b|basic\b){_VALUE}"
_PEM = r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[\s\S]{0,20000}?(?:-----END|\Z)"
_VENDOR = r"\b(?:gh[pousr]_|github_pat_|glpat-|sk-|xox[abprs]-|AKIA)[A-Za-z0-9_-]{12,255}"
_JWT = r"\beyJ[A-Za-z0-9_-]{8,2048}\.[A-Za-z0-9_-]{8,4096}\.[A-Za-z0-9_-]{8,2048}"
_KEEP_START = rf"\1{MASK}"


class Redactor:
    """Masks the secrets of this process by their text, and all others by their form."""

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        """Know these secrets; those shorter than six characters are left to their form."""
        texts = {secret.reveal() for secret in secrets}
        # Longest first: one secret may be the beginning of another.
        self._known = sorted((text for text in texts if len(text) >= _SHORTEST), key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """The text with every secret masked."""
        for known in self._known:
            text = text.replace(known, MASK)
        return redact(text)


def redact(text: str) -> str:
    """The text with everything masked that looks like a secret."""
    for pattern, replacement in _compiled():
        text = pattern.sub(replacement, text)
    return text


@cache
def _compiled() -> tuple[tuple[re.Pattern[str], str], ...]:
    # Compiled with the first line that is logged: a quiet start does not pay for it.
    return (
        (re.compile(_URL), rf"\1{MASK}@"),
        (re.compile(_HEADER), _KEEP_START),
        (re.compile(_SCHEME), _KEEP_START),
        (re.compile(_ASSIGNED), _KEEP_START),
        (re.compile(_PEM), MASK),
        (re.compile(_VENDOR), MASK),
        (re.compile(_JWT), MASK),
    )
