"""What the database servers share: one form of rows, cells, errors, cursors, limits and confirmation."""
