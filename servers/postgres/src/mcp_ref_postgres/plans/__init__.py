"""Plans: flattened, judged, compared with indexes that do not exist. Pure but for what asks the engine."""
