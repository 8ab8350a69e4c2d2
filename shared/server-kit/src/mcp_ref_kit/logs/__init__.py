"""Logging to stderr: one safe line per record, never a secret, never a wait."""

from mcp_ref_kit.logs.lines import JsonLines, TextLines
from mcp_ref_kit.logs.redaction import Redactor, redact
from mcp_ref_kit.logs.setup import configure
from mcp_ref_kit.logs.stderr import Stderr

__all__ = ["JsonLines", "Redactor", "Stderr", "TextLines", "configure", "redact"]
