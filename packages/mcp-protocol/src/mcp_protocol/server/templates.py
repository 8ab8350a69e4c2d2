"""URI templates of resources: `{name}` and `{+path}` of RFC 6570, matched in linear time, safe to hand to a handler.

Pure. Matching never backtracks and compiles no pattern: the TypeScript SDK's templates took exponential time on a
crafted URI (CVE-2026-0621). A value is percent-decoded once and judged after that, so that an encoded separator or `..`
cannot leave the segment that `{name}` stands for (CVE-2026-32871); `{+path}` may hold separators, and whoever takes
it treats it as any path of a stranger. `{?first,second}` at the end is a query: each part may be there once, or not.
"""

import re
from collections.abc import Mapping, Sequence
from string import ascii_letters, digits

from msgspec import Struct

# Also a Python name, since it becomes a parameter of the handler.
_VARIABLE = re.compile(r"\{(\+?)([A-Za-z_][A-Za-z0-9_]*)\}")
# Or the first part of one: in `fetch+{+url}` the URL brings the rest with it.
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*(?::|\+\Z)")
_QUERY = re.compile(r"\{\?([A-Za-z_][A-Za-z0-9_]*(?:,[A-Za-z_][A-Za-z0-9_]*)*)\}\Z")
_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})?")

# RFC 3986: what `{name}` leaves as it is; for `{+path}` more, but not what would end the path (`?`, `#`), nor `%`.
# (urllib.parse does the same, but a start on stdio would pay 5 ms for its import.)
_SEGMENT_SAFE = frozenset(ascii_letters + digits + "-._~")
_PATH_SAFE = _SEGMENT_SAFE | frozenset("/:@!$&'()*+,;=")


class Variable(Struct, frozen=True):
    """One place in a template; `spans` says that its value may hold separators."""

    name: str
    spans: bool


class UriTemplate:
    """A parsed template: literal texts with one variable between each two.

    At most one variable spans separators, and no two variables touch: then every match is the only one.
    """

    def __init__(self, text: str) -> None:
        """Parse a template.

        Raises:
            ValueError: it is not a template of the kind described above.
        """
        query = _QUERY.search(text)
        self.text = text
        self.queries: tuple[str, ...] = () if query is None else tuple(query[1].split(","))
        pieces = _VARIABLE.split(text if query is None else text[: query.start()])
        self.variables = tuple(
            Variable(name, spans == "+") for spans, name in zip(pieces[1::3], pieces[2::3], strict=True)
        )
        self._literals = tuple(pieces[0::3])
        self._check()
        spanning = [index for index, variable in enumerate(self.variables) if variable.spans]
        self._spanning = spanning[0] if spanning else None

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the variables, in order; those of the query last."""
        return (*(variable.name for variable in self.variables), *self.queries)

    def match(self, uri: str) -> dict[str, str] | None:
        """The decoded value of each variable, or None if this is no URI of the template."""
        uri, values = self._without_query(uri)
        raw = self._cut(uri)
        if raw is None or values is None:
            return None
        for variable, text in zip(self.variables, raw, strict=True):
            value = _decoded(text)
            if value is None or not (variable.spans or _is_segment(value)):
                return None
            values[variable.name] = value
        return values

    def expand(self, values: Mapping[str, str]) -> str:
        """The URI for these values; `match` gives them back. The query has what there is a value for.

        Raises:
            KeyError: a variable before the query has no value.
        """
        pieces = [self._literals[0]]
        for variable, literal in zip(self.variables, self._literals[1:], strict=True):
            pieces += _encoded(values[variable.name], _PATH_SAFE if variable.spans else _SEGMENT_SAFE), literal
        told = [f"{name}={_encoded(values[name], _SEGMENT_SAFE)}" for name in self.queries if name in values]
        return "".join(pieces) + (f"?{'&'.join(told)}" if told else "")

    def _without_query(self, uri: str) -> tuple[str, dict[str, str] | None]:
        """The URI before its query, and the values in that; None where it says what the template does not."""
        if not self.queries:
            return uri, {}
        uri, _, query = uri.partition("?")
        values: dict[str, str] = {}
        for part in query.split("&") if query else ():
            name, equals, text = part.partition("=")
            value = _decoded(text)
            if not equals or name not in self.queries or name in values or value is None or "\0" in value:
                return uri, None
            values[name] = value
        return uri, values

    def _check(self) -> None:
        if not _SCHEME.match(self._literals[0]):
            raise ValueError(f"{self.text!r} must begin with a scheme in lower case, such as file:")
        alone = bool(self.queries) and not self.variables
        if alone or any("{" in literal or "}" in literal for literal in self._literals):
            raise ValueError(f"{self.text!r}: a variable is {{name}} or {{+path}}, before a query")
        if not all(self._literals[1:-1]):
            raise ValueError(f"{self.text!r}: two variables must have a text between them")
        if len(set(self.names)) != len(self.names):
            raise ValueError(f"{self.text!r} names a variable twice")
        if sum(variable.spans for variable in self.variables) > 1:
            raise ValueError(f"{self.text!r}: only one variable can span separators")

    def _cut(self, uri: str) -> list[str] | None:
        """The text at each variable: up to the spanning one read forwards, what follows it backwards."""
        if not self.variables:
            return [] if uri == self.text else None
        first, last = self._literals[0], self._literals[-1]
        if len(uri) < len(first) + len(last) or not uri.startswith(first) or not uri.endswith(last):
            return None
        rest = uri[len(first) : len(uri) - len(last)]
        return self._cut_around(rest, self._spanning) if self._spanning is not None else self._cut_through(rest)

    def _cut_through(self, rest: str) -> list[str] | None:
        found = _leading(rest, self._literals[1:-1])
        return [*found[0], found[1]] if found and _is_raw_segment(found[1]) else None

    def _cut_around(self, rest: str, spanning: int) -> list[str] | None:
        before = _leading(rest, self._literals[1 : spanning + 1])
        if before is None:
            return None
        heads, rest = before
        following = self._literals[spanning + 1 : -1]
        after = _leading(rest[::-1], [literal[::-1] for literal in reversed(following)])
        if after is None or not after[1]:
            return None
        tails, middle = after
        return [*heads, middle[::-1], *(tail[::-1] for tail in reversed(tails))]


def _leading(rest: str, literals: Sequence[str]) -> tuple[list[str], str] | None:
    """The text before the first place of each literal in turn, and what is left.

    The first place will do: a segment has no separator, so wherever a later place fits, the first one does too.
    """
    heads: list[str] = []
    for literal in literals:
        at = rest.find(literal, 1)
        if at < 0 or not _is_raw_segment(rest[:at]):
            return None
        heads.append(rest[:at])
        rest = rest[at + len(literal) :]
    return heads, rest


def _is_raw_segment(text: str) -> bool:
    return bool(text) and not any(mark in text for mark in "/?#")


def _is_segment(value: str) -> bool:
    # A backslash separates on Windows: `..\..` must not pass there either.
    return "/" not in value and "\0" not in value and not {".", ".."}.intersection(value.split("\\"))


def _encoded(value: str, safe: frozenset[str]) -> str:
    return "".join(mark if mark in safe else "".join(f"%{byte:02X}" for byte in mark.encode()) for mark in value)


def _decoded(text: str) -> str | None:
    if "%" not in text:
        return text
    try:
        return _ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), text.encode()).decode()
    except (UnicodeError, TypeError):  # no UTF-8, or a `%` without two digits
        return None
