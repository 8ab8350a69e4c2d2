"""What git prints, taken apart: records of NUL-separated fields, names in a form that can be written back. Pure."""

import os
from collections.abc import Iterable, Iterator

from mcp_ref_kit.paths import show


def records(data: bytes, fields: int) -> Iterator[tuple[str, ...]]:
    """Records of that many fields, each field ended by NUL; what is no whole record is left out."""
    texts = data.decode("utf-8", "replace").split("\0")
    return zip(*[iter(texts)] * fields, strict=False)


def names(data: bytes) -> list[str]:
    """Names that each end with NUL, in the system's spelling."""
    return [os.fsdecode(name) for name in data.split(b"\0") if name]


def shown(names: Iterable[str]) -> list[str]:
    """Names as callers read them and may write them back."""
    return [show(name) for name in names]
