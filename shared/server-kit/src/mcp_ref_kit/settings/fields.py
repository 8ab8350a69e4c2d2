"""From a settings class to its table of fields: flag, variable, key, kind, bounds and default. Pure."""

import types
from typing import Annotated, Any, Union, get_args, get_origin

from msgspec import NODEFAULT, Meta, Struct
from msgspec.structs import FieldInfo, replace
from msgspec.structs import fields as struct_fields

from mcp_ref_kit.settings.kinds import TABLE, Kind, kind_of
from mcp_ref_kit.settings.markers import Marker, Unit
from mcp_ref_kit.settings.secret import Secret

_UNSUPPORTED = ("gt", "lt", "multiple_of", "pattern")
_BOUNDS = {"ge": "low", "le": "high", "min_length": "shortest", "max_length": "longest"}
_PLAIN = Marker()


class Field(Struct, frozen=True, kw_only=True):
    """One setting, however it is given."""

    name: str
    """The attribute: `max_read_bytes`."""
    kind: Kind
    help: str
    marker: Marker
    info: FieldInfo
    many: type | None
    """list or tuple for a setting that is given several times."""
    secret: bool
    low: float | None = None
    high: float | None = None
    shortest: int | None = None
    longest: int | None = None

    @property
    def key(self) -> str:
        """The key in a config file: `max-read-bytes`."""
        return self.name.replace("_", "-")

    @property
    def from_file(self) -> bool:
        """The flag names a file that holds the value: secrets never stand on a command line."""
        return self.secret and not self.marker.inline

    @property
    def flag(self) -> str:
        """The flag: `--max-read-bytes`; `--auth-token-file` for a secret."""
        return f"--{self.key}-file" if self.from_file else f"--{self.key}"

    @property
    def variable(self) -> str:
        """The environment variable: `MCP_MAX_READ_BYTES`."""
        return f"MCP_{self.name.upper()}"

    @property
    def is_switch(self) -> bool:
        """A flag without a value."""
        return self.kind.from_toml == (str, bool)

    @property
    def opposite(self) -> str | None:
        """The other flag of a switch: `--no-x` for `--x`, and `--x` for `--no-x`."""
        if not self.is_switch or self.marker.flag_only:
            return None
        return f"--{self.key[3:]}" if self.key.startswith("no-") else f"--no-{self.key}"

    @property
    def metavar(self) -> str:
        """What help calls the value."""
        if self.marker.metavar:
            return self.marker.metavar
        if self.from_file:
            return "FILE"
        return f"{self.kind.metavar},..." if self.marker.separator == "," else self.kind.metavar

    @property
    def members(self) -> type[Struct]:
        """What each table of a field of tables is."""
        return get_args(_peel(self.info.type)[0])[-1]

    @property
    def required(self) -> bool:
        """It has no default."""
        return self.info.required

    def default(self) -> Any:
        """The default, made anew where it is mutable."""
        if self.info.default_factory is not NODEFAULT:
            return self.info.default_factory()
        return self.info.default


def fields_of(settings: type[Struct]) -> dict[str, Field]:
    """The table of one settings class, by attribute, in the order of the class.

    Raises:
        TypeError: a field has a type that no setting can have.
    """
    return {info.name: _field(info, settings) for info in struct_fields(settings)}


def merge(common: dict[str, Field], own: dict[str, Field]) -> dict[str, Field]:
    """One table of both: a server that names a common setting gives it its own default, help and bounds.

    Raises:
        TypeError: the server gives a common setting another type, or both have a positional one.
    """
    merged = {name: _over(common[name], field) if name in common else field for name, field in own.items()}
    merged |= {name: field for name, field in common.items() if name not in own}
    if sum(field.marker.positional for field in merged.values()) > 1:
        raise TypeError("only one setting can be positional")
    return merged


def _over(common: Field, own: Field) -> Field:
    if common.kind.metavar != own.kind.metavar or common.many is not own.many:
        raise TypeError(f"the setting {own.name!r} is a common one and has another type there")
    return replace(
        own,
        help=own.help or common.help,
        marker=common.marker if own.marker == _PLAIN else own.marker,
        low=common.low if own.low is None else own.low,
        high=common.high if own.high is None else own.high,
        shortest=common.shortest if own.shortest is None else own.shortest,
        longest=common.longest if own.longest is None else own.longest,
    )


def _field(info: FieldInfo, owner: type[Struct]) -> Field:
    hint, notes = _peel(info.type)
    marker = next((note for note in notes if isinstance(note, Marker)), _PLAIN)
    if marker.table is not None:
        return Field(name=info.name, kind=TABLE, help="", marker=marker, info=info, many=None, secret=False)
    bounded = notes
    many: type | None = get_origin(hint) if get_origin(hint) in {list, tuple} else None
    if many is not None:
        hint, bounded = _peel(get_args(hint)[0])
    metas = [note for note in (*notes, *bounded) if isinstance(note, Meta)]
    unit = next((note for note in bounded if isinstance(note, Unit)), None)
    try:
        kind = kind_of(hint, unit)
        bounds = _bounds(metas)
    except TypeError as error:
        raise TypeError(f"{owner.__name__}.{info.name}: {error}") from None
    return Field(
        name=info.name,
        kind=kind,
        help=_outermost(metas, "description") or "",
        marker=marker,
        info=info,
        many=many,
        secret=hint is Secret,
        **bounds,
    )


def _bounds(metas: list[Meta]) -> dict[str, Any]:
    for name in _UNSUPPORTED:
        if _outermost(metas, name) is not None:
            raise TypeError(f"a setting is bounded by ge, le, min_length and max_length, not by {name}")
    return {ours: _outermost(metas, theirs) for theirs, ours in _BOUNDS.items()}


def _peel(hint: Any) -> tuple[Any, list[Any]]:
    """The type under `Annotated` and `| None`, and all notes, outermost first."""
    if get_origin(hint) is Annotated:
        inner, notes = _peel(hint.__origin__)
        return inner, list(reversed(hint.__metadata__)) + notes
    if get_origin(hint) in {Union, types.UnionType}:
        members = [member for member in get_args(hint) if member is not types.NoneType]
        if len(members) == 1:
            return _peel(members[0])
    return hint, []


def _outermost(metas: list[Meta], name: str) -> Any:
    """The outermost note's word on it."""
    return next((value for meta in metas if (value := getattr(meta, name)) is not None), None)
