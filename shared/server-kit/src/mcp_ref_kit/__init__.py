"""What every reference server has beside its tools: settings, command line, logging, limits, cursors."""

from mcp_ref_kit.cli import cli
from mcp_ref_kit.cursors import Cursors
from mcp_ref_kit.findings import Finding
from mcp_ref_kit.options import CommonSettings, Mode
from mcp_ref_kit.settings import ByteSize, Rate, Seconds, Secret, setting

__all__ = [
    "ByteSize",
    "CommonSettings",
    "Cursors",
    "Finding",
    "Mode",
    "Rate",
    "Seconds",
    "Secret",
    "cli",
    "setting",
]
