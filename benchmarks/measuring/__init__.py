"""What the scripts share: records, clocks, child processes, figures, result files."""
