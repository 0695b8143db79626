"""What a failed download should tell people."""

OFFLINE = "offline work --weights bundled, random, or the path of a .safetensors, .pth or .pt file"
"""The sources that need no network, as the end of a one-line message."""
