"""Segmentation made quick: exactly, or with 8-bit layers and the background merged.

Engines and benchmarks import it; it knows models, not scans.
"""

from mirage_core.model.inference.band_logits import BandLogits, class_map
from mirage_core.model.inference.model import InferenceModel
from mirage_core.model.inference.region import Region
from mirage_core.model.inference.retina_band import RetinaBand, retina_band

__all__ = ["BandLogits", "InferenceModel", "Region", "RetinaBand", "class_map", "retina_band"]
