"""The tools: what a model is offered, toolset by toolset."""
