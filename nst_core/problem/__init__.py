"""From pictures to the problem of one stage: styles, regions, the initial image, style targets."""
