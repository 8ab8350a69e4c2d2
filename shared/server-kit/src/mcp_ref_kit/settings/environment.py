"""Settings from environment variables: `MCP_<FLAG>`, and the variables of other programs that a field names."""

import os
from collections.abc import Iterable, Mapping

from mcp_protocol.errors import SettingsError
from mcp_ref_kit.settings.fields import Field
from mcp_ref_kit.settings.given import Given


def from_environment(fields: Iterable[Field], environment: Mapping[str, str]) -> dict[str, Given]:
    """What the environment says, by field name; an empty variable says nothing.

    Raises:
        SettingsError: a secret is given both as text and as a file.
    """
    found = ((field.name, _given(field, environment)) for field in fields if _has_variable(field))
    return {name: given for name, given in found if given is not None}


def _has_variable(field: Field) -> bool:
    return not field.marker.flag_only and field.marker.table is None


def _given(field: Field, environment: Mapping[str, str]) -> Given | None:
    file = f"{field.variable}_FILE"
    if field.from_file and environment.get(file):
        if environment.get(field.variable):
            raise SettingsError(f"`{field.variable}` and `{file}` are both set; keep one of them.")
        return Given(texts=[environment[file]], where=f"`{file}`", source=file, names_file=True)
    for name in (field.variable, *field.marker.env):
        if text := environment.get(name):
            return Given(texts=_texts(field, text), where=f"`{name}`", source=name)
    return None


def _texts(field: Field, text: str) -> list[str]:
    if field.many is None or field.marker.separator is not None:
        return [text]
    return [part for part in text.split(os.pathsep) if part]
