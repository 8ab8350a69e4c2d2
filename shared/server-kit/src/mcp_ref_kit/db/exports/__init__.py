"""Results of any size, in memory or in files of the operator's directory."""
