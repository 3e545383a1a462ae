"""The model that is taught: the base with its own head or a new one."""

from __future__ import annotations

import torch
from timm.layers.drop import DropPath

from mirage_core.model.checkpoints.layout import OUTPUTS
from mirage_core.model.checkpoints.native import load_native
from mirage_core.model.segmentation import (
    BackboneSegmentation,
    MirageSegmentation,
    SegmentationModel,
)
from mirage_core.model.store.store import StoredModel
from mirage_core.training.finetune.config import FinetuneConfig
from mirage_core.training.finetune.front import CutModel, cut
from mirage_core.training.finetune.syllabus import Syllabus


def load_pupil(base: StoredModel, plan: Syllabus, config: FinetuneConfig) -> CutModel:
    """Return the model to teach, new weights drawn from the seed; on the CPU, in evaluation.

    Raises
    ------
    CheckpointError
        If the base model's weights are damaged.
    TeachError
        If this encoder cannot be trained in part.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        fresh = () if plan.keeps_head else (OUTPUTS,)
        model = load_native(base.folder, spec=plan.spec, fresh=fresh, mapped=False).model
        assert isinstance(model, MirageSegmentation | BackboneSegmentation)
        pupil = cut(model, config)
    if config.drop_path and config.trained != "head":
        _drop_paths(model, config.drop_path)
    return pupil


def _drop_paths(model: SegmentationModel, most: float) -> None:
    """Give the encoder's blocks stochastic depth, rising to `most`; timm's others have their own.

    It acts in training only, and never in a frozen front.
    """
    if not isinstance(model, MirageSegmentation):
        return
    rates = torch.linspace(0, most, len(model.encoder)).tolist()
    for block, rate in zip(model.encoder, rates, strict=True):
        if rate:
            block.drop_path1, block.drop_path2 = DropPath(rate), DropPath(rate)
