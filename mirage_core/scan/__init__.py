"""What an OCT scan is: pixels, spacing, geometry, surfaces, masks, labels.

Imports nothing else of ours; everything else may import it.
"""

from mirage_core.scan.geometry import (
    CirclePosition,
    Laterality,
    LinePosition,
    Position,
    ScanGeometry,
    ScanPattern,
)
from mirage_core.scan.labels import (
    FLUID_SCHEME,
    SURFACE_KINDS,
    SURFACE_ORDER,
    LabelScheme,
    MaskClass,
    SurfaceKind,
    surface_kind,
)
from mirage_core.scan.masks import Masks, renumbering
from mirage_core.scan.pixels import ArrayPixels, PixelSource, to_display
from mirage_core.scan.scan import Acquisition, PatientIdentity, Scan
from mirage_core.scan.spacing import (
    AXES,
    Length,
    Provenance,
    Spacing,
    SpacingUnknownError,
)
from mirage_core.scan.states import State
from mirage_core.scan.surfaces import (
    Surfaces,
    anatomical_order,
    enforce_order,
    layer_map,
    order_violations,
    surfaces_from_layer_map,
)

__all__ = [
    "AXES",
    "FLUID_SCHEME",
    "SURFACE_KINDS",
    "SURFACE_ORDER",
    "Acquisition",
    "ArrayPixels",
    "CirclePosition",
    "LabelScheme",
    "Laterality",
    "Length",
    "LinePosition",
    "MaskClass",
    "Masks",
    "PatientIdentity",
    "PixelSource",
    "Position",
    "Provenance",
    "Scan",
    "ScanGeometry",
    "ScanPattern",
    "Spacing",
    "SpacingUnknownError",
    "State",
    "SurfaceKind",
    "Surfaces",
    "anatomical_order",
    "enforce_order",
    "layer_map",
    "order_violations",
    "renumbering",
    "surface_kind",
    "surfaces_from_layer_map",
    "to_display",
]
