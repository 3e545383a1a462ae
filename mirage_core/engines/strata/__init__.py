"""From per-class probabilities to ordered surfaces and masks on the original grid. No torch.

May be imported by engines, training and benchmark; imports `scan` and the model store's schemes.
"""

from mirage_core.engines.strata.decoding import Decoded, decode

__all__ = ["Decoded", "decode"]
