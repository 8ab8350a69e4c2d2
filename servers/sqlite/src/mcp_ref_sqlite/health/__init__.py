"""The state of the file: checks, each on its own share of the time, and upkeep."""
