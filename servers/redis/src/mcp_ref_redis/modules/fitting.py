"""Why a search found nothing: a field that the index has not, or has as something else. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from mcp_ref_kit.db.calls.errors import DbError, bad_argument
from mcp_ref_redis.modules.querying import Filter, Question, VectorQuery
from mcp_ref_redis.modules.replies import members
from mcp_ref_redis.values import shown

_NUMBERS = ("eq", "ne", "gt", "gte", "lt", "lte", "between")
_FITTING: Mapping[str, Sequence[str]] = {
    "TAG": ("eq", "ne", "in"),
    "NUMERIC": _NUMBERS,
    "TEXT": ("match", "prefix"),
}


def misfit(info: Mapping[str, Any], question: Question) -> DbError | None:
    """What of the filters and the vector the index of FT.INFO cannot answer; the module itself finds nothing then."""
    fields = {_text(one.get("attribute")): one for one in map(members, info.get("attributes", ()))}
    wrong = next((error for one in question.filters if (error := _filter_misfit(fields, one)) is not None), None)
    if wrong is None and question.vector is not None:
        return _vector_misfit(fields, question.vector)
    return wrong


def _filter_misfit(fields: Mapping[str, Mapping[str, Any]], one: Filter) -> DbError | None:
    if one.field not in fields:
        return bad_argument("filters.field", f"is {one.field!r}, which the index has not", hint=_known(fields))
    kind = _text(fields[one.field].get("type")).upper()
    fitting = _FITTING.get(kind, ())
    if one.op not in fitting:
        hint = f"There are {', '.join(fitting)} for it." if fitting else "Use `query`."
        return bad_argument("filters.op", f"cannot be {one.op} for {one.field!r}, which is a {kind} field", hint=hint)
    number = isinstance(one.value, int | float) and not isinstance(one.value, bool)
    if one.op in {"eq", "ne"} and number != (kind == "NUMERIC"):
        wanted = "a number" if kind == "NUMERIC" else "a text"
        return bad_argument("filters.value", f"must be {wanted} for {one.field!r}, which is a {kind} field")
    return None


def _vector_misfit(fields: Mapping[str, Mapping[str, Any]], wanted: VectorQuery) -> DbError | None:
    field = fields.get(wanted.field)
    if field is None or _text(field.get("type")).upper() != "VECTOR":
        return bad_argument(
            "vector.field", f"is {wanted.field!r}, which is no vector of the index", hint=_known(fields)
        )
    dimensions = field.get("dim")
    if dimensions is not None and int(dimensions) != len(wanted.values):
        return bad_argument("vector.values", f"must hold {int(dimensions)} numbers, got {len(wanted.values)}")
    return None


def _known(fields: Mapping[str, Any]) -> str:
    return f"It has {', '.join(sorted(fields)[:20])}."


def _text(data: Any) -> str:
    return str(shown(data))
