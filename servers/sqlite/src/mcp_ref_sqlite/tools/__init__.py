"""The tools: what a model calls, and how its arguments become work for an engine."""
