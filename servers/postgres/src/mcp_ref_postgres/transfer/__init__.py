"""COPY in both directions, of rows that passed the same checks as any other."""
