"""The starter model's specification and scheme."""

from __future__ import annotations

from mirage_core.model.spec import DomainSpec, HeadKind, HeadSpec, ModelSpec, mirage_spec
from mirage_core.model.store.scheme import LayerScheme, parted_scheme
from mirage_core.training.starter.samples import LESIONS, SIDE, SURFACES

STEM = (32, 64, 128, 192)
_SHARPENED = ("ILM", "RPE", "BM")
PARTS = (len(SURFACES) + 1, len(LESIONS) + 1)


def starter_scheme() -> LayerScheme:
    """Return what the classes of the starter model's head are."""
    return parted_scheme("starter", SURFACES, LESIONS, _SHARPENED)


def starter_spec() -> ModelSpec:
    """Return the specification of the starter model."""
    domain = DomainSpec(name="bscan", size=(SIDE, SIDE), stem=STEM)
    head = HeadSpec(kind=HeadKind.PYRAMID, n_classes=sum(PARTS), parts=PARTS, widths=STEM)
    return mirage_spec("starter", (domain,), head=head)
