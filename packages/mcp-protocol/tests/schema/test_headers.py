"""Which `x-mcp-header` annotations are valid (2026-07-28, custom parameter headers)."""

from typing import Any

import pytest

from mcp_protocol.schema import Mirrored, mirrored_headers


def annotated(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def test_annotations_are_found_in_order_and_in_depth() -> None:
    schema = annotated(
        region={"type": "string", "x-mcp-header": "Region"},
        plain={"type": "string"},
        where=annotated(zone={"type": "integer", "x-mcp-header": "Zone-Number"}),
        dry={"type": "boolean", "x-mcp-header": "Dry"},
    )
    assert mirrored_headers(schema) == (
        Mirrored(("region",), "Region", "string"),
        Mirrored(("where", "zone"), "Zone-Number", "integer"),
        Mirrored(("dry",), "Dry", "boolean"),
    )


@pytest.mark.parametrize("header", ["", "a b", "Région", "a:b", "a\n", "a\r\nX: 1", 5, None, ["a"], "(a)"])
def test_a_header_name_that_is_no_token_is_refused(header: Any) -> None:
    with pytest.raises(ValueError, match="must be a header name"):
        mirrored_headers(annotated(a={"type": "string", "x-mcp-header": header}))


@pytest.mark.parametrize("kind", ["number", "array", "object", "null", None, ["string", "null"]])
def test_a_value_whose_text_is_not_unique_is_refused(kind: Any) -> None:
    with pytest.raises(ValueError, match="string, integer or boolean"):
        mirrored_headers(annotated(a={"type": kind, "x-mcp-header": "A"}))


def test_two_headers_that_differ_in_case_are_refused() -> None:
    with pytest.raises(ValueError, match="used twice"):
        mirrored_headers(
            annotated(a={"type": "string", "x-mcp-header": "A-b"}, b={"type": "string", "x-mcp-header": "a-B"})
        )


MIRRORED = {"type": "string", "x-mcp-header": "A"}


@pytest.mark.parametrize(
    "schema",
    [
        MIRRORED,
        annotated(a={"type": "array", "items": MIRRORED}),
        annotated(a={"anyOf": [MIRRORED]}),
        annotated(a={"$ref": "#/$defs/A"}) | {"$defs": {"A": MIRRORED}},
        {"type": "object", "additionalProperties": MIRRORED},
        {"type": "object", "patternProperties": {"a": MIRRORED}},
        {"type": "object", "allOf": [annotated(a=MIRRORED)]},
        {"type": "object", "if": annotated(a=MIRRORED)},
        annotated(a={"type": "array", "prefixItems": [annotated(b=MIRRORED)]}),
    ],
)
def test_an_annotation_that_properties_alone_do_not_reach_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not reached through properties alone"):
        mirrored_headers(schema)


def test_a_property_of_that_name_and_data_that_looks_like_it_are_no_annotations() -> None:
    schema = annotated(
        **{"x-mcp-header": {"type": "string"}},
        a={"type": "object", "default": {"x-mcp-header": "A"}, "enum": [{"x-mcp-header": "A"}]},
        items={"type": "string", "x-mcp-header": "Items"},
    )
    assert mirrored_headers(schema) == (Mirrored(("items",), "Items", "string"),)


@pytest.mark.parametrize(
    "schema", [{}, {"properties": []}, {"properties": {"a": True}}, {"anyOf": {}}, {"$defs": {"a": 1}}]
)
def test_a_schema_that_is_none_has_no_annotations(schema: dict[str, Any]) -> None:
    assert mirrored_headers(schema) == ()
