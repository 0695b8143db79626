"""What every command shows on a terminal: progress of a run, and lines to stdout and stderr."""
