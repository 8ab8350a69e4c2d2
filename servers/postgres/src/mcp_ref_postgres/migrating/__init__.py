"""Migrations: what they risk, and the history of what was applied."""
