"""Runs of a flow: checked, submitted once, followed, and explained when they fail."""
