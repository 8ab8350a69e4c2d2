"""The surface of a server on paper: its golden file, and the table of its tools in its README."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
# Their toolsets say what may be changed.
MODELESS = frozenset({"fetch", "browser"})
BEGIN, END = "<!-- tools, written by scripts/tools -->\n", "<!-- end of tools -->"
HEAD = "| toolset | tool | arguments | does |\n| --- | --- | --- | --- |\n"
SENTENCE = re.compile(r"(?s)(.*?\.)(?:\s|$)")


def main() -> None:
    """Write the files of the servers that were named, or of all."""
    folders = [golden.parents[1] for golden in sorted(ROOT.glob("s*/*/tests/tools.golden.json"))]
    wanted = sys.argv[1:] or [folder.name for folder in folders]
    for folder in [folder for folder in folders if folder.name in wanted]:
        printed = surface(folder.name)
        golden = folder / "tests" / "tools.golden.json"
        golden.write_text(json.dumps(printed, indent=2, ensure_ascii=False) + "\n")
        readme = folder / "README.md"
        readme.write_text(with_table(readme.read_text(), printed))
        print(f"{folder.relative_to(ROOT)}: {len(printed['tools'])} tools")


def surface(name: str) -> dict[str, Any]:
    """What the server prints of itself."""
    command = [str(Path(sys.executable).with_name(f"mcp-ref-{name}")), *everything(name)]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


def everything(name: str, mode: str = "admin") -> tuple[str, ...]:
    """The options that print all that a server has in a mode."""
    return ("--toolsets", "all", "--print-tools", *(() if name in MODELESS else ("--mode", mode)))


def with_table(readme: str, printed: dict[str, Any]) -> str:
    """The README with the present table between its marks; without marks it stays as it is."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    return f"{before}{begin}{table(printed)}{end}{after}" if end else readme


def table(printed: dict[str, Any]) -> str:
    """A row a tool: required arguments are bold, the first sentence of the description says what it does."""
    return HEAD + "".join(_row(entry["toolset"], entry["tool"]) for entry in printed["tools"])


def _row(toolset: str, tool: dict[str, Any]) -> str:
    schema = tool["inputSchema"]
    required = schema.get("required", [])
    arguments = ", ".join(f"**{name}**" if name in required else name for name in schema.get("properties", {}))
    found = SENTENCE.match(tool["description"])
    does = (found[1] if found else tool["description"]).replace("|", "\\|").replace("\n", " ")
    return f"| `{toolset}` | `{tool['name']}` | {arguments} | {does} |\n"


if __name__ == "__main__":
    main()
