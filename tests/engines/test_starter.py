"""The model that comes with the program: there, whole, the default, and good on eyes it never saw.

How good it is on real eyes is told in ``docs/accuracy.md``.
"""

from __future__ import annotations

import numpy as np
import pytest

from mirage_core.engines import (
    EngineInput,
    Prediction,
    default_engine,
    engine_names,
    make_engine,
)
from mirage_core.measure.agreement import unsigned_error
from mirage_core.model.store.store import ModelStore
from mirage_core.places import shipped_models_dir
from mirage_core.simulate import SimulatedEye, demo_eye

pytestmark = pytest.mark.usefixtures("shipped")


@pytest.fixture(scope="module")
def eye() -> SimulatedEye:
    return demo_eye()


@pytest.fixture(scope="module")
def found(eye: SimulatedEye) -> Prediction:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MIRAGE_SHIPPED_DIR")
        b_scans = np.stack([eye.scan.b_scan(b) for b in range(0, eye.scan.n_b_scans, 6)])
        engine = make_engine("starter")
        every = tuple(range(len(b_scans)))
        return engine.segment(EngineInput(b_scans, every, eye.scan.spacing))


def test_it_is_whole_small_and_says_how_it_was_made() -> None:
    stored = ModelStore().get("starter")
    assert stored.shipped
    assert ModelStore().verify("starter").weights_sha256
    files = list((shipped_models_dir() / "starter").iterdir())
    assert sum(f.stat().st_size for f in files) <= 25e6
    card = stored.card
    assert card.training is not None
    assert card.training.seconds > 0
    assert {"seed", "steps", "simulated_eyes"} <= set(card.training.settings)
    assert "CC BY 4.0" in card.terms.summary


def test_it_is_the_default_and_the_graph_search_comes_next() -> None:
    assert default_engine() == "starter"
    assert engine_names()[:2] == ("starter", "graph")
    assert make_engine().describe().name == "starter"


@pytest.mark.parametrize(("name", "bar_px"), [("ILM", 1.5), ("RPE", 2.0), ("BM", 1.5)])
def test_surfaces_of_an_eye_it_never_saw(
    eye: SimulatedEye, found: Prediction, name: str, bar_px: float
) -> None:
    truth = eye.surfaces[name][::6]
    assert unsigned_error(found.surfaces[name], truth) <= bar_px


def test_surfaces_are_ordered_and_known_all_along(found: Prediction) -> None:
    values = found.surfaces.values
    assert np.isfinite(values).mean() > 0.99
    assert (np.diff(values, axis=0) >= 0).all()


def test_it_is_less_sure_where_nothing_can_be_seen(eye: SimulatedEye) -> None:
    clear = eye.scan.b_scan(0)
    dim = clear.copy()
    hidden = slice(200, 300)
    noise = np.random.default_rng(0).integers(0, 30, dim[:, hidden].shape, np.uint8)
    dim[:, hidden] = noise
    engine = make_engine("starter")
    sure = engine.segment(EngineInput(np.stack([clear, dim]), (0, 1), eye.scan.spacing)).confidence
    row = engine.describe().surfaces.index("BM")
    assert sure[row, 1, hidden].mean() < 0.8 * sure[row, 0, hidden].mean()
