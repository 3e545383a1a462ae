"""What a training step costs: the published recipe, and the same with kept tokens, exactly.

Base + ConvNeXt at 1024², batch 4, float32. Random weights cost what trained ones do.
"""

from __future__ import annotations

import time

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.report import Result, emit
from mirage_core.model.build import build_model
from mirage_core.model.segmentation import MirageSegmentation
from mirage_core.model.spec import BSCAN, HeadKind, HeadSpec, Normalisation, mirage_spec
from mirage_core.model.store.scheme import layered_scheme
from mirage_core.simulate import demo_eye
from mirage_core.training.finetune.batches import Batches
from mirage_core.training.finetune.cache import FeatureCache
from mirage_core.training.finetune.config import preset
from mirage_core.training.finetune.front import cut
from mirage_core.training.finetune.labelled import (
    SURFACE_NAMES,
    LabelledBScan,
    empty_surfaces,
)
from mirage_core.training.finetune.objective import make_objective
from mirage_core.training.finetune.square import SquareMaker
from mirage_core.training.finetune.trainer import Kept, Trainer
from mirage_core.training.finetune.views import make_views
from mirage_core.training.losses import ce_generalised_dice

SIDE, BATCH = 1024, 4
BAR, EXACT = 2.5, 1e-3
LAYERS = ("ILM", "RPE", "BM")
SCHEME = layered_scheme(
    "benchmark",
    tuple((60 * i, name) for i, name in enumerate(("Above ILM", "ILM-RPE", "RPE-BM", "Below BM"))),
    layers=(0, 1, 2, 3),
    surfaces=LAYERS,
)


def model() -> MirageSegmentation:
    """Return Base with the published head, random weights of one seed."""
    torch.manual_seed(0)
    domain = BSCAN.model_copy(update={"size": (SIDE, SIDE)})
    head = HeadSpec(kind=HeadKind.CONVNEXT, n_classes=SCHEME.n_classes)
    made = build_model(mirage_spec("base", (domain,), head=head))
    assert isinstance(made, MirageSegmentation)
    return made


def b_scans() -> list[LabelledBScan]:
    """Return B-scans of the simulated eye with three of its surfaces."""
    eye = demo_eye()
    found = []
    for b in range(10, 10 + BATCH):
        curves = empty_surfaces(eye.scan.shape[2])
        for name in LAYERS:
            curves[SURFACE_NAMES.index(name)] = eye.surfaces[name][b]
        found.append(LabelledBScan(eye.scan.b_scan(b), curves, b_scan=b))
    return found


def plain_step(given: list[Tensor]) -> tuple[float, float, Tensor]:
    """Do the published step; return seconds, loss, and a gradient of the head.

    Patch projection and global tokens learn with the head, the blocks are frozen.
    """
    made = model().train()
    for block in made.encoder.parameters():
        block.requires_grad_(False)
    learns = [p for p in made.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(learns, lr=1e-4, weight_decay=0.05)
    images, labels = given
    began = time.process_time()
    optimizer.zero_grad(set_to_none=True)
    loss = ce_generalised_dice(made({"bscan": images}), labels)
    loss.backward()
    optimizer.step()
    seconds = time.process_time() - began
    gradient = made.head.get_parameter("proj_dec.weight").grad
    assert gradient is not None
    return seconds, float(loss.detach()), gradient.clone()


def our_trainer(eyes: list[LabelledBScan]) -> Trainer:
    """Return a trainer of the published recipe with kept views."""
    config = preset("paper").changed(views=1, drop_path=0.0, epochs=50)
    maker = SquareMaker(SCHEME, Normalisation.SEGMENTATION)
    return Trainer(
        config,
        cut(model(), config),
        True,
        make_objective(SCHEME, config.ce_weight, 0.0),
        make_views("paper", maker, lambda i: (eyes[i], None), SIDE, config.seed),
        Batches(tuple(range(BATCH)), config),
        Kept(FeatureCache(None, 2**30, 0), "random", lambda i: eyes[i].image_sha256),
        torch.device("cpu"),
    )


def main() -> None:
    """Measure and print."""
    eyes = b_scans()
    trainer = our_trainer(eyes)
    items = trainer.batches.of(0)
    views = make_views(
        "paper",
        SquareMaker(SCHEME, Normalisation.SEGMENTATION),
        lambda i: (eyes[i], None),
        SIDE,
        trainer.config.seed,
    )
    samples = [views.make(*item) for item in items]
    given = [torch.cat([s.image for s in samples]), torch.stack([s.labels for s in samples])]
    seconds, loss, gradient = plain_step(given)
    first = trainer.advance()  # encodes the views
    head = trainer.pupil.model.head
    assert isinstance(head, nn.Module)
    ours = head.get_parameter("proj_dec.weight").grad
    assert ours is not None
    away = float((ours - gradient).abs().max() / gradient.abs().max())
    times = []
    for _ in range(2):
        began = time.process_time()
        trainer.advance()
        times.append(time.process_time() - began)
    ratio = seconds / float(np.min(times))
    same = abs(first - loss) <= EXACT and away <= EXACT
    emit(
        Result(
            f"a training step, Base + ConvNeXt, 1024², batch {BATCH}, tokens kept",
            f"≥ {BAR} × faster, loss and gradient the same to {EXACT:g}",
            f"{min(times):.1f} s CPU, loss differs by {abs(first - loss):.0e}, gradient by "
            f"{away:.0e} of its largest",
            "the published step, plain",
            f"{seconds:.1f} s CPU",
            ratio,
            ratio >= BAR and same,
        )
    )


if __name__ == "__main__":
    main()
