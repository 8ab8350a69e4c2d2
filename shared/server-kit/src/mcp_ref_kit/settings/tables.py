"""Settings that are tables of the config file: `[databases.NAME]`, `[[query]]`. Each fault is told with its place."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

import msgspec

from mcp_protocol.errors import SettingsError
from mcp_ref_kit.settings.fields import Field
from mcp_ref_kit.settings.given import Given
from mcp_ref_kit.settings.secret import Secret


def tables(document: dict[str, Any], fields: Iterable[Field], file: str, text: str) -> dict[str, Given]:
    """Take the tables out of a document, by field name; `text` is what the document was read from.

    Raises:
        SettingsError: one is not as it has to be.
    """
    found: dict[str, Given] = {}
    for field in fields:
        name = field.marker.table
        value = document.get(name) if name else None
        if name is None or not _are_tables(value):
            continue
        del document[name]
        typed = _named(field, name, value, file) if isinstance(value, dict) else _listed(field, name, value, file, text)
        found[field.name] = Given(texts=[], where=f"`{name}` in {file}", source=file, value=typed)
    return found


def _are_tables(value: Any) -> bool:
    """Whether it is one kind of tables or the other; `databases = ["..."]` is a plain setting."""
    members = cast("list[object]", value) if isinstance(value, list) else []
    if isinstance(value, dict):
        members = list(cast("dict[str, object]", value).values())
    return bool(members) and all(isinstance(member, dict) for member in members)


def _named(field: Field, name: str, value: Any, file: str) -> Mapping[str, Any]:
    members = cast("dict[str, dict[str, Any]]", value)
    return {key: _member(field, member, f"`[{name}.{key}]` in {file}") for key, member in members.items()}


def _listed(field: Field, name: str, value: Any, file: str, text: str) -> list[Any]:
    lines = _lines_of(name, text)
    members = cast("list[dict[str, Any]]", value)
    places = lines if len(lines) == len(members) else [None] * len(members)
    return [
        _member(field, member, f"`[[{name}]]` in {file}" + (f", line {line}" if line else ""))
        for line, member in zip(places, members, strict=True)
    ]


def _member(field: Field, member: dict[str, Any], where: str) -> Any:
    try:
        return msgspec.convert(_underscored(member), field.members, dec_hook=_secret)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{where}: {_sentence(str(error))}") from None


def _underscored(value: Any) -> Any:
    """The same with underscores in its keys: as everywhere in the file, a dash is as good."""
    if isinstance(value, list):
        return [_underscored(item) for item in cast("list[object]", value)]
    if not isinstance(value, dict):
        return value
    return {key.replace("-", "_"): _underscored(member) for key, member in cast("dict[str, object]", value).items()}


def _secret(kind: type, value: Any) -> Any:
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise ValueError("must be text")


def _sentence(text: str) -> str:
    """What msgspec says, and where: "Expected `int`, got `str` - at `$.params[0].name`"."""
    fault, _, place = text.partition(" - at `$")
    place = place.removesuffix("`").removeprefix(".")
    return f"{fault}{f' (`{place}`)' if place else ''}{'' if fault.endswith('.') else '.'}"


def _lines_of(name: str, text: str) -> list[int]:
    header = f"[[{name}]]"
    return [number for number, line in enumerate(text.splitlines(), 1) if line.split("#")[0].strip() == header]
