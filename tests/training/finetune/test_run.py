"""Teaching from beginning to end: it gains, it can be stopped anywhere, and it says what it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import mirage_core.training.finetune.trainer as trainer_module
from mirage_core.engines import EngineInput
from mirage_core.engines.mirage import MirageEngine
from mirage_core.io.label_info import LabelInfo
from mirage_core.model.store.store import ModelStore, StoredModel
from mirage_core.training.finetune.checkpoints import BEFORE, LAST, LEARNT, load_weights
from mirage_core.training.finetune.comparison import read_comparison
from mirage_core.training.finetune.config import FinetuneConfig, preset
from mirage_core.training.finetune.errors import TeachCancelledError, TeachError
from mirage_core.training.finetune.events import EventLog, Listeners, Wish
from mirage_core.training.finetune.labelled import SURFACE_NAMES, TeachingData
from mirage_core.training.finetune.regions import region_map
from mirage_core.training.finetune.run import MODEL, TeachResult, teach
from tests.training.finetune.lessons import (
    REGIONS,
    SURFACES,
    b_scan,
    data,
    encoder_base,
    parted_base,
    region_base,
    short,
)

Base = tuple[ModelStore, StoredModel]


@pytest.fixture
def base(tmp_path: Path) -> Base:
    return region_base(tmp_path)


def run(
    base: Base,
    folder: Path,
    config: FinetuneConfig | None = None,
    given: TeachingData | None = None,
    **options: object,
) -> TeachResult:
    store, model = base
    return teach(
        given or data(4), model, config or short(), folder, store=store, device="cpu", **options
    )


def learnt(folder: Path) -> dict[str, torch.Tensor]:
    weights = load_weights(folder / "final", LEARNT)
    assert weights is not None
    return dict(weights)


def losses(folder: Path, lesson: str = "final") -> list[float]:
    return [
        e["loss"]
        for e in EventLog(folder).events()
        if e["kind"] == "step" and e["lesson"] == lesson
    ]


def after(n: int) -> Callable[[], bool]:
    """Return a wish that comes true at the `n`-th time it is asked."""
    asked = iter(range(1, 10**9))
    return lambda: next(asked) >= n


@pytest.mark.parametrize("make", [parted_base, region_base])
def test_what_is_taught_is_learnt_and_the_model_is_one_like_any(
    make: Callable[[Path], Base], tmp_path: Path
) -> None:
    store, model = make(tmp_path)
    # Random weights have no opinions worth keeping.
    config = short(epochs=20, lr=5e-3, trained="all", layer_decay=1.0, prior_weight=0.0)
    result = run((store, model), tmp_path / "run", config.changed(measure="split"))
    first, last = losses(tmp_path / "run")[0], losses(tmp_path / "run")[-1]
    assert last < 0.7 * first
    assert result.gain is not None
    assert result.gain.ratio.value is not None
    assert result.gain.ratio.value < 0.9
    stored = store.get(result.card.id)
    one = b_scan(3)
    source = EngineInput(one.image[None], (0,), one.spacing)
    found = MirageEngine(stored.card.id, store.folder).segment(source)
    assert set(found.surfaces.names) == set(SURFACES)
    assert [m.card.id for m in store.models()] == ["base", "base-taught"]


def test_the_card_says_where_it_comes_from_and_nothing_of_a_patient(
    base: Base, tmp_path: Path
) -> None:
    given = data(4, patient="Quokka^Wilhelmina")
    result = run(base, tmp_path / "run", short(measure="split"), given, title="Ward 3")
    card = result.card
    assert (card.id, card.title, card.fine_tuned) == ("ward-3", "Ward 3", True)
    assert card.parent_sha256 == base[1].card.weights_sha256
    assert card.terms.id == "mirage-published"
    assert "fine-tuned weights stay local" in card.terms.notice
    assert "data protection" in card.terms.notice
    assert card.training is not None
    assert card.training.split["train"].b_scans == 4
    assert card.training.split["test"].b_scans == 2
    assert card.training.settings["preset"] == "few-shot"
    assert "RPE error px" in card.metrics
    for path in (tmp_path / "run").rglob("*"):
        if path.is_file():
            assert b"Quokka" not in path.read_bytes(), path.name
    assert "Quokka" not in card.as_json().decode()


def test_the_same_seed_gives_the_same_weights_and_another_one_others(
    base: Base, tmp_path: Path
) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        run(base, tmp_path / name, short(seed=seed))
    a, b, c = (learnt(tmp_path / name) for name in "abc")
    assert all(torch.equal(a[n], b[n]) for n in a)
    assert not all(torch.equal(a[n], c[n]) for n in a)


@pytest.mark.parametrize("steps", [1, 3])
@pytest.mark.parametrize("trained", ["head", "all"])
def test_a_run_cancelled_anywhere_ends_as_if_it_had_not_been(
    base: Base, trained: str, steps: int, tmp_path: Path
) -> None:
    config = short(trained=trained, drop_path=0.3)
    run(base, tmp_path / "whole", config)
    with pytest.raises(TeachCancelledError):
        # Once for each B-scan the base model is asked about, then once a step.
        run(
            base,
            tmp_path / "halves",
            config,
            listeners=Listeners(cancelled=after(4 + steps + 1)),
        )
    assert len(losses(tmp_path / "halves")) == steps
    run(base, tmp_path / "halves", config, resume=True)
    assert losses(tmp_path / "halves") == losses(tmp_path / "whole")
    a, b = learnt(tmp_path / "whole"), learnt(tmp_path / "halves")
    assert all(torch.equal(a[n], b[n]) for n in a)


def test_a_cache_changes_nothing_but_how_often_a_view_is_encoded(
    base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded = []
    real = trainer_module.CutModel.front

    def counting(self: object, image: torch.Tensor) -> dict[str, torch.Tensor]:
        encoded.append(1)
        return real(self, image)

    monkeypatch.setattr(trainer_module.CutModel, "front", counting)
    kept = short(epochs=6, views=2, cache_disk_bytes=2**22, cache_memory_bytes=0)
    run(base, tmp_path / "kept", kept)
    once = len(encoded)
    run(base, tmp_path / "made", kept.changed(cache_disk_bytes=0))
    assert (once, len(encoded) - once) == (8, 24)
    assert losses(tmp_path / "kept") == losses(tmp_path / "made")
    assert not (tmp_path / "kept" / "features").exists()


def test_damaged_features_are_made_anew_and_the_result_is_the_same(
    base: Base, tmp_path: Path
) -> None:
    config = short(epochs=4, views=2, cache_disk_bytes=2**22, cache_memory_bytes=0)
    run(base, tmp_path / "whole", config)
    with pytest.raises(TeachCancelledError):
        run(base, tmp_path / "run", config, listeners=Listeners(cancelled=after(7)))
    entries = list((tmp_path / "run" / "features").iterdir())
    assert entries
    for path in entries:
        content = bytearray(path.read_bytes())
        content[-9] ^= 0x40
        path.write_bytes(content)
    run(base, tmp_path / "run", config, resume=True)
    assert losses(tmp_path / "run") == losses(tmp_path / "whole")


@pytest.mark.parametrize("how", ["last", "both"])
def test_damaged_checkpoints_are_passed_over_and_said(base: Base, how: str, tmp_path: Path) -> None:
    run(base, tmp_path / "whole")
    with pytest.raises(TeachCancelledError):
        run(base, tmp_path / "run", listeners=Listeners(cancelled=after(8)))
    for name in (LAST,) if how == "last" else (LAST, BEFORE):
        path = tmp_path / "run" / "final" / name
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 0xFF
        path.write_bytes(content)
    run(base, tmp_path / "run", resume=True)
    notes = [e["text"] for e in EventLog(tmp_path / "run").events() if e["kind"] == "note"]
    assert any("damaged and was passed over" in note for note in notes)
    assert losses(tmp_path / "run") == losses(tmp_path / "whole")


def test_stopping_early_keeps_what_was_learnt_and_measures_no_further(
    base: Base, tmp_path: Path
) -> None:
    def wish() -> Wish:
        return Wish.STOP if len(losses(tmp_path / "run")) >= 2 else Wish.GO

    config = short(measure="loo")
    result = run(base, tmp_path / "run", config, listeners=Listeners(wish=wish))
    assert result.gain is None
    assert len(losses(tmp_path / "run")) == 2
    assert any("Stopped before all was measured" in note for note in result.notes)
    assert (tmp_path / "run" / MODEL / "card.json").exists()


def test_a_paused_run_waits_with_a_checkpoint_and_goes_on(base: Base, tmp_path: Path) -> None:
    asked = iter([Wish.GO, Wish.GO, Wish.PAUSE, Wish.PAUSE, *[Wish.GO] * 100])
    seen = []

    def on_event(event: dict) -> None:
        if event["kind"] == "paused":
            seen.append((tmp_path / "run" / "final" / LAST).exists())

    listeners = Listeners(wish=lambda: next(asked), on_event=on_event)
    run(base, tmp_path / "run", short(checkpoint_s=1e6), listeners=listeners)
    assert seen == [True]
    assert len(losses(tmp_path / "run")) == 4


def test_the_best_moment_is_kept_and_patience_ends_a_lesson(base: Base, tmp_path: Path) -> None:
    given = TeachingData(
        tuple(
            replace(b, part=part)
            for b, part in zip(
                data(5).b_scans, ("train", "train", "val", "val", "test"), strict=True
            )
        )
    )
    config = short(epochs=400, check_steps=1, patience=3, lr=1e-12, ema=None)
    result = run(base, tmp_path / "run", config, given)
    checks = [e for e in EventLog(tmp_path / "run").events() if e["kind"] == "check"]
    assert checks[0]["best"]
    assert not any(check["best"] for check in checks[-3:])
    assert len(losses(tmp_path / "run")) < 20
    assert result.gain is not None
    assert result.gain.n_b_scans == 1


def test_held_out_b_scans_are_watched_on_the_way_and_decide_nothing(
    base: Base, tmp_path: Path
) -> None:
    config = short(measure="split", check_steps=1, patience=1, lr=1e-12)
    run(base, tmp_path / "run", config)
    checks = [e for e in EventLog(tmp_path / "run").events() if e["kind"] == "check"]
    assert {e["lesson"] for e in checks} == {"measured"}
    assert [e["step"] for e in checks] == list(range(len(losses(tmp_path / "run", "measured")) + 1))
    assert all(0 <= e["score"] <= 1 and "best" not in e for e in checks)
    assert len(checks) > 3  # it did not stop for want of a better score


def test_a_model_that_is_no_better_says_so_and_is_not_suggested(base: Base, tmp_path: Path) -> None:
    result = run(base, tmp_path / "run", short(measure="split", lr=1e-12))
    assert not result.suggested
    assert result.gain is not None
    assert "no better" in result.gain.sentence or "chance" in result.gain.sentence
    assert "not suggested" in result.card.origin.notes[0]


def test_held_out_b_scans_can_be_looked_at_the_worst_first(base: Base, tmp_path: Path) -> None:
    run(base, tmp_path / "run", short(measure="loo"))
    shown = read_comparison(tmp_path / "run")
    assert sorted(c.b_scan for c in shown) == [0, 5, 10, 15]
    errors = [c.error_after for c in shown]
    assert errors == sorted(errors, reverse=True)
    assert shown[0].curves_after.shape == (len(SURFACE_NAMES), 72)
    assert shown[0].masks_after.shape == (80, 72)


def test_a_loss_that_is_no_number_stops_the_run_and_spares_the_checkpoint(
    base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = iter(range(100))
    real = trainer_module.Trainer._loss

    def failing(self: object, items: object) -> torch.Tensor:
        return real(self, items) * (float("nan") if next(calls) == 9 else 1.0)

    monkeypatch.setattr(trainer_module.Trainer, "_loss", failing)
    with pytest.raises(TeachError, match="loss became nan in step 3") as raised:
        run(base, tmp_path / "run")
    assert raised.value.hint
    monkeypatch.undo()
    run(base, tmp_path / "run", resume=True)
    run(base, tmp_path / "whole")
    assert losses(tmp_path / "run") == losses(tmp_path / "whole")


def test_a_rate_that_is_far_too_high_is_one_clear_error(base: Base, tmp_path: Path) -> None:
    config = short(epochs=60, lr=1e30, ema=None, grad_clip=None, trained="all", layer_decay=1.0)
    with pytest.raises(TeachError, match=r"(loss|gradient) became (nan|inf)"):
        run(base, tmp_path / "run", config)


def test_when_memory_runs_out_the_batch_is_lowered_and_that_is_said(
    base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(base, tmp_path / "ones", short(micro_batch=1))
    real = trainer_module.Trainer._loss

    def small(self: object, items: list) -> torch.Tensor:
        if len(items) > 1:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return real(self, items)

    monkeypatch.setattr(trainer_module.Trainer, "_loss", small)
    run(base, tmp_path / "run", short(micro_batch=4))
    notes = [e["text"] for e in EventLog(tmp_path / "run").events() if e["kind"] == "note"]
    assert [n for n in notes if "Memory ran out" in n] == [
        "Memory ran out; teaching goes on with 2 B-scans at a time, with the same result.",
        "Memory ran out; teaching goes on with 1 B-scan at a time, with the same result.",
    ]
    assert losses(tmp_path / "run") == losses(tmp_path / "ones")


def test_a_single_b_scan_that_does_not_fit_is_one_sentence(
    base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(self: object, items: list) -> torch.Tensor:
        raise MemoryError

    monkeypatch.setattr(trainer_module.Trainer, "_loss", none)
    with pytest.raises(TeachError, match="too small for a single B-scan"):
        run(base, tmp_path / "run")


def test_b_scans_together_learn_as_one_after_the_other(base: Base, tmp_path: Path) -> None:
    for n in (1, 4):
        run(base, tmp_path / str(n), short(micro_batch=n))
    np.testing.assert_allclose(losses(tmp_path / "1"), losses(tmp_path / "4"), rtol=1e-4)


def test_one_b_scan_is_taught(base: Base, tmp_path: Path) -> None:
    result = run(base, tmp_path / "run", short(measure="auto"), data(1))
    assert result.gain is None
    assert not result.suggested
    assert any("one B-scan only" in note for note in result.notes)


def test_a_class_absent_from_what_is_held_back_has_no_figure(base: Base, tmp_path: Path) -> None:
    given = TeachingData(
        tuple(
            replace(b_scan(i, number=9 * i, fluid=i == 0), part="train" if i < 2 else "test")
            for i in range(3)
        )
    )
    result = run(base, tmp_path / "run", short(lr=1e-12), given)
    assert result.gain is not None
    (lesion,) = (s for s in result.gain.structures if s.name == "IRF")
    assert lesion.before.value in (None, 0.0)
    assert lesion.after.value in (None, 0.0)
    json.dumps(result.gain.as_fields(), allow_nan=False)


def test_schemes_that_have_nothing_in_common_are_refused(base: Base, tmp_path: Path) -> None:
    strange = TeachingData((b_scan(0, known=("ILM",), masks=False),)).with_structures(("CSI",))
    with pytest.raises(TeachError, match="the model 'Base' tells ILM, RPE, BM, IRF") as raised:
        run(base, tmp_path / "run", given=strange)
    assert "new head" in raised.value.hint
    assert not (tmp_path / "run").exists()


def test_an_encoder_alone_has_no_head_to_go_on_with(tmp_path: Path) -> None:
    with pytest.raises(TeachError, match="no head for layers"):
        run(encoder_base(tmp_path), tmp_path / "run")


def test_a_folder_with_a_run_is_not_mixed_up(base: Base, tmp_path: Path) -> None:
    run(base, tmp_path / "run")
    with pytest.raises(TeachError, match="holds a training already"):
        run(base, tmp_path / "run")
    with pytest.raises(TeachError, match=r"other settings \(lr\)"):
        run(base, tmp_path / "run", short(lr=1e-3), resume=True)
    with pytest.raises(TeachError, match="other B-scans or corrections"):
        run(base, tmp_path / "run", given=data(5), resume=True)
    with pytest.raises(TeachError, match="no training in"):
        run(base, tmp_path / "none", resume=True)


def test_a_finished_run_gives_its_model_again(base: Base, tmp_path: Path) -> None:
    first = run(base, tmp_path / "run")
    again = run(base, tmp_path / "run", resume=True)
    assert again.card.weights_sha256 == first.card.weights_sha256
    assert len(base[0].models()) == 2


@pytest.mark.parametrize("head", ["linear", "convnext", "segmenter", "dpt", "light"])
def test_the_published_recipe_teaches_every_head(head: str, tmp_path: Path) -> None:
    store, encoder = encoder_base(tmp_path)
    maps = tuple(replace(b, classes=region_map(b, REGIONS)) for b in data(5).b_scans)
    info = LabelInfo(
        tuple(c.label for c in REGIONS.classes), tuple(c.value for c in REGIONS.classes)
    )
    given = TeachingData(maps, info)
    config = preset("paper").changed(head=head, size=64, epochs=2, measure="none")
    result = run((store, encoder), tmp_path / "run", config, given)
    assert result.card.spec.head is not None
    assert result.card.spec.head.kind == head
    assert result.card.scheme is not None
    assert result.card.scheme.surface_names == SURFACES
    assert len(losses(tmp_path / "run")) == 2  # one batch of four an epoch, the fifth left out
    source = EngineInput(given.b_scans[0].image[None], (0,))
    MirageEngine(result.card.id, store.folder).segment(source)


@pytest.mark.parametrize("trained", ["blocks", "lora", "all"])
def test_more_than_the_head_learns_where_asked(trained: str, base: Base, tmp_path: Path) -> None:
    result = run(base, tmp_path / "run", short(trained=trained, blocks=1, lora_rank=2, lr=1e-2))
    old = load_file(base[1].weights)
    new = load_file(tmp_path / "run" / MODEL / "weights.safetensors")
    assert old.keys() == new.keys()
    changed = {n for n in old if not torch.equal(old[n], new[n])}
    blocks = {n.split(".")[1] for n in changed if n.startswith("encoder.")}
    assert blocks == ({"1"} if trained == "blocks" else {"0", "1"})
    assert any(n.startswith("output_adapters") for n in changed)
    assert any(n.startswith("input_adapters") for n in changed) is (trained == "all")
    assert result.card.spec == base[1].card.spec
