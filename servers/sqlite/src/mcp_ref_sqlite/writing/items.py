"""What a model writes as the statements of a batch."""

from typing import Annotated, Any

from msgspec import Struct

from mcp_protocol import arg


class Item(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One statement; with `params_list` it runs once for each of them."""

    sql: Annotated[str, arg("One SQL statement.", min_length=1)]
    params: Annotated[list[Any] | dict[str, Any], arg("Values of its parameters.")] = []
    params_list: Annotated[list[list[Any] | dict[str, Any]], arg("Values for each run.", max_length=10_000)] = []
