"""Tables as GitHub's Markdown has them; what is a table for layout only is read as text. Pure."""

from dataclasses import dataclass, field

MOST_COLUMNS = 64
MOST_CELLS = 20_000
_LONG_CELL = 600


@dataclass
class Cell:
    """One cell: its text on one line, and as the blocks that it was made of."""

    text: str
    blocks: list[str]
    columns: int
    rows: int
    is_header: bool


@dataclass
class Table:
    """The rows as they were written."""

    rows: list[list[Cell]] = field(default_factory=list[list[Cell]])
    caption: str = ""
    has_head: bool = False
    for_layout: bool = False

    def blocks(self) -> list[str]:
        """The table as a block, or its cells as blocks one after the other."""
        rows = [row for row in self.rows if any(cell.text for cell in row)]
        if not rows:
            return [self.caption] if self.caption else []
        if self.for_layout or _is_layout(rows):
            cells = [block for row in rows for cell in row for block in cell.blocks]
            return ([self.caption] if self.caption else []) + cells
        table = _written(_grid(rows), has_head=self.has_head or all(cell.is_header for cell in rows[0]))
        return [*([self.caption] if self.caption else []), table]


def _is_layout(rows: list[list[Cell]]) -> bool:
    if max(len(row) for row in rows) == 1:
        return True
    cells = [cell for row in rows for cell in row]
    if any(cell.is_header for cell in cells):
        return False
    return any(len(cell.blocks) > 1 and len(cell.text) > _LONG_CELL for cell in cells)


def _grid(rows: list[list[Cell]]) -> list[list[str]]:
    """Each place has a text: a cell over several rows is repeated, and beside a wide one it is empty."""
    grid: list[list[str]] = []
    above: dict[int, tuple[int, str]] = {}
    used = 0
    for row in rows:
        grid.append(_line(row, above, len(rows)))
        used += len(grid[-1])
        if used > MOST_CELLS:
            break
    return grid


def _line(row: list[Cell], above: dict[int, tuple[int, str]], most_rows: int) -> list[str]:
    """One row; `above` holds, by column, for how many more rows a cell further up goes on, and its text."""
    line: list[str] = []
    cells = list(reversed(row))
    while (cells or len(line) in above) and len(line) < MOST_COLUMNS:
        going_on = above.pop(len(line), None)
        if going_on is not None:
            left, text = going_on
            if left > 1:
                above[len(line)] = (left - 1, text)
            line.append(text)
            continue
        cell = cells.pop()
        for text in [cell.text, *[""] * (min(cell.columns, MOST_COLUMNS - len(line)) - 1)]:
            if cell.rows > 1:
                above[len(line)] = (min(cell.rows, most_rows) - 1, text)
            line.append(text)
    return line


def _written(grid: list[list[str]], *, has_head: bool) -> str:
    width = max(len(line) for line in grid)
    lines = [line + [""] * (width - len(line)) for line in grid]
    head = lines.pop(0) if has_head else [""] * width
    written = [head, ["---"] * width, *lines]
    return "\n".join("| " + " | ".join(line) + " |" for line in written)
