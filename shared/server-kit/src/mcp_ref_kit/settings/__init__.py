"""Typed settings: one Struct per server, filled from flags, environment, a config file and defaults."""

from mcp_ref_kit.settings.command_line import parse
from mcp_ref_kit.settings.fields import Field, fields_of, merge
from mcp_ref_kit.settings.load import Loaded, load
from mcp_ref_kit.settings.markers import ByteSize, Seconds, setting
from mcp_ref_kit.settings.rate import Rate
from mcp_ref_kit.settings.secret import Secret

__all__ = [
    "ByteSize",
    "Field",
    "Loaded",
    "Rate",
    "Seconds",
    "Secret",
    "fields_of",
    "load",
    "merge",
    "parse",
    "setting",
]
