"""What every reference server has beside its tools: settings, command line, logging, limits, cursors."""

from mcp_ref_kit.cursors import Cursors
from mcp_ref_kit.options import CommonSettings, Mode
from mcp_ref_kit.settings import ByteSize, Rate, Seconds, Secret, setting

__all__ = ["ByteSize", "CommonSettings", "Cursors", "Mode", "Rate", "Seconds", "Secret", "setting"]
