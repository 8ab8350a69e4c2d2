"""Arguments as a caller sends them, into the parameters of a handler; or why not, in words for a model."""

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import msgspec
from msgspec import NODEFAULT, UNSET, Raw, Struct

from mcp_protocol.errors import ToolError
from mcp_protocol.schema import Field, Schema, faults, input_schema, integral
from mcp_protocol.schema.values import is_object
from mcp_protocol.schema.words import shown
from mcp_protocol.server.signature import Parameter

# What msgspec says, and where: "Expected `int`, got `str` - at `$.edits[0].start`".
_REMARK = re.compile(r"(?P<fault>.*?)(?: - at `(?:key in )?\$\.?(?P<place>.*)`)?", re.DOTALL)


class Arguments:
    """The parameters of one tool or prompt. The decoder is compiled at the first call, the schema when it is listed."""

    def __init__(self, owner: str, parameters: Sequence[Parameter]) -> None:
        self._owner = owner
        self._parameters = parameters

    @cached_property
    def schema(self) -> Schema:
        """The input schema.

        Raises:
            ValueError: a parameter's type has no portable form.
        """
        return input_schema([_field(parameter) for parameter in self._parameters])

    def decode(self, raw: Raw | bytes | None) -> dict[str, Any]:
        """The parameters by name; no arguments at all are the same as `{}`.

        Raises:
            ToolError: `invalid_argument`, with every fault that was found.
        """
        data = bytes(raw) if raw else b"{}"
        try:
            return msgspec.structs.asdict(self._decoder.decode(data))
        except msgspec.ValidationError as error:
            value = msgspec.json.decode(data)
            return {} if value is None and not self._parameters else self._second_look(value or {}, error)

    def convert(self, values: Mapping[str, str]) -> dict[str, Any]:
        """The same for the arguments of a prompt, which are strings.

        Raises:
            ToolError: `invalid_argument`, with every fault that was found.
        """
        try:
            return msgspec.structs.asdict(msgspec.convert(values, self._struct))
        except msgspec.ValidationError as error:
            raise self._refusal(values, error) from error
