"""Checkpoints: files of weights read, understood, put into models, and written.

Published formats and our own; nothing in a file is ever run. May be imported by engines,
training and jobs; needs torch.
"""
