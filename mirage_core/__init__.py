"""MIRAGE core: scans, annotations, measurements and engines for retinal OCT and SLO.

The library knows neither Qt nor napari; ``mirage_viewer`` and ``napari_mirage`` import it,
never the other way round.
"""

__version__ = "0.1.0"

RESEARCH_USE_ONLY = "Research use only — not a medical device."
