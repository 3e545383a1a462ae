"""What a model being taught says of a B-scan, as the engine would once it is stored."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from mirage_core.engines.mirage.inputs import b_scan_input
from mirage_core.engines.mirage.segment import decoded
from mirage_core.model.devices import arithmetic
from mirage_core.model.inference import BandLogits
from mirage_core.model.preprocessing.inverse import to_original
from mirage_core.model.store.scheme import LayerScheme
from mirage_core.scan.padding import registration_padding
from mirage_core.training.finetune.front import CutModel
from mirage_core.training.finetune.labelled import SURFACE_NAMES, LabelledBScan, empty_surfaces
from mirage_core.training.finetune.syllabus import Syllabus

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Found:
    """What a model says of one B-scan.

    Attributes
    ----------
    curves : float32 array ``[12, x]``
        Px from the top, rows SURFACE_NAMES; NaN where the model does not know one.
    masks : uint8 array ``[z, x]``
        Values of FLUID_SCHEME.
    classes : uint8 array ``[z, x]`` or None
        Classes of the data's label maps, where the model has these.
    """

    curves: F32
    masks: U8
    classes: U8 | None = None


@torch.inference_mode()
def find(
    pupil: CutModel,
    plan: Syllabus,
    b_scan: LabelledBScan,
    device: torch.device,
    scheme: LayerScheme | None = None,
) -> Found:
    """Return what `pupil` says of a B-scan, in evaluation; it is left in that.

    Parameters
    ----------
    pupil : CutModel
        On `device`.
    plan : Syllabus
    b_scan : LabelledBScan
    device : torch.device
    scheme : LayerScheme, optional
        Instead of the plan's, to be read otherwise (with other surfaces sharpened).
    """
    pupil.eval()
    scheme = scheme or plan.scheme
    image = b_scan.image
    padding = registration_padding(image)
    prepared = b_scan_input(image, padding, (plan.side, plan.side), plan.normalisation)
    with arithmetic(device, fast=False):
        logits = pupil(torch.from_numpy(prepared)[None].to(device)).float()
    curves, masks = empty_surfaces(image.shape[1]), np.zeros(image.shape, np.uint8)
    if scheme.strata:
        band = BandLogits(logits, 0, logits.shape[2])
        read = decoded(band, scheme, image[None], padding[None], b_scan.spacing)
        for name in read.surfaces.names:
            curves[SURFACE_NAMES.index(name)] = read.surfaces[name][0]
        masks = read.masks.labels[0]
    classes = None
    if plan.own_classes:
        size = (image.shape[0], image.shape[1])
        classes = to_original(logits, size).argmax(dim=1)[0].to(torch.uint8).cpu().numpy()
    return Found(curves, masks, classes)


def unsharpened(scheme: LayerScheme) -> LayerScheme:
    """Return `scheme` with every surface where the model itself puts it."""
    return scheme.model_copy(update={"sharpened": ()})


def opinion(
    pupil: CutModel, plan: Syllabus, b_scan: LabelledBScan, device: torch.device
) -> LabelledBScan:
    """Return what a model says of a B-scan as if someone had drawn it."""
    found = find(pupil, plan, b_scan, device, unsharpened(plan.scheme))
    return replace(
        b_scan,
        surfaces=found.curves,
        masks=found.masks if plan.scheme.mask_classes else None,
        looked_for=plan.scheme.mask_classes,
        classes=found.classes,
    )
