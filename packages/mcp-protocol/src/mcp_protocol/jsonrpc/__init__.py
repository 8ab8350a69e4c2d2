"""JSON-RPC 2.0: bytes to messages and back; knows nothing of MCP."""
