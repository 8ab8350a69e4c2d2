"""Programs that a server runs for a call: argv only, bounded in time and output, and gone when the call is."""

from mcp_ref_kit.processes.command import Bounds, Command, Finished
from mcp_ref_kit.processes.environment import passed_on
from mcp_ref_kit.processes.running import CannotStart, TimedOut, run

__all__ = ["Bounds", "CannotStart", "Command", "Finished", "TimedOut", "passed_on", "run"]
