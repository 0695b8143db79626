"""Turns pictures into the problem of one stage: styles, regions, initial image, style targets."""
