"""How fast the engine is, as ratios: `python -m benchmarks.<name>`."""
