"""Who may pass: the engine's own grammar, the functions a statement calls, the keywords of statements that write."""
