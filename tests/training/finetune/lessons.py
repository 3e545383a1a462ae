"""Small eyes, small models and short settings for tests of teaching."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from mirage_core.model.build import build_model
from mirage_core.model.checkpoints.native import save_native
from mirage_core.model.spec import (
    BSCAN,
    DomainSpec,
    HeadKind,
    HeadSpec,
    ModelSpec,
    Normalisation,
    mirage_spec,
)
from mirage_core.model.store.card import ModelCard, Origin
from mirage_core.model.store.scheme import LayerScheme, layered_scheme, parted_scheme
from mirage_core.model.store.store import ModelStore, StoredModel
from mirage_core.model.store.terms import PUBLISHED, Terms
from mirage_core.scan import FLUID_SCHEME, Spacing
from mirage_core.training.finetune.config import FinetuneConfig, preset
from mirage_core.training.finetune.labelled import (
    LESION_NAMES,
    SURFACE_NAMES,
    LabelledBScan,
    TeachingData,
    empty_surfaces,
)

SIDE = 64
HEIGHT, WIDTH = 80, 72
STEM = (4, 4, 8, 8)
SURFACES = ("ILM", "RPE", "BM")
LESIONS = ("IRF",)
PARTED = parted_scheme("small", SURFACES, LESIONS)
REGIONS = layered_scheme(
    "small regions",
    ((0, "Above ILM"), (60, "ILM-RPE"), (120, "RPE-BM"), (180, "Below BM"), (240, "IRF")),
    layers=(0, 1, 2, 3),
    surfaces=SURFACES,
    masks={4: "IRF"},
)
FLUID = FLUID_SCHEME.by_name("IRF").value
SPACING = Spacing.from_mm(0.06, 0.004, 0.011)


def short(**fields: object) -> FinetuneConfig:
    """Return the shortest sensible few-shot settings."""
    few = {
        "epochs": 4,
        "least_steps": None,
        "warmup_steps": 1,
        "views": 3,
        "checkpoint_s": 0.0,
        "measure": "none",
        "cache_disk_bytes": 0,
        "rehearsal": 0,
    }
    return preset("few-shot").changed(**few | fields)


def b_scan(
    seed: int = 0,
    *,
    shift: float = 0.0,
    fluid: bool = False,
    patient: str = "P1",
    number: int | None = None,
    part: str = "",
    known: tuple[str, ...] = SURFACES,
    masks: bool = True,
    spacing: Spacing = SPACING,
) -> LabelledBScan:
    """Return a dark vitreous, a grey retina, a bright band and a dim choroid, wavy and noisy.

    `shift` is what the grader's RPE lies below the upper edge of the band, in px.
    """
    rng = np.random.default_rng(seed)
    x = np.arange(WIDTH)
    wave = 3 * np.sin(x / 15 + rng.uniform(0, 6)) + rng.uniform(-3, 3)
    ilm, band = 20 + wave, 44 + 0.6 * wave
    bm = band + 10
    rows = np.arange(HEIGHT)[:, None]
    image = np.where(rows < ilm, 20.0, 90.0)
    image = np.where(rows >= band, 220.0, image)
    image = np.where(rows >= bm, 60.0, image)
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    if fluid:
        hole = ((rows - 32) / 5.0) ** 2 + ((x - 36) / 12.0) ** 2 < 1
        image = np.where(hole, 15.0, image)
        mask[hole] = FLUID
    noisy = np.clip(image + rng.normal(0, 8, image.shape), 0, 255).astype(np.uint8)
    curves = empty_surfaces(WIDTH)
    for name, curve in zip(SURFACES, (ilm, band + shift, bm), strict=True):
        if name in known:
            curves[SURFACE_NAMES.index(name)] = curve
    return LabelledBScan(
        noisy,
        curves,
        mask if masks else None,
        LESION_NAMES,
        patient=patient,
        scan=f"scan of {patient}",
        b_scan=seed if number is None else number,
        spacing=spacing,
        part=part,
    )


def data(n: int = 4, **fields: object) -> TeachingData:
    """Return B-scans five apart; every other one has fluid."""
    return TeachingData(
        tuple(b_scan(i, number=5 * i, fluid=i % 2 == 1, **fields) for i in range(n))
    )


def parted_spec() -> ModelSpec:
    """Return a tiny model of two parts with a stem, as the starter model is a small one."""
    domain = DomainSpec(name="bscan", size=(SIDE, SIDE), stem=STEM)
    parts = (len(SURFACES) + 1, len(LESIONS) + 1)
    head = HeadSpec(kind=HeadKind.PYRAMID, n_classes=sum(parts), parts=parts, widths=STEM)
    return mirage_spec("tiny", (domain,), head=head)


def region_spec(kind: HeadKind = HeadKind.LIGHT) -> ModelSpec:
    """Return a tiny model of one softmax."""
    domain = BSCAN.model_copy(update={"size": (SIDE, SIDE)})
    head = HeadSpec(kind=kind, n_classes=REGIONS.n_classes, embed=256, depth=1)
    return mirage_spec("tiny", (domain,), head=head)


def encoder_spec() -> ModelSpec:
    """Return a tiny encoder alone."""
    return mirage_spec("tiny", (BSCAN.model_copy(update={"size": (SIDE, SIDE)}),))


def stored(
    folder: Path,
    spec: ModelSpec,
    scheme: LayerScheme | None = None,
    *,
    terms: Terms = PUBLISHED,
    seed: int = 0,
) -> tuple[ModelStore, StoredModel]:
    """Return a store with a model of random weights in it, and the model."""
    torch.manual_seed(seed)
    card = ModelCard(
        id="base",
        title="Base",
        spec=spec,
        scheme=scheme,
        normalisation=Normalisation.SEGMENTATION,
        terms=terms,
        origin=Origin(kind="trained"),
    )
    made = folder / "made"
    card = save_native(build_model(spec), card, made)
    store = ModelStore(folder / "models", shipped=folder / "none")
    store.add(card, made / "weights.safetensors")
    return store, store.get("base")


def parted_base(folder: Path, **fields: object) -> tuple[ModelStore, StoredModel]:
    """Return a store with a tiny model of two parts."""
    return stored(folder, parted_spec(), PARTED, **fields)


def region_base(folder: Path, **fields: object) -> tuple[ModelStore, StoredModel]:
    """Return a store with a tiny model of one softmax."""
    return stored(folder, region_spec(), REGIONS, **fields)


def encoder_base(folder: Path) -> tuple[ModelStore, StoredModel]:
    """Return a store with a tiny encoder."""
    return stored(folder, encoder_spec())
