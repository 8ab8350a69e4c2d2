"""The filtering proxy that decides every connection of a session."""
