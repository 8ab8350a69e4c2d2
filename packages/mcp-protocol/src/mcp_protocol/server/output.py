"""What a tool returns, into what the protocol sends: text to read, and data that fits the output schema."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, Generic, TypeVar, cast, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, Raw, Struct

from mcp_protocol.encoding import encode, without_controls
from mcp_protocol.schema import Schema, is_union_of_structs, output_schema, text_schema
from mcp_protocol.schema.hints import NoneType, options, peel
from mcp_protocol.types import CallToolResult, ContentBlock, Text

Data = TypeVar("Data", bound=Struct, covariant=True)  # noqa: PLC0105  what it carries, read only

_BLOCKS: frozenset[Any] = frozenset(get_args(ContentBlock))


class Output(Generic[Data]):
    """Data for programs, with a text of its own (or pictures, links) for readers instead of the data as JSON."""

    __slots__ = ("content", "data")

    def __init__(self, data: Data, *content: ContentBlock | str) -> None:
        self.data = data
        self.content = content


# What a handler may return. Content blocks and CallToolResult are Structs too.
Returned = Struct | str | Output[Any] | Sequence[ContentBlock] | None


class TextResult:
    """A `str`: the text, and as data its only member `result`."""

    schema = text_schema()

    def convert(self, value: str) -> CallToolResult:
        """The result of one call."""
        return CallToolResult(content=[Text(value)], structured_content={"result": value})


class ContentResult:
    """Content blocks as they are; nothing for None."""

    schema = None

    def convert(self, value: Any) -> CallToolResult:
        """The result of one call."""
        if isinstance(value, CallToolResult):
            return value
        if value is None:
            return CallToolResult(content=[])
        several = isinstance(value, list | tuple)
        return CallToolResult(content=_blocks(cast("list[ContentBlock]", value) if several else [value]))


class DataResult:
    """Data is encoded once, for the text and the structured content, and checked against its type.

    Struct constructors check nothing, and clients refuse a result that does not fit the schema they were shown.
    """

    def __init__(self, kind: Any, owner: str) -> None:
        self._kind = kind
        self._owner = owner

    @cached_property
    def schema(self) -> Schema:
        """The output schema."""
        return output_schema(self._kind)

    def convert(self, value: Any) -> CallToolResult:
        """The result of one call."""
        content: tuple[ContentBlock | str, ...] = ()
        if isinstance(value, Output):
            output = cast("Output[Struct]", value)
            value, content = output.data, output.content
        encoded = without_controls(encode(value))  # it is text to read as well
        try:
            self._decoder.decode(encoded)
        except msgspec.ValidationError as error:
            raise TypeError(f"{self._owner} returned what its output schema does not allow: {error}") from error
        return CallToolResult(content=_blocks(content or [encoded.decode()]), structured_content=Raw(encoded))

    @cached_property
    def _decoder(self) -> msgspec.json.Decoder[Any]:
        return msgspec.json.Decoder(self._kind)


Conversion = TextResult | ContentResult | DataResult


def conversion(hint: Any, owner: str) -> Conversion:
    """The way of a return type.

    Raises:
        ValueError: a tool cannot return that.
    """
    bare = peel(hint).hint
    if bare is str:
        return TextResult()
    if get_origin(bare) is Output:
        bare = peel(get_args(bare)[0]).hint
    elif all(_is_content(option) for option in options(bare)):
        return ContentResult()
    if is_union_of_structs(bare):
        return DataResult(bare, owner)
    wrong = "has no return type" if hint is NODEFAULT else f"returns {hint!r}"
    raise ValueError(f"{owner} {wrong}: it must be a Struct, tagged Structs, str, Output[Struct], content or None")


def _is_content(option: Any) -> bool:
    if get_origin(option) in {list, tuple, Sequence}:
        return all(_is_content(item) for item in options(get_args(option)[0]))
    return option in _BLOCKS or option in {CallToolResult, NoneType, None, str, ContentBlock}


def _blocks(content: Iterable[ContentBlock | str]) -> list[ContentBlock]:
    return [Text(one) if isinstance(one, str) else one for one in content]
