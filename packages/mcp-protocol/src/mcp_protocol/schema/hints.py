"""Takes type hints apart: what is annotated, what is optional, which classes are Structs."""

from collections.abc import Sequence
from types import UnionType
from typing import Annotated, Any, NamedTuple, TypeGuard, Union, get_args, get_origin

from msgspec import Meta, Struct, UnsetType

NoneType = type(None)


class Peeled(NamedTuple):
    """A hint without its wrappers, and what they said; later notes win over earlier ones."""

    hint: Any
    notes: tuple[Meta, ...]

    @property
    def description(self) -> str | None:
        """What the notes say of the value."""
        return next((note.description for note in reversed(self.notes) if note.description), None)


def peel(hint: Any) -> Peeled:
    """Take off `Annotated`, `NewType` and type aliases."""
    notes: tuple[Meta, ...] = ()
    while True:
        if get_origin(hint) is Annotated:
            notes = (*(note for note in hint.__metadata__ if isinstance(note, Meta)), *notes)
            hint = hint.__origin__
        elif (supertype := getattr(hint, "__supertype__", None)) is not None:
            hint = supertype
        elif (aliased := _aliased(hint)) is not None:
            hint = aliased
        else:
            return Peeled(hint, notes)


def options(hint: Any) -> tuple[Any, ...]:
    """The members of a union; of anything else, itself."""
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)


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
    return NoneType in options(peel(hint).hint) or peel(hint).hint is None


def struct_of(hint: Any) -> type[Struct] | None:
    """The Struct class of a hint, also of a generic one with its parameters given; None if it is no Struct."""
    cls = get_origin(hint) or hint
    return cls if is_struct(cls) else None


def is_struct(cls: Any) -> TypeGuard[type[Struct]]:
    """Whether this is a Struct class."""
    return isinstance(cls, type) and issubclass(cls, Struct)


def said(notes: Sequence[Meta], name: str) -> Any:
    """The last thing that the notes say under that name, or None."""
    return next((value for note in reversed(notes) if (value := getattr(note, name)) is not None), None)


def plain(hint: Any) -> Any:
    """The hint without notes, None and UNSET: the type of the value when there is one."""
    return peel(without(hint, NoneType, UnsetType)).hint


def _aliased(hint: Any) -> Any:
    # `type Name = ...` exists since Python 3.12, and in typing_extensions before: known by its attribute.
    origin = get_origin(hint)
    if origin is not None and hasattr(origin, "__value__"):
        return origin.__value__[get_args(hint)]
    return getattr(hint, "__value__", None)
