"""Takes type hints apart: what is annotated, what is optional, which classes are Structs.

Every parameter of every tool passes here while a server starts, so the common hints take the short way.
"""

from collections.abc import Sequence
from enum import EnumMeta
from types import UnionType
from typing import Annotated, Any, NamedTuple, NewType, TypeGuard, Union, get_origin

from msgspec import Meta, Struct, StructMeta

NoneType = type(None)

# A plain class has no wrapper to take off.
_CLASSES: frozenset[type] = frozenset({type, StructMeta, EnumMeta})
_ANNOTATED: Any = type(Annotated[int, ""])
# `type Name = ...` exists since Python 3.12, and in typing_extensions before: known by the name of its type.
_ALIAS = "TypeAliasType"
_SAID = (
    "title",
    "description",
    "examples",
    "ge",
    "le",
    "gt",
    "lt",
    "multiple_of",
    "min_length",
    "max_length",
    "pattern",
)


class Peeled(NamedTuple):
    """A hint without its wrappers, and the notes that were on them; later notes win over earlier ones."""

    hint: Any
    notes: tuple[Meta, ...]


def peel(hint: Any) -> Peeled:
    """Take off `Annotated`, `NewType` and type aliases."""
    notes: tuple[Meta, ...] = ()
    while type(hint) not in _CLASSES:
        if isinstance(hint, _ANNOTATED):
            notes = (*(note for note in hint.__metadata__ if isinstance(note, Meta)), *notes)
            hint = hint.__origin__
        elif isinstance(hint, NewType):
            hint = hint.__supertype__
        elif _is_alias(hint):
            hint = hint.__value__
        elif _is_alias(getattr(hint, "__origin__", None)):
            hint = hint.__origin__.__value__[hint.__args__]
        else:
            break
    return Peeled(hint, notes)


def options(hint: Any) -> tuple[Any, ...]:
    """The members of a union; of anything else, itself."""
    if type(hint) is UnionType or get_origin(hint) is Union:
        return hint.__args__
    return (hint,)


def without(hint: Any, *unwanted: Any) -> Any:
    """The hint less those members of its union; notes around the union stay."""
    bare, notes = peel(hint)
    members = options(bare)
    kept = [member for member in members if member not in unwanted]
    if len(kept) == len(members) or not kept:
        return hint
    inner: Any = Union[tuple(kept)]  # noqa: UP007  built from a list
    for note in notes:
        inner = Annotated[inner, note]
    return inner


def nullable(hint: Any) -> bool:
    """Whether None is one of the values."""
    bare = peel(hint).hint
    return bare is None or NoneType in options(bare)


def struct_of(hint: Any) -> type[Struct] | None:
    """The Struct class of a hint, also of a generic one with its parameters given; None if it is no Struct."""
    cls = get_origin(hint) or hint
    return cls if is_struct(cls) else None


def is_struct(cls: Any) -> TypeGuard[type[Struct]]:
    """Whether this is a Struct class."""
    return isinstance(cls, StructMeta)


def noted(notes: Sequence[Meta]) -> dict[str, Any]:
    """What the notes say, by the names that `msgspec.Meta` has for it."""
    return {name: value for note in notes for name in _SAID if (value := getattr(note, name)) is not None}


def plain(hint: Any) -> Any:
    """The hint without notes and without None: the type of the value when there is one."""
    return peel(without(hint, NoneType)).hint


def _is_alias(hint: Any) -> bool:
    return type(hint).__name__ == _ALIAS
