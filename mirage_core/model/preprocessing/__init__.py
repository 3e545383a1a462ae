"""From display grey to what a network was trained on, and from its grid back to the scan's.

`inverse` needs torch and is imported by name; everything named here needs numpy, scipy and Pillow.
May be imported by the model store, engines, training and benchmark.
"""

from mirage_core.model.preprocessing.chains import min_max, prepare_image
from mirage_core.model.preprocessing.labels import prepare_layer_map, prepare_mask
from mirage_core.model.spec import Normalisation

__all__ = ["Normalisation", "min_max", "prepare_image", "prepare_layer_map", "prepare_mask"]
