"""A local Vertex AI: the same REST API, on this machine, with neither login nor network.

It knows pipeline specs and REST, and nothing of stages or flows: any KFP v2 pipeline and any of
Google's clients may use it. `python -m vertex_flow.engine --home <folder>` starts one.
"""
