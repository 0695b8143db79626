"""What the scripts share: command lines, records, clocks, child processes, figures and files."""
