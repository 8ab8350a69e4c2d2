"""Four sources, one precedence: flag, then environment, then config file, then default."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from msgspec import Struct

from mcp_protocol.errors import SettingsError
from mcp_ref_kit.settings.environment import from_environment
from mcp_ref_kit.settings.fields import Field
from mcp_ref_kit.settings.given import Given, value_of

S = TypeVar("S", bound=Struct)
# The setting that names the config file; every other one can be in it.
CONFIG = "config"


class Loaded(Struct, frozen=True):
    """The value of each setting, and where each came from."""

    values: dict[str, Any]
    sources: dict[str, str]

    def into(self, settings: type[S], without: Iterable[str] = ()) -> S:
        """The settings of one class, made of its own fields; those `without` keep their defaults."""
        names = set(settings.__struct_fields__) & self.values.keys() - set(without)
        return settings(**{name: self.values[name] for name in names})


def load(fields: Mapping[str, Field], flags: Mapping[str, list[str]], environment: Mapping[str, str]) -> Loaded:
    """Read every setting from the best of its sources; opens nothing but the config file and files of secrets.

    `flags` are the texts from the command line, as `parse` gives them.

    Raises:
        SettingsError: the first thing that is wrong, in one sentence.
    """
    given = from_environment(fields.values(), environment) | _from_flags(fields, flags)
    if CONFIG in given:
        from mcp_ref_kit.settings.config_file import from_config  # noqa: PLC0415  few starts have a file

        given = from_config(value_of(fields[CONFIG], given[CONFIG]), fields) | given
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for field in fields.values():
        values[field.name], sources[field.name] = _settle(field, given.get(field.name))
    return Loaded(values, sources)


def _from_flags(fields: Mapping[str, Field], flags: Mapping[str, list[str]]) -> dict[str, Given]:
    return {
        name: Given(
            texts=texts,
            where=f"`{_spelled(fields[name])}`",
            source=_spelled(fields[name]),
            names_file=fields[name].from_file,
        )
        for name, texts in flags.items()
    }


def _settle(field: Field, given: Given | None) -> tuple[Any, str]:
    if given is not None:
        return value_of(field, given), given.source
    if field.required:
        raise SettingsError(f"`{_spelled(field)}` is missing.")
    return field.default(), "default"


def _spelled(field: Field) -> str:
    return field.metavar if field.marker.positional else field.flag
