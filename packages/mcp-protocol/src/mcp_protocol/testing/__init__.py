"""What tests of a server need: a connection in this process, and a peer that writes JSON by hand."""

from mcp_protocol.testing.connection import Answers, CallResult, Connection, RpcError, connect
from mcp_protocol.testing.raw import RawPeer, raw_peer

__all__ = ["Answers", "CallResult", "Connection", "RawPeer", "RpcError", "connect", "raw_peer"]
