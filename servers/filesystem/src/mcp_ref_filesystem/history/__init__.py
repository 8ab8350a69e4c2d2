"""The undo journal: what was changed, and how it is taken back."""
