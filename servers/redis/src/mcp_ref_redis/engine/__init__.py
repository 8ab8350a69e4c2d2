"""The way to the engine: its wire, connections, pools, topologies."""
