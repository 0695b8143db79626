"""Contestants on one problem, each in a process of its own, and a report on how they differ.

A contestant is a preset on a backend. Contestants of one preset are meant to compute the same
numbers, so there is a verdict on them; between presets the pictures are only shown side by side.
"""
