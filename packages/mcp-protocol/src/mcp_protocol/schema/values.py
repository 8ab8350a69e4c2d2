"""JSON values, told apart for the type checker, and whole numbers written with a fraction."""

from typing import Any, TypeGuard


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Whether the value is a JSON object."""
    return isinstance(value, dict)


def is_array(value: object) -> TypeGuard[list[Any]]:
    """Whether the value is a JSON array."""
    return isinstance(value, list)


def integral(value: Any) -> Any:
    """The value with each 5.0 as 5: JSON Schema takes both for an integer, msgspec does not."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if is_array(value):
        return [integral(item) for item in value]
    if is_object(value):
        return {name: integral(member) for name, member in value.items()}
    return value
