"""A run: from pictures and a spec to a result.

``transfer`` is the entry point. ``loop`` takes the steps, and ``stage_setup`` prepares each stage.
The names are imported from their modules, so that a command loads only what it needs.
"""
