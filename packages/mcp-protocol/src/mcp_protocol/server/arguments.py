"""Arguments as a caller sends them, into the parameters of a handler; or why not, in words for a model."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import msgspec
from msgspec import NODEFAULT, UNSET, Struct
from msgspec.structs import asdict

from mcp_protocol.errors import ToolError
from mcp_protocol.schema import Field, Schema, faults, input_schema, integral
from mcp_protocol.schema.values import is_object
from mcp_protocol.schema.words import shown
from mcp_protocol.server.signature import Parameter


class TypedArguments:
    """Arguments by the handler's signature. The decoder is made at the first call, the schema when it is listed."""

    def __init__(self, owner: str, parameters: Sequence[Parameter]) -> None:
        self.parameters = tuple(parameters)
        self._owner = owner

    @cached_property
    def schema(self) -> Schema:
        """The input schema, closed."""
        return input_schema([_field(parameter) for parameter in self.parameters])

    def typed(self, given: Any) -> dict[str, Any]:
        """The parameters by name, in one pass; only a refusal costs a second look. None is the same as `{}`.

        Raises:
            ToolError: `invalid_argument`, with every fault that was found.
        """
        values: Any = {} if given is None else given
        try:
            return asdict(msgspec.convert(values, self._struct))
        except msgspec.ValidationError as error:
            return self._second_look(values, error)

    @cached_property
    def _struct(self) -> type[Struct]:
        fields = [_defined(parameter) for parameter in self.parameters]
        names = {parameter.name: parameter.wire for parameter in self.parameters}
        return msgspec.defstruct(
            self._owner, fields, frozen=True, kw_only=True, forbid_unknown_fields=True, rename=names
        )

    def _second_look(self, value: Any, error: msgspec.ValidationError) -> dict[str, Any]:
        _require_object(value, self._owner)
        found = faults(value, self.schema, owner=self._owner)
        if found:
            raise self._refusal(found, error) from error
        try:
            return asdict(msgspec.convert(integral(value), self._struct))
        except msgspec.ValidationError as second:
            raise self._refusal([], second) from second

    def _refusal(self, found: Sequence[str], error: msgspec.ValidationError) -> ToolError:
        return ToolError(" ".join(found) or _remark(str(error)), code="invalid_argument")


class VerbatimArguments:
    """Arguments by a schema that the author wrote: the handler gets the whole object and judges it."""

    def __init__(self, owner: str, parameter: str, schema: Mapping[str, Any]) -> None:
        self.schema = dict(schema)
        self._owner = owner
        self._parameter = parameter

    def typed(self, given: Any) -> dict[str, Any]:
        """The one parameter, an object.

        Raises:
            ToolError: `invalid_argument`, the arguments are no object.
        """
        value: Any = {} if given is None else given
        _require_object(value, self._owner)
        return {self._parameter: value}


Arguments = TypedArguments | VerbatimArguments


def _require_object(value: object, owner: str) -> None:
    if not is_object(value):
        raise ToolError(f"The arguments of `{owner}` must be an object, got {shown(value)}.", code="invalid_argument")


def _field(parameter: Parameter) -> Field:
    default = UNSET if parameter.default is NODEFAULT else parameter.default
    return Field(name=parameter.wire, hint=parameter.hint, default=default, required=parameter.required)


def _defined(parameter: Parameter) -> tuple[str, Any] | tuple[str, Any, Any]:
    if parameter.required:
        return parameter.name, parameter.hint
    return parameter.name, parameter.hint, parameter.default


def _remark(text: str) -> str:
    # What msgspec says, and where: "Expected `int`, got `str` - at `$.edits[0].start`".
    fault, _, place = text.partition(" - at `$.")
    return f"`{place.removesuffix('`') or 'arguments'}`: {fault}."
