"""A new project: a small flow that works, to be changed into one's own."""

from vertex_flow.starting.project import Project, new_project

__all__ = ["Project", "new_project"]
