"""Who listens to what: keys by events or by looking, streams and channels by waiting."""
