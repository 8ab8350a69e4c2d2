"""Replaces secrets in whatever goes out: the value itself, and the forms in which pages and protocols repeat it."""

import base64
import html
import json
from collections.abc import Iterable, Iterator
from typing import Any, cast
from urllib.parse import quote, quote_plus

# A shorter text is part of too many others.
SHORTEST = 4
MOST_SECRETS = 200
MASK = "[masked]"
PASSWORD = "password"  # noqa: S105  the name that is shown in place of one


class Redactor:
    """The secrets of one session."""

    def __init__(self, secrets: Iterable[tuple[str, str]] = ()) -> None:
        self._needles: dict[str, str] = {}
        for name, value in secrets:
            self.add(name, value)

    def add(self, name: str, value: str) -> None:
        """From now on this value is shown as its name."""
        if len(value) < SHORTEST or len(self._needles) > MOST_SECRETS * 10:
            return
        placeholder = f"<secret>{name}</secret>"
        for form in forms(value):
            self._needles.setdefault(form, placeholder)
        # The longest first: a form may contain another.
        self._needles = dict(sorted(self._needles.items(), key=lambda item: -len(item[0])))

    def text(self, text: str) -> str:
        """The text with every secret replaced."""
        for needle, placeholder in self._needles.items():
            if needle in text:
                text = text.replace(needle, placeholder)
        return text

    def data(self, data: bytes) -> bytes:
        """The bytes of a text file with every secret replaced."""
        for needle, placeholder in self._needles.items():
            data = data.replace(needle.encode(), placeholder.encode())
        return data

    def value(self, value: Any) -> Any:
        """A JSON value with every secret replaced, in keys too."""
        if not self._needles:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            known = cast("dict[str, Any]", value)
            return {self.text(key): self.value(item) for key, item in known.items()}
        if isinstance(value, list | tuple):
            return [self.value(item) for item in cast("list[Any]", value)]
        return value


def forms(value: str) -> Iterator[str]:
    """The forms of a value in URLs, JSON, HTML, YAML and base64, the plain one first."""
    found = dict.fromkeys(
        [
            value,
            quote(value, safe=""),
            quote(value),
            quote_plus(value),
            json.dumps(value)[1:-1],
            json.dumps(value, ensure_ascii=False)[1:-1],
            html.escape(value),
            html.escape(value, quote=False),
            value.replace("'", "''"),
            " ".join(value.split()),
            *_base64(value.encode("utf-8", "replace")),
        ]
    )
    return (form for form in found if len(form) >= SHORTEST)


def _base64(data: bytes) -> Iterator[str]:
    """Its base64 wherever it stands in a longer text: the digits that depend on nothing beside it."""
    for shift in range(3):
        coded = base64.b64encode(bytes(shift) + data).decode()
        begin = (shift * 8 + 5) // 6
        end = (shift + len(data)) * 8 // 6
        core = coded[begin:end]
        if len(core) > SHORTEST:
            yield core
            yield core.replace("+", "-").replace("/", "_")


def masked(text: str, values: Iterable[str]) -> str:
    """The text without the values of password fields and the like."""
    for value in sorted(set(values), key=len, reverse=True):
        if len(value) >= SHORTEST:
            for form in forms(value):
                text = text.replace(form, MASK)
    return text
