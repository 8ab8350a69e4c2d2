"""Settings from a TOML file: a key per setting, a table per prefix (`[http] allowed-hosts` is `http-allowed-hosts`)."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from mcp_protocol.errors import SettingsError
from mcp_ref_kit.settings.fields import Field
from mcp_ref_kit.settings.given import Given, reason
from mcp_ref_kit.settings.tables import tables
from mcp_ref_kit.settings.words import suggestion

_MOST_BYTES = 1024 * 1024
_TYPES = {str: "text", bool: "true or false", int: "a whole number", float: "a number"}


def from_config(path: Path, fields: Mapping[str, Field]) -> dict[str, Given]:
    """What the file says, by field name.

    Raises:
        SettingsError: it cannot be read, is not TOML, has an unknown or doubled key or a value of the wrong type.
    """
    known = {key: field for field in fields.values() if _has_key(field) for key in _keys(field)}
    text = _text_of(path)
    document = _parsed(path, text)
    found = tables(document, fields.values(), path.name, text)
    for key, value in _flat(document, ""):
        field = known.get(key)
        if field is None:
            raise SettingsError(f"There is no setting `{key}`, as {path.name} has it{suggestion(key, known)}")
        if field.name in found:
            raise SettingsError(f"`{key}` is given twice in {path.name}.")
        where = f"`{key}` in {path.name}"
        names_file = field.from_file and key != field.key
        found[field.name] = Given(
            texts=_texts(field, value, where), where=where, source=path.name, names_file=names_file
        )
    return found


def _keys(field: Field) -> list[str]:
    return [field.key, f"{field.key}-file"] if field.from_file else [field.key]


def _has_key(field: Field) -> bool:
    return not field.marker.flag_only and field.marker.table is None


def _text_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        text = data.decode()
    except (OSError, ValueError) as error:
        raise SettingsError(f"The config file {path} cannot be read: {reason(error)}.") from None
    if len(data) > _MOST_BYTES:
        raise SettingsError(f"The config file {path} is larger than {_MOST_BYTES} bytes.")
    return text


def _parsed(path: Path, text: str) -> dict[str, Any]:
    import tomllib  # noqa: PLC0415  only those who have a file pay for its parser

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"The config file {path} is not TOML: {error}.") from None
    except RecursionError:
        raise SettingsError(f"The config file {path} is nested too deeply.") from None


def _flat(table: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        key = prefix + name.replace("_", "-")
        if isinstance(value, dict):
            yield from _flat(cast("dict[str, Any]", value), f"{key}-")
        else:
            yield key, value


def _texts(field: Field, value: Any, where: str) -> list[str]:
    if isinstance(value, list):
        if field.many is None:
            raise SettingsError(f"{where} takes one value, not a list.")
        return [_text(field, item, where) for item in cast("list[Any]", value)]
    return [_text(field, value, where)]


def _text(field: Field, value: Any, where: str) -> str:
    if type(value) not in field.kind.from_toml:
        wanted = " or ".join(_TYPES[kind] for kind in field.kind.from_toml)
        raise SettingsError(f"{where} must be {wanted}.")
    return str(value).lower() if isinstance(value, bool) else str(value)
