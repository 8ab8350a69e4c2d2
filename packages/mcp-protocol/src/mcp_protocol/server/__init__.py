"""What an author builds on: toolsets of typed functions, their context, and the dispatcher that calls them."""
