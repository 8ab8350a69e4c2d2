"""The way to the engine: connections, pools, codecs, roles, faults."""
