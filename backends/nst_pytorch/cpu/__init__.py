"""The CPU engine: VGG-19 by Winograd's convolution, block by block, on threads of its own.

From the bottom up: ``tiles`` cuts a picture into blocks of tiles, ``buffers`` holds the memory,
``winograd`` convolves one block, ``convolution`` all blocks of a layer on all workers. ``layer``
adds ReLU, pooling and losses; ``network`` is VGG-19; ``windowed`` computes large pictures window by
window in less memory.
"""
