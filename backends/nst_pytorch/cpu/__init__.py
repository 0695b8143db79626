"""The CPU engine: VGG-19 by Winograd's convolution, one tile block at a time, on its own threads.

From the bottom up: ``tiles`` cuts a picture into tile blocks, ``buffers`` holds the memory,
``winograd`` convolves one tile block, ``convolution`` all of a layer's on all workers. ``layer``
adds ReLU, pooling and losses; ``network`` is VGG-19; ``windowed`` computes large pictures window by
window in less memory.
"""
