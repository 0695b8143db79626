"""Judges painted pictures by numbers of its own, and asks people, who don't see what they judge.

Nothing here is taken from a backend: the features are computed by a plain PyTorch network, the
losses and all other numbers are written out anew.
"""
