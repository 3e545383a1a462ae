"""Models of the store as engines: on the scan's own grids, in both modes, with every task."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from mirage_core.engines import (
    Classifier,
    Embedder,
    Engine,
    EngineCancelledError,
    EngineOptions,
    Mode,
    Reconstructor,
    engine_infos,
    engine_names,
    make_engine,
)
from mirage_core.engines.errors import InputError, TaskMissingError
from mirage_core.engines.mirage.engine import MirageEngine
from mirage_core.engines.strata import decode
from mirage_core.model.classification import pooled
from mirage_core.model.preprocessing import prepare_image
from mirage_core.model.resident import forget_all, resident_models
from mirage_core.model.spec import Normalisation
from mirage_core.model.store.known_schemes import AROI
from mirage_core.places import models_dir
from mirage_core.scan import FLUID_SCHEME
from tests.engines.mirage import models

CPU = EngineOptions(device="cpu")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MIRAGE_DATA_DIR", str(tmp_path))
    forget_all()
    return models_dir()


def test_models_of_the_store_are_engines_by_their_id(store: Path) -> None:
    models.segmenting(store)
    models.reconstructing(store)
    models.classifying(store)
    assert engine_names() == ("graph", "layers")
    assert engine_names("reconstruct") == ("imagines",)
    assert engine_names("classify") == ("tells",)
    assert set(engine_names("embed")) == {"layers", "imagines", "tells"}
    info = engine_infos()[1]
    assert info.surfaces == AROI.surface_names
    assert info.modes == ("exact", "fast")
    assert len(info.sha256) == 64
    engine = make_engine("layers", CPU)
    for kind in (Engine, Embedder, Classifier, Reconstructor):
        assert isinstance(engine, kind)
    assert pickle.loads(pickle.dumps(engine)).describe() == info


def test_an_unknown_name_offers_a_model(store: Path) -> None:
    models.segmenting(store)
    with pytest.raises(KeyError, match="did you mean 'layers'"):
        make_engine("layer")


@pytest.mark.parametrize("domains", [("bscan",), ("bscan", "slo")])
def test_the_exact_mode_gives_what_the_plain_model_gives(
    store: Path, domains: tuple[str, ...]
) -> None:
    model = models.segmenting(store, domains=domains)
    source = models.source()
    prediction = make_engine("layers", CPU).segment(source)
    chain = Normalisation.SEGMENTATION
    inputs = {
        "bscan": torch.from_numpy(
            np.stack([prepare_image(b, (128, 128), chain) for b in source.b_scans])
        )
    }
    if "slo" in domains:
        # B-scans of 50 columns about (20 + 10 b, 55): the square around each.
        assert source.slo is not None
        padded = np.pad(source.slo, 40)
        cuts = []
        for b in range(3):
            rows, columns = slice(35 + 10 * b, 86 + 10 * b), slice(70, 121)
            around = padded[rows, columns].astype(float)
            around = (around[:-1] + around[1:]) / 2
            around = (around[:, :-1] + around[:, 1:]) / 2
            cuts.append(prepare_image(np.rint(around).astype(np.uint8), (128, 128), chain))
        inputs["slo"] = torch.from_numpy(np.stack(cuts))
    with torch.no_grad():
        logits = model.grid_logits(inputs)
        whole = functional.interpolate(logits, size=(96, 150), mode="bilinear")
        probabilities = functional.softmax(whole, dim=1).numpy()
    expected = decode(probabilities, AROI, (96, 150), network_height=96)
    found = prediction.surfaces.values
    both = np.isfinite(found) & np.isfinite(expected.surfaces.values)
    assert (np.isfinite(found) == np.isfinite(expected.surfaces.values)).mean() > 0.98
    if both.any():
        assert np.abs(found - expected.surfaces.values)[both].mean() < 0.05
    same = prediction.masks.labels == expected.masks.labels
    assert same.mean() > 0.98
    assert prediction.run.mode == "exact"
    assert prediction.run.device == "cpu"


def test_a_prediction_lies_on_the_scans_own_grid(store: Path) -> None:
    models.segmenting(store)
    source = models.source(5)
    source = type(source)(source.b_scans, (3, 1))
    prediction = make_engine("layers", EngineOptions(Mode.FAST, "cpu")).segment(source)
    assert prediction.surfaces.values.shape == (len(AROI.surface_names), 2, 150)
    assert prediction.masks.labels.shape == (2, 96, 150)
    assert prediction.masks.scheme == FLUID_SCHEME
    steps = np.diff(prediction.surfaces.values, axis=0)
    assert not (steps < 0).any()
    nan = np.isnan(prediction.surfaces.values)
    assert (np.isnan(prediction.confidence) == nan).all()
    assert prediction.run.mode == "fast"


def test_b_scans_come_back_in_the_order_they_were_asked_for(store: Path) -> None:
    models.segmenting(store)
    source = models.source(3)
    engine = make_engine("layers", CPU)
    forward = engine.segment(source)
    backward = engine.segment(type(source)(source.b_scans, (2, 1, 0)))
    assert np.array_equal(
        forward.surfaces.values[:, ::-1], backward.surfaces.values, equal_nan=True
    )


def test_a_joint_model_says_when_there_is_no_slo(store: Path) -> None:
    models.segmenting(store, domains=("bscan", "slo"))
    with pytest.raises(InputError, match="SLO") as refused:
        make_engine("layers", CPU).segment(models.source(slo=False))
    assert pickle.loads(pickle.dumps(refused.value)).what == refused.value.what


def test_a_task_the_model_cannot_do_is_refused_with_what_it_can(store: Path) -> None:
    models.classifying(store)
    engine = make_engine("tells", CPU)
    assert isinstance(engine, MirageEngine)
    with pytest.raises(TaskMissingError, match="classify and embed, not reconstruct"):
        engine.reconstruct(models.source(), "slo")


def test_features_are_the_models_tokens(store: Path) -> None:
    model = models.reconstructing(store)
    source = models.source(2)
    engine = make_engine("imagines", CPU)
    assert isinstance(engine, MirageEngine)
    found = engine.embed(type(source)(source.b_scans, (0, 1)))
    assert found.grid == (8, 8)
    assert found.tokens.shape == (2, 64, 64)
    x = np.stack([prepare_image(b, (128, 128), Normalisation.WRAPPER) for b in source.b_scans])
    with torch.no_grad():
        tokens = model.encode({"bscan": torch.from_numpy(x)})
    assert np.abs(found.tokens - tokens.of("bscan").numpy()).max() < 1e-4
    patches, global_token = pooled(tokens.values, 1)
    expected = torch.cat([patches, global_token], dim=1).numpy()
    assert np.abs(found.pooled - expected).max() < 1e-4


def test_white_registration_padding_is_black_to_a_model(store: Path) -> None:
    models.reconstructing(store)
    engine = make_engine("imagines", CPU)
    assert isinstance(engine, MirageEngine)
    source = models.source(1, slo=False)
    white, black = source.b_scans.copy(), source.b_scans.copy()
    white[:, :20, :40], black[:, :20, :40] = 255, 0
    # The px that resampling greyed at its rim belong to the padding.
    white[:, 20:24, :44] = black[:, 20:24, :44] = 0
    white[:, :24, 40:44] = black[:, :24, 40:44] = 0
    found = [engine.embed(type(source)(b, (0,))).tokens for b in (white, black)]
    assert np.array_equal(*found)


def test_class_probabilities_are_named_and_sum_to_one(store: Path) -> None:
    models.classifying(store)
    engine = make_engine("tells", CPU)
    assert isinstance(engine, MirageEngine)
    found = engine.classify(models.source(4))
    assert found.labels == ("CNV", "DME", "NORMAL")
    assert found.probabilities.shape == (4, 3)
    assert np.allclose(found.probabilities.sum(axis=1), 1, atol=1e-5)


def test_reconstructions_lie_on_the_scans_grids(store: Path) -> None:
    models.reconstructing(store)
    engine = make_engine("imagines", CPU)
    assert isinstance(engine, MirageEngine)
    source = models.source(3)
    slo = engine.reconstruct(source, "slo")
    assert slo.given == ("bscan",)
    assert slo.images.shape == (3, 90, 120)
    assert slo.inside is not None
    # Each B-scan's patch lies about the B-scan.
    rows = [np.nonzero(inside)[0].mean() for inside in slo.inside]
    assert rows == sorted(rows)
    assert (slo.images[~slo.inside] == 0).all()
    layers = engine.reconstruct(source, "bscanlayermap")
    assert layers.given == ("bscan", "slo")
    assert layers.images.shape == (3, 96, 150)
    assert layers.images.max() <= 12
    assert engine.reconstruct(source, "bscan").given == ("slo",)


def test_a_b_scan_is_not_imagined_from_nothing(store: Path) -> None:
    models.reconstructing(store)
    engine = make_engine("imagines", CPU)
    assert isinstance(engine, MirageEngine)
    with pytest.raises(InputError, match="no SLO"):
        engine.reconstruct(models.source(slo=False), "bscan")


def test_without_an_slo_the_models_own_grid_is_given(store: Path) -> None:
    models.reconstructing(store)
    engine = make_engine("imagines", CPU)
    assert isinstance(engine, MirageEngine)
    found = engine.reconstruct(models.source(1, slo=False), "slo")
    assert found.images.shape == (1, 128, 128)
    assert found.inside is None


def test_progress_rises_and_a_cancelled_run_leaves_nothing(store: Path) -> None:
    models.segmenting(store)
    engine = make_engine("layers", CPU)
    told: list[float] = []
    engine.segment(models.source(4), told.append)
    assert told == [0.25, 0.5, 0.75, 1.0]
    with pytest.raises(EngineCancelledError):
        engine.segment(models.source(4), cancelled=lambda: len(told) >= 4)


def test_weights_stay_for_the_next_run_within_the_budget(store: Path) -> None:
    models.segmenting(store)
    models.classifying(store)
    make_engine("layers", CPU).segment(models.source(1))
    kept = resident_models()
    make_engine("layers", CPU).segment(models.source(1))
    assert resident_models() == kept
    assert len(kept) == 1
    engine = make_engine("tells", EngineOptions(device="cpu", weights_budget_bytes=1))
    assert isinstance(engine, MirageEngine)
    engine.classify(models.source(1))
    assert resident_models() == kept  # over the budget by itself: used, not kept


def test_memory_that_runs_out_is_told(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    models.classifying(store)
    engine = make_engine("tells", EngineOptions(device="cpu", batch_size=4))
    assert isinstance(engine, MirageEngine)
    whole = engine.classify(models.source(4))
    plain = torch.nn.Linear.forward

    def forward(self: torch.nn.Linear, x: torch.Tensor) -> torch.Tensor:
        if len(x) > 2:
            raise torch.OutOfMemoryError("out of memory")
        return plain(self, x)

    monkeypatch.setattr(torch.nn.Linear, "forward", forward)
    found = engine.classify(models.source(4))
    assert found.run.batch_size == 2
    assert any("ran out of memory" in r for r in found.run.remarks)
    assert np.allclose(found.probabilities, whole.probabilities, atol=1e-5)
