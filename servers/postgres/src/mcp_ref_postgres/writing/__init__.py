"""Changing data: which statements pass, what needs an agreement, how they run."""
