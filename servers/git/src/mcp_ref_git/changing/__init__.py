"""How repositories are changed, and what is kept so that nothing is lost without a word."""
