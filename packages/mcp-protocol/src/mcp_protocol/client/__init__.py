"""A client of the protocol: processes, HTTP and pairs in memory, every revision."""

from mcp_protocol.client.answers import Answers
from mcp_protocol.client.client import Client
from mcp_protocol.client.connecting import Target
from mcp_protocol.client.eras import Eras
from mcp_protocol.client.http import Endpoint
from mcp_protocol.client.link import Duplex
from mcp_protocol.client.listening import Change, Changes
from mcp_protocol.client.opening import Peer
from mcp_protocol.client.process import Command
from mcp_protocol.client.remote import HttpStatusError, RemoteError

__all__ = [
    "Answers",
    "Change",
    "Changes",
    "Client",
    "Command",
    "Duplex",
    "Endpoint",
    "Eras",
    "HttpStatusError",
    "Peer",
    "RemoteError",
    "Target",
]
