"""Thumbnails of B-scans. No widgets; safe in a worker thread."""

from __future__ import annotations

import numpy as np
from qtpy.QtGui import QImage

from mirage_core.scan import Scan

THUMBNAIL_ROWS = 64


def thumbnail(scan: Scan, b: int) -> QImage:
    """Return B-scan `b` as a small grey image, one row per block of averaged rows.

    Raises
    ------
    Exception
        Whatever the scan's reader raises.
    """
    image = scan.b_scan(b)
    step = max(1, image.shape[0] // THUMBNAIL_ROWS)
    rows, columns = image.shape[0] // step, image.shape[1] // step
    blocks = image[: rows * step, : columns * step].reshape(rows, step, columns, step)
    small = blocks[:, :: max(1, step // 3), :, :: max(1, step // 3)].mean(axis=(1, 3))
    # Thumbnails only have to be told apart: spread what is there over the whole range.
    low, high = np.percentile(small, (2, 99.5))
    grey = np.clip((small - low) * (255.0 / max(high - low, 1.0)), 0, 255).astype(np.uint8)
    # A QImage borrows its bytes; the copy owns them.
    borrowed = QImage(grey.data, columns, rows, columns, QImage.Format_Grayscale8)
    return borrowed.copy()
