"""Streamable HTTP: one endpoint, both eras."""
