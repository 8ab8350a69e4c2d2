"""What the engine tells of itself, read and judged."""
