"""What modules add: search, vector sets, time series. Here their words are put together."""
