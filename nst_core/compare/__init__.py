"""Runs variants on the same pictures, each in its own process, and reports how they differ.

A variant is a preset on a backend. Variants of the same preset should compute the same numbers, so
they are checked against tolerances. Results of different presets are only shown side by side.
"""
