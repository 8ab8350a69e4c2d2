"""Type hints as closed, portable JSON Schema 2020-12, and why a value does not fit one. Pure."""

from mcp_protocol.schema.arg import arg
from mcp_protocol.schema.explain import faults
from mcp_protocol.schema.forms import form_schema, read_form
from mcp_protocol.schema.generate import Field, Schema
from mcp_protocol.schema.headers import Mirrored, mirrored_headers
from mcp_protocol.schema.roots import input_schema, is_union_of_structs, output_schema, text_schema
from mcp_protocol.schema.values import integral

__all__ = [
    "Field",
    "Mirrored",
    "Schema",
    "arg",
    "faults",
    "form_schema",
    "input_schema",
    "integral",
    "is_union_of_structs",
    "mirrored_headers",
    "output_schema",
    "read_form",
    "text_schema",
]
