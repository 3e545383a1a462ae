"""Names of the chains, as a model card stores them."""

from __future__ import annotations

from enum import StrEnum


class Normalisation(StrEnum):
    """Which chain of resizing and scaling a model was trained with.

    Attributes
    ----------
    WRAPPER
        Pre-training and reconstruction: blurred and resized by splines of order 1, grey / 255.
    HUB
        The encoder on the hub: antialiased bilinear in 8 bit, grey / 255.
    SEGMENTATION
        Minimum and maximum of the image to 0 and 1, then bilinear without antialiasing.
    CLASSIFICATION
        Antialiased bilinear in 8 bit, then minimum and maximum to 0 and 1.
    """

    WRAPPER = "wrapper"
    HUB = "hub"
    SEGMENTATION = "segmentation"
    CLASSIFICATION = "classification"
