"""Tests of the code in the training image."""
