"""The kinds of tasks, one module each: `run(work)` does the work and gives the outputs."""
