"""What nst asks of the operating system: files, processes, memory, and the formats it writes."""
