"""Queries of the search module: typed filters as text that means nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_protocol import ToolError
from mcp_ref_kit.db.rows.cells import Cells
from mcp_ref_redis.engine.resp import Pairs
from mcp_ref_redis.modules.querying import (
    Aggregate,
    Filter,
    IndexField,
    Question,
    Schema,
    VectorQuery,
    aggregate_vector,
    condition,
    create_vector,
    escaped,
    expression,
    search_vector,
)
from mcp_ref_redis.modules.replies import groups, hits, prefixes_of


@pytest.mark.parametrize(
    ("op", "value", "text"),
    [
        ("eq", "red", "@f:{red}"),
        ("eq", "a b|c}", "@f:{a\\ b\\|c\\}}"),
        ("ne", "red", "-@f:{red}"),
        ("in", ["red", "dark-blue"], "@f:{red | dark\\-blue}"),
        ("eq", 5, "@f:[5 5]"),
        ("gt", 1.5, "@f:[(1.5 +inf]"),
        ("lte", -3, "@f:[-inf -3]"),
        ("between", [1, 2], "@f:[1 2]"),
        ("match", "hello world", "@f:(hello world)"),
        ("match", "a* | b-c", "@f:(a b c)"),
        ("prefix", "hel", "@f:(hel*)"),
    ],
)
def test_a_filter_as_text(op: str, value: object, text: str) -> None:
    assert condition(Filter("f", op, value)) == text  # pyright: ignore[reportArgumentType]  one of the words


@given(st.text(max_size=20))
def test_no_character_of_a_value_means_anything(value: str) -> None:
    text = escaped(value)
    bare = text.replace("\\\\", "")
    for mark in "{}|()[]@-*\"=>~%$:;,!'":
        assert f"{mark}" not in bare.replace(f"\\{mark}", "")


@pytest.mark.parametrize("name", ["", "a b", "f}", "f:{x} @g", "x" * 200, "f]"])
def test_a_field_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(ToolError):
        condition(Filter(name, "eq", "x"))


def test_a_whole_search_is_one_vector() -> None:
    question = Question(
        index=b"idx",
        query="hello",
        filters=[Filter("tag", "eq", "a")],
        return_fields=["title"],
        sort_by="title",
        limit=5,
    )
    assert search_vector(question) == [
        *(b"FT.SEARCH", b"idx", b"(hello) @tag:{a}", b"RETURN", b"1", b"title", b"SORTBY", b"title", b"ASC"),
        *(b"LIMIT", b"0", b"5", b"TIMEOUT", b"5000", b"DIALECT", b"2"),
    ]


def test_a_vector_is_a_parameter() -> None:
    question = Question(index=b"i", vector=VectorQuery("v", [1.0], k=3), filters=[Filter("n", "gte", 1)])
    words = search_vector(question)
    assert words[2] == b"(@n:[1 +inf])=>[KNN 3 @v $vec AS vector_distance]"
    assert words[words.index(b"PARAMS") : words.index(b"PARAMS") + 4] == [b"PARAMS", b"2", b"vec", b"\0\0\x80?"]


def test_bounds_of_queries() -> None:
    for question in (
        Question(index=b"i", query="x" * 4097),
        Question(index=b"i", vector=VectorQuery("v", [1.0], k=0)),
    ):
        with pytest.raises(ToolError):
            expression(question)
    for wrong in (Filter("f", "between", [1]), Filter("f", "gt", "1"), Filter("f", "in", [])):
        with pytest.raises(ToolError):
            condition(wrong)


def test_aggregates_and_indexes() -> None:
    assert aggregate_vector(Question(index=b"i"), Aggregate(["tag"], "sum", "n"))[:12] == [
        *(b"FT.AGGREGATE", b"i", b"*", b"GROUPBY", b"1", b"@tag", b"REDUCE", b"SUM", b"1", b"@n", b"AS", b"result"),
    ]
    with pytest.raises(ToolError):
        aggregate_vector(Question(index=b"i"), Aggregate(["tag"], "count", "n"))
    fields = [IndexField("t", "text", sortable=True), IndexField("v", "vector", path="$.v", dim=2)]
    assert create_vector(b"i", Schema(["app:"], fields, "json")) == [
        *(b"FT.CREATE", b"i", b"ON", b"JSON", b"PREFIX", b"1", b"app:", b"SCHEMA", b"t", b"TEXT", b"SORTABLE"),
        *(b"$.v", b"AS", b"v", b"VECTOR", b"HNSW", b"6", b"TYPE", b"FLOAT32", b"DIM", b"2"),
        *(b"DISTANCE_METRIC", b"COSINE"),
    ]
    with pytest.raises(ToolError):
        create_vector(b"i", Schema(["app:"], [IndexField("v", "vector")]))


def test_replies_of_both_protocols_read_alike() -> None:
    old = [2, b"doc:1", b"0.5", [b"a", b"1"], b"doc:2", b"0.25", [b"a", b"2"]]
    new = Pairs(
        [
            *(b"total_results", 2, b"results"),
            [
                Pairs([b"id", b"doc:1", b"score", 0.5, b"extra_attributes", Pairs([b"a", b"1"]), b"values", []]),
                Pairs([b"id", b"doc:2", b"score", 0.25, b"extra_attributes", Pairs([b"a", b"2"]), b"values", []]),
            ],
        ]
    )
    wanted = (2, [{"key": f"doc:{n}", "score": 0.5 / n, "fields": {"a": str(n)}} for n in (1, 2)])
    assert hits(old, Cells(), scored=True) == hits(new, Cells(), scored=True) == wanted
    rows = Pairs([b"total_results", 1, b"results", [Pairs([b"extra_attributes", Pairs([b"t", b"x"])])]])
    assert groups([1, [b"t", b"x"]], Cells()) == groups(rows, Cells()) == (1, [{"t": "x"}])
    assert prefixes_of({"index_definition": [b"key_type", b"HASH", b"prefixes", [b"app:"]]}) == [b"app:"]
