"""Reads a handler's signature: the context first, then parameters that a caller names."""

import inspect
import typing
from collections.abc import Callable, Mapping
from inspect import Parameter as Written
from keyword import iskeyword
from typing import Any

from msgspec import NODEFAULT, Meta, Struct

from mcp_protocol.schema.hints import noted, options, peel

_BY_NAME = frozenset({Written.POSITIONAL_OR_KEYWORD, Written.KEYWORD_ONLY})
_POSITIONAL = frozenset({Written.POSITIONAL_ONLY, Written.POSITIONAL_OR_KEYWORD})


class Parameter(Struct, frozen=True):
    """One parameter after the context; `default` is NODEFAULT where it must be given."""

    name: str
    hint: Any
    default: Any

    @property
    def wire(self) -> str:
        """What a caller calls it: a keyword of Python has an underscore after it here, and none there (`as_`)."""
        bare = self.name.removesuffix("_")
        return bare if iskeyword(bare) else self.name

    @property
    def required(self) -> bool:
        """Whether a call must give it."""
        return self.default is NODEFAULT

    @property
    def notes(self) -> tuple[Meta, ...]:
        """What its annotation says, also inside an optional one: `Annotated[int, ...] | None`."""
        hint, outer = peel(self.hint)
        return (*(note for option in options(hint) for note in peel(option).notes), *outer)

    @property
    def description(self) -> str | None:
        """What it means."""
        return noted(self.notes).get("description")


class Signature(Struct, frozen=True):
    """What a handler takes beside the context, and what it returns."""

    parameters: tuple[Parameter, ...]
    result: Any


def signature(function: Callable[..., Any], owner: str) -> Signature:
    """The signature of a handler; `owner` names it in errors, such as "tool `read_file`".

    Raises:
        ValueError: it is no `async def`, has no context, or parameters that cannot be named.
    """
    if not inspect.iscoroutinefunction(function):
        raise ValueError(f"{owner} must be an async function")
    hints = _hints(function, owner)
    first, *rest = [*inspect.signature(function).parameters.values(), None]
    if first is None or first.kind not in _POSITIONAL:
        raise ValueError(f"{owner} must take the context as its first parameter")
    parameters = tuple(_parameter(one, hints, owner) for one in rest if one is not None)
    return Signature(parameters, hints.get("return", NODEFAULT))


def _parameter(written: Written, hints: Mapping[str, Any], owner: str) -> Parameter:
    if written.kind not in _BY_NAME:
        raise ValueError(f"{owner}: `{written}` cannot be named by a caller")
    if written.name not in hints:
        raise ValueError(f"{owner}: the parameter `{written.name}` has no type")
    default = NODEFAULT if written.default is Written.empty else written.default
    return Parameter(written.name, hints[written.name], default)


def _hints(function: Callable[..., Any], owner: str) -> Mapping[str, Any]:
    hints: Mapping[str, Any] = function.__annotations__
    if not any(isinstance(hint, str) for hint in hints.values()):
        return hints
    try:
        return typing.get_type_hints(function, include_extras=True)
    except NameError as error:
        raise ValueError(f"{owner}: {error}; types of handlers are needed when it runs") from error
