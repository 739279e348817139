"""Tests of vertex_flow.starting."""
