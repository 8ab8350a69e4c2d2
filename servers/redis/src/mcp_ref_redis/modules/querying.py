"""Queries of the search module from typed filters: what a caller gives as a value is escaped, or a parameter. Pure."""

import string
from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast

from msgspec import Struct

from mcp_ref_kit.db.calls.errors import bad_argument
from mcp_ref_redis.access.bounds import require_finite
from mcp_ref_redis.engine.opening import Vector
from mcp_ref_redis.values import floats

MOST_QUERY = 4096
MOST_FILTERS = 32
MOST_NAME = 128
TIMEOUT_MS = b"5000"
# Under which name the distance of a vector comes back.
DISTANCE = "vector_distance"

Comparison = Literal["eq", "ne", "in", "gt", "gte", "lt", "lte", "between", "match", "prefix"]


class Filter(Struct, frozen=True, forbid_unknown_fields=True):
    """One condition: tags by eq, ne, in; numbers by gt, gte, lt, lte, between; text by match, prefix."""

    field: str
    op: Comparison
    value: Any


class VectorQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """The nearest neighbours of a vector in a field."""

    field: str
    values: list[float]
    k: int = 10


class Question(Struct, frozen=True, kw_only=True):
    """A whole search."""

    index: bytes
    query: str = "*"
    filters: Sequence[Filter] = ()
    vector: VectorQuery | None = None
    return_fields: Sequence[str] | None = None
    sort_by: str | None = None
    descending: bool = False
    offset: int = 0
    limit: int = 20


def search_vector(question: Question) -> Vector:
    """FT.SEARCH with everything that was asked.

    Raises:
        DbError: `invalid_argument`.
    """
    words: list[bytes] = [b"FT.SEARCH", question.index, expression(question).encode()]
    if question.return_fields is not None:
        names = [*question.return_fields, *([DISTANCE] if question.vector else [])]
        words += [b"RETURN", b"%d" % len(names), *[no_option("return_fields", name) for name in names]]
    sort_by = question.sort_by or (DISTANCE if question.vector else None)
    if sort_by is not None:
        words += [b"SORTBY", sort_by.encode(), b"DESC" if question.descending else b"ASC"]
    words += [b"LIMIT", b"%d" % question.offset, b"%d" % question.limit]
    if question.vector is not None:
        words += [b"PARAMS", b"2", b"vec", floats("vector.values", question.vector.values)]
    elif question.sort_by is None:
        words.insert(3, b"WITHSCORES")
    return [*words, b"TIMEOUT", TIMEOUT_MS, b"DIALECT", b"2"]


def expression(question: Question) -> str:
    """The text of the query: the caller's own, every filter, and the vector by its parameter."""
    if len(question.query.encode()) > MOST_QUERY:
        raise bad_argument("query", f"must have at most {MOST_QUERY} bytes")
    parts = [] if question.query.strip() in {"", "*"} else [f"({question.query})"]
    parts += [condition(one) for one in question.filters]
    text = " ".join(parts) or "*"
    if question.vector is None:
        return text
    vector = question.vector
    if not 1 <= vector.k <= 1000:  # noqa: PLR2004  a page of results at most
        raise bad_argument("vector.k", "must be between 1 and 1000")
    before = "*" if text == "*" else f"({text})"
    return f"{before}=>[KNN {vector.k} @{field_name(vector.field)} $vec AS {DISTANCE}]"


def condition(one: Filter) -> str:
    """One filter as query text."""
    name, value = field_name(one.field), one.value
    if one.op == "between":
        low, high = _pair(value)
        return f"@{name}:[{_number(low)} {_number(high)}]"
    if one.op in _RANGES:
        return f"@{name}:[{_RANGES[one.op].format(_number(value))}]"
    if one.op in {"match", "prefix"}:
        words = " ".join(_scalar(value).translate(_BETWEEN_WORDS).split())
        if not words:
            raise bad_argument("filters.value", f"must hold a word for {one.op}")
        return f"@{name}:({words}{'*' if one.op == 'prefix' else ''})"
    no = "-" if one.op == "ne" else ""
    if isinstance(value, int | float) and not isinstance(value, bool) and one.op != "in":
        return f"{no}@{name}:[{_number(value)} {_number(value)}]"
    tags = " | ".join(escaped(_scalar(tag)) for tag in (_tags(value) if one.op == "in" else [value]))
    return f"{no}@{name}:{{{tags}}}"


def _pair(value: Any) -> list[Any]:
    items = cast("list[Any]", value) if isinstance(value, list) else []
    if len(items) != 2:  # noqa: PLR2004  low and high
        raise bad_argument("filters.value", "must be [low, high] for between")
    return items


def _tags(value: Any) -> list[Any]:
    items = cast("list[Any]", value) if isinstance(value, list) else []
    if not items:
        raise bad_argument("filters.value", "must be a list of tags for in")
    return items


def _scalar(value: Any) -> str:
    """A tag or words as the module has them; a truth is a word of JSON."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int | float) or value == "":
        raise bad_argument("filters.value", "must be a text that is not empty, or a number, for this comparison")
    return str(value)


def escaped(text: str) -> str:
    """A value in which nothing means anything to the query language."""
    return "".join(character if character.isalnum() or character == "_" else f"\\{character}" for character in text)


def field_name(name: str) -> str:
    """A field of an index as it stands behind `@`.

    Raises:
        DbError: `invalid_argument`.
    """
    if not name or len(name) > MOST_NAME or not all(one.isalnum() or one in "_.-$" for one in name):
        raise bad_argument("field", "must be the name of a field of the index", hint="describe_index lists them.")
    return "".join(one if one.isalnum() or one == "_" else f"\\{one}" for one in name)


def _number(value: Any) -> str:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise bad_argument("filters.value", "must be a number for this comparison")
    return require_finite("filters.value", value).decode()


# What parts the words of a text when it is indexed parts those that are looked for, too; nothing of it is left.
_BETWEEN_WORDS = {ord(mark): " " for mark in string.punctuation if mark != "_"}
_RANGES: Mapping[str, str] = {"gt": "({} +inf", "gte": "{} +inf", "lt": "-inf ({}", "lte": "-inf {}"}


class Aggregate(Struct, frozen=True, forbid_unknown_fields=True):
    """Groups with one number for each: count, or sum, avg, min, max of a field."""

    group_by: list[str]
    reduce: Literal["count", "sum", "avg", "min", "max"] = "count"
    field: str | None = None


def aggregate_vector(question: Question, wanted: Aggregate) -> Vector:
    """FT.AGGREGATE over what the query matches.

    Raises:
        DbError: `invalid_argument`.
    """
    if not wanted.group_by or (wanted.reduce == "count") != (wanted.field is None):
        raise bad_argument("aggregate", "needs group_by, and a field for all but count")
    names = [f"@{field_name(name)}".encode() for name in wanted.group_by]
    field = [] if wanted.field is None else [f"@{field_name(wanted.field)}".encode()]
    words = [b"FT.AGGREGATE", question.index, expression(question).encode(), b"GROUPBY", b"%d" % len(names), *names]
    words += [b"REDUCE", wanted.reduce.upper().encode(), b"%d" % len(field), *field, b"AS", b"result"]
    words += [b"SORTBY", b"2", b"@result", b"DESC", b"LIMIT", b"%d" % question.offset, b"%d" % question.limit]
    return [*words, b"TIMEOUT", TIMEOUT_MS, b"DIALECT", b"2"]


class IndexField(Struct, frozen=True, forbid_unknown_fields=True):
    """A field of a new index; dim and metric of a vector."""

    name: str
    type: Literal["text", "tag", "numeric", "geo", "vector"]
    path: str | None = None
    sortable: bool = False
    dim: int | None = None
    metric: Literal["cosine", "l2", "ip"] = "cosine"


class Schema(Struct, frozen=True, forbid_unknown_fields=True):
    """What a new index covers."""

    prefixes: list[str]
    fields: list[IndexField]
    on: Literal["hash", "json"] = "hash"


def create_vector(index: bytes, schema: Schema) -> Vector:
    """FT.CREATE of a schema.

    Raises:
        DbError: `invalid_argument`.
    """
    if not schema.prefixes or not schema.fields:
        raise bad_argument("schema", "needs prefixes and fields")
    prefixes = [prefix.encode() for prefix in schema.prefixes]
    words = [b"FT.CREATE", index, b"ON", schema.on.upper().encode(), b"PREFIX", b"%d" % len(prefixes), *prefixes]
    words.append(b"SCHEMA")
    for one in schema.fields:
        words += _field(one)
    return words


def no_option(argument: str, word: str) -> bytes:
    """A name at a place where the module would take its own words for options.

    Raises:
        DbError: `invalid_argument`; it is one of them.
    """
    if word.upper() in _OPTIONS:
        raise bad_argument(argument, f"cannot be {word!r}, which is a word of the module's")
    return word.encode()


_OPTIONS = frozenset(
    {
        *("", "AS", "SORTABLE", "UNF", "NOINDEX", "NOSTEM", "WEIGHT", "PHONETIC", "SEPARATOR", "CASESENSITIVE"),
        *("WITHSUFFIXTRIE", "INDEXEMPTY", "INDEXMISSING", "COORD_SYSTEM", "FLAT", "HNSW", "SVS-VAMANA"),
    }
)


def _field(one: IndexField) -> Vector:
    field_name(one.name)  # a field that no filter can name is of no use
    name = no_option("schema.fields.name", one.name)
    start = [name] if one.path is None else [no_option("schema.fields.path", one.path), b"AS", name]
    if one.type != "vector":
        return [*start, one.type.upper().encode(), *([b"SORTABLE"] if one.sortable else [])]
    if one.dim is None or not 1 <= one.dim <= 32_768:  # noqa: PLR2004  the modules' own bound
        raise bad_argument("schema.fields.dim", "must be between 1 and 32768 for a vector")
    attributes = [b"TYPE", b"FLOAT32", b"DIM", b"%d" % one.dim, b"DISTANCE_METRIC", one.metric.upper().encode()]
    return [*start, b"VECTOR", b"HNSW", b"%d" % len(attributes), *attributes]
