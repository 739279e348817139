"""Flows that run by the clock."""
