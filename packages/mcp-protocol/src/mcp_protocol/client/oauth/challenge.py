"""The `WWW-Authenticate` header, as far as OAuth uses it (RFC 9110, section 11.6.1). Pure, in linear time."""

import re
from collections.abc import Mapping

from msgspec import Struct, field

_LONGEST = 8192  # characters that are looked at
# One element of the list: blanks and commas, then a scheme, or a parameter with its value.
_ELEMENT = re.compile(
    r"[\s,]*+(?P<name>[!#$%&'*+.^_`|~0-9A-Za-z-]+)"
    r"(?:[ \t]*=[ \t]*(?:\"(?P<quoted>(?:[^\"\\]|\\.)*+)\"|(?P<plain>[!#$%&'*+.^_`|~0-9A-Za-z:/?@-]+))|(?=\s|,|$))"
)
_SCOPE = re.compile(r"[!#-\[\]-~]+")  # RFC 6749, section 3.3
_SCOPES = 100


class Challenge(Struct, frozen=True):
    """What a response asks for: which schemes would do, in lower case, and the parameters by their lower-case names."""

    schemes: frozenset[str] = frozenset()
    params: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def error(self) -> str:
        """The reason, such as `insufficient_scope`; empty when none is given."""
        return self.params.get("error", "")

    @property
    def scopes(self) -> frozenset[str]:
        """The scopes that the request needs."""
        return scope_set(self.params.get("scope", ""))


NO_CHALLENGE = Challenge()
_SCHEMES = ("bearer", "dpop")


def read_challenge(header: str) -> Challenge:
    """The challenges that a token can meet, taken together; empty when there is none."""
    found: dict[str, dict[str, str]] = {}
    params: dict[str, str] = {}
    text = header[:_LONGEST]
    position = 0
    while match := _ELEMENT.match(text, position):
        position = match.end()
        name = match["name"].lower()
        value = match["plain"] if match["quoted"] is None else re.sub(r"\\(.)", r"\1", match["quoted"])
        if value is None:
            params = found.setdefault(name, {})
        else:
            params.setdefault(name, value)  # given twice, the first counts
    known = [scheme for scheme in _SCHEMES if scheme in found]
    return Challenge(frozenset(known), {name: value for scheme in known for name, value in found[scheme].items()})


def scope_set(text: str) -> frozenset[str]:
    """The scopes of a list with blanks between them; what is no scope is left out."""
    return frozenset(scope for scope in text.split()[:_SCOPES] if _SCOPE.fullmatch(scope))
