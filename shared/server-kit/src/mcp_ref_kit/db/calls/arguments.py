"""Arguments that tools of several servers have, in the same words; `tailored` gives them the operator's defaults."""

from typing import Annotated, Any

from mcp_protocol.schema.arg import arg
from mcp_ref_kit.db.calls.deadline import MOST_SECONDS
from mcp_ref_kit.db.rows.envelope import Format

MOST_STATEMENT = 262_144
MOST_PARAMETERS = 32_766

# Absent where there is one database, else one of their names: see `tailored`.
DatabaseName = Annotated[str, arg("Which database.")]
Limit = Annotated[int, arg("Most rows to return.", ge=1, le=10_000)]
Cursor = Annotated[str, arg("`next_cursor` of the page before, with the same other arguments.")]
Form = Annotated[Format, arg("Form of the rows.")]
TimeoutSeconds = Annotated[float, arg("Most seconds to take.", ge=0.1, le=MOST_SECONDS)]
CellCharacters = Annotated[int, arg("Most characters of one cell.", ge=16, le=262_144)]
FileName = Annotated[str, arg("Name of a new file in the operator's directory.", max_length=256)]
Confirm = Annotated[str, arg("Confirms a destructive call: what its refusal asks for.", max_length=1024)]
Parameters = Annotated[
    list[Any] | dict[str, Any],
    arg('Values of the statement\'s parameters, in order or by name; {"$base64": "..."} is bytes.'),
]
