"""Access to the operating system: files, processes, memory, and the file formats TOML, safetensors.

Nothing in here knows style transfer.
"""
