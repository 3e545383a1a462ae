"""A map points at what a class is told by, lies on the B-scan's own grid, and changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from mirage_core.engines.base import EngineInput, EngineOptions
from mirage_core.engines.errors import InputError, TaskMissingError
from mirage_core.engines.mirage.engine import MirageEngine
from mirage_core.jobs.model_tasks import explain_scan
from mirage_core.model.build import build_model
from mirage_core.model.checkpoints.native import save_native
from mirage_core.model.resident import forget_all
from mirage_core.model.spec import ClassifierSpec, Normalisation, Pool, mirage_spec
from mirage_core.model.store.card import ModelCard, Origin
from mirage_core.scan import ArrayPixels, Scan
from tests.engines.mirage import models

CPU = EngineOptions(device="cpu")
HEIGHT, WIDTH, SIDE = 60, 72, 64
LABELS = ("dark", "bright")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[MirageEngine]:
    """A tiny model made by hand: it tells pictures by how bright their patches are.

    The first block has every token look at all others alike, the second does nothing.
    """
    domain = models.BSCAN.model_copy(update={"size": (SIDE, SIDE)})
    classifier = ClassifierSpec(pool=Pool.GLOBAL, n_classes=2)
    spec = mirage_spec("tiny", (domain,), classifier=classifier)
    model = build_model(spec).eval()
    first, second = model.model.encoder
    with torch.no_grad():
        for block in (first, second):
            for layer in (block.attn.qkv, block.attn.proj, block.mlp.fc2):
                layer.weight.zero_()
                layer.bias.zero_()
        first.attn.qkv.weight[2 * spec.dim :] = torch.eye(spec.dim)
        first.attn.proj.weight.copy_(torch.eye(spec.dim))
        projection = model.model.input_adapters["bscan"].proj
        projection.weight.zero_()
        projection.bias.zero_()
        projection.weight[0] = 4 / 256
        model.head.weight.zero_()
        model.head.bias.zero_()
        model.head.weight[1, 0] = 40
        told = [
            float(model({"bscan": torch.full((1, 1, SIDE, SIDE), g)})[0, 1]) for g in (0.12, 0.2)
        ]
        model.head.bias[1] = -sum(told) / 2
    card = ModelCard(
        id="squares",
        title="Squares",
        spec=spec,
        normalisation=Normalisation.HUB,
        class_labels=LABELS,
        origin=Origin(kind="trained"),
    )
    save_native(model, card, tmp_path / "models" / "squares")
    yield MirageEngine("squares", tmp_path / "models", CPU)
    forget_all()


def plain(seed: int = 7) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(30, 4, (HEIGHT, WIDTH))
    return np.clip(noise, 0, 255).astype(np.uint8)


def with_square(z: int, x: int) -> EngineInput:
    image = plain()
    image[z : z + 16, x : x + 16] = 250
    return EngineInput(image[None], (0,))


@pytest.mark.parametrize("method", ["gradient", "rollout"])
@pytest.mark.parametrize(("z", "x"), [(2, 2), (6, 48), (40, 28)])
def test_the_map_points_at_the_evidence(engine: MirageEngine, method: str, z: int, x: int) -> None:
    found = engine.explain(with_square(z, x), "bright", method)
    assert found.probabilities[0] > 0.5
    heat = found.heat[0]
    assert heat.dtype == np.float32
    assert heat.shape == (HEIGHT, WIDTH)
    assert heat.max() == pytest.approx(1)
    assert heat.min() >= 0
    inside = np.zeros_like(heat, bool)
    inside[max(z - 8, 0) : z + 24, max(x - 9, 0) : x + 25] = True
    assert inside[np.unravel_index(heat.argmax(), heat.shape)]
    assert heat[inside].mean() > 1.5 * heat[~inside].mean()


def test_the_likeliest_class_is_explained_if_none_is_named(engine: MirageEngine) -> None:
    assert engine.explain(with_square(6, 30)).label == "bright"
    assert engine.explain(EngineInput(plain(3)[None], (0,))).label == "dark"


def test_looking_leaves_the_answers_as_they_are(engine: MirageEngine) -> None:
    source = with_square(6, 30)
    before = engine.classify(source).probabilities
    for method in ("gradient", "rollout"):
        found = engine.explain(source, "bright", method)
        assert found.probabilities[0] == pytest.approx(before[0, 1], abs=1e-5)
    assert np.array_equal(engine.classify(source).probabilities, before)
    assert torch.is_grad_enabled()


def test_padding_shows_nothing(engine: MirageEngine) -> None:
    image = with_square(6, 20).b_scans[0]
    image[:, -12:] = 255
    found = engine.explain(EngineInput(image[None], (0,)), "bright")
    assert (found.heat[0, :, -10:] == 0).all()
    assert found.heat.max() == pytest.approx(1)


def test_b_scans_of_a_scan_are_explained_for_a_window(
    engine: MirageEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIRAGE_DATA_DIR", str(engine.folder.parent))
    scan = Scan(ArrayPixels(np.stack([plain(1), with_square(6, 30).b_scans[0], plain(2)])))
    told: list[float] = []
    found = explain_scan(scan, "squares", (1,), options=CPU, report=told.append)
    assert found.heat.shape == (1, HEIGHT, WIDTH)
    assert found.label == "bright"
    assert told[-1] == 1


def test_what_is_not_there_is_said(engine: MirageEngine) -> None:
    with pytest.raises(InputError, match=r"tells no 'CNV'.*dark, bright"):
        engine.explain(with_square(6, 30), "CNV")
    with pytest.raises(InputError, match="no method 'magic'"):
        engine.explain(with_square(6, 30), method="magic")


def test_a_model_that_tells_no_classes_explains_none(tmp_path: Path) -> None:
    models.segmenting(tmp_path)
    with pytest.raises(TaskMissingError, match="not classify"):
        MirageEngine("layers", tmp_path, CPU).explain(models.source(1))


def test_the_b_scans_part_is_shown_of_a_model_that_looks_at_the_slo_too(tmp_path: Path) -> None:
    classifier = ClassifierSpec(pool=Pool.TOKEN_MIX, n_classes=2, domains=("slo", "bscan"))
    spec = mirage_spec("tiny", (models.SLO, models.BSCAN), classifier=classifier)
    models.put(tmp_path, "both", spec, Normalisation.CLASSIFICATION)
    engine = MirageEngine("both", tmp_path, CPU)
    source = models.source(2)
    for method in ("gradient", "rollout"):
        found = engine.explain(source, "class 1", method)
        assert found.heat.shape == source.b_scans.shape
    assert engine.classify(source).probabilities.shape == (2, 2)
    with pytest.raises(InputError, match="this scan has none"):
        engine.explain(models.source(2, slo=False), "class 1")
