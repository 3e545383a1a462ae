"""Classes are taught, measured on patients held back, and the model runs as any other."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mirage_core.engines.base import EngineOptions
from mirage_core.engines.mirage.engine import MirageEngine
from mirage_core.engines.propose import engine_input
from mirage_core.model.checkpoints.native import load_native
from mirage_core.model.spec import VolumePool
from mirage_core.model.store.terms import PUBLISHED
from mirage_core.training.classify.examples import ClassData, Example
from mirage_core.training.classify.run import ClassResult, teach_classes
from mirage_core.training.finetune.errors import TeachCancelledError, TeachError
from mirage_core.training.finetune.events import EventLog, Listeners, Wish
from tests.training.classify import eyes


def taught(tmp_path: Path, data: ClassData, name: str = "probe", **more: object) -> ClassResult:
    store, base = eyes.base(tmp_path, slo=bool(more.pop("slo", False)))
    config = eyes.quick(name, **more)
    return teach_classes(data, base, config, tmp_path / "run", store=store, device="cpu")


def engine(tmp_path: Path, result: ClassResult) -> MirageEngine:
    return MirageEngine(result.card.id, tmp_path / "models", EngineOptions(device="cpu"))


def test_what_differs_is_told_on_patients_never_seen(tmp_path: Path) -> None:
    result = taught(tmp_path, eyes.data())
    report = result.report
    assert report is not None
    assert report.auroc.value > 0.95
    assert report.n == 24
    assert report.patients == 12
    assert sum(map(sum, report.confusion)) == 24
    assert "held back" in report.sentence
    card = result.card
    assert card.class_labels == eyes.LABELS
    assert card.terms.id == PUBLISHED.id
    assert "data protection" in card.terms.notice
    assert card.parent_sha256
    assert card.metrics["AUROC"] == report.auroc.value
    assert len(card.training.split["train"].patients) == 12
    assert "P0" not in card.as_json().decode()


def test_the_model_answers_as_any_classifier_of_the_store(tmp_path: Path) -> None:
    result = taught(tmp_path, eyes.data())
    scan = eyes.scan_of((0, 1, 0), 999)
    found = engine(tmp_path, result).classify(engine_input(scan)[0])
    assert found.labels == eyes.LABELS
    assert found.probabilities.argmax(axis=1).tolist() == [0, 1, 0]
    assert found.volume is None
    assert not found.multi_label


@pytest.mark.parametrize("pool", ["cls", "token_mix"])
def test_every_pool_can_be_looked_at(tmp_path: Path, pool: str) -> None:
    result = taught(tmp_path, eyes.data(16), pool=pool)
    assert result.report.auroc.value > 0.8
    found = engine(tmp_path, result).classify(engine_input(eyes.scan_of((1,), 999))[0])
    assert found.probabilities[0, 1] > 0.5


def test_the_published_recipe_learns_the_same(tmp_path: Path) -> None:
    result = taught(tmp_path, eyes.data(16), "paper", epochs=60, warmup_epochs=2, lr=0.02, folds=2)
    assert result.report.auroc.value > 0.9
    events = list(EventLog(tmp_path / "run").events())
    epochs = [e["step"] for e in events if e["kind"] == "epoch" and e["lesson"] == "final"]
    assert epochs == list(range(1, 61))


def test_several_findings_may_hold_or_none(tmp_path: Path) -> None:
    result = taught(tmp_path, eyes.findings(32), strengths=(0.03,))
    report = result.report
    assert report.multi_label
    assert report.confusion == ()
    assert report.classes[0].auroc.value > 0.9
    found = engine(tmp_path, result).classify(engine_input(eyes.scan_of((0, 1), 77))[0])
    assert found.multi_label
    assert found.probabilities[1, 0] > found.probabilities[0, 0]
    assert not np.allclose(found.probabilities.sum(axis=1), 1, atol=1e-3)


@pytest.mark.parametrize(
    ("volume", "more"),
    [
        ("mean", {}),
        ("attention", {"epochs": 60, "warmup_epochs": 2, "lr": 0.01, "folds": 2}),
    ],
)
def test_volumes_are_told_from_their_b_scans(tmp_path: Path, volume: str, more: dict) -> None:
    result = taught(tmp_path, eyes.volumes(), volume=volume, **more)
    assert result.card.spec.classifier.volume is VolumePool(volume)
    assert result.report.auroc.value > 0.9
    found = engine(tmp_path, result).classify(engine_input(eyes.scan_of((0, 0, 1, 0, 0), 500))[0])
    assert found.volume.shape == (2,)
    assert found.volume[1] > 0.5
    assert found.weights.sum() == pytest.approx(1)
    if volume == "attention":
        assert found.weights.argmax() == 2
    healthy = engine(tmp_path, result).classify(engine_input(eyes.scan_of((0,) * 5, 501))[0])
    assert healthy.volume[0] > 0.5


def test_both_kinds_of_image_are_looked_at_where_the_base_knows_them(tmp_path: Path) -> None:
    result = taught(tmp_path, eyes.data(16, slo=True), slo=True)
    assert result.card.spec.classifier.domains == ("bscan", "slo")
    scan = eyes.scan_of((1,), 999, slo=True)
    found = engine(tmp_path, result).classify(engine_input(scan)[0])
    assert found.probabilities[0, 1] > 0.5


def test_the_slo_alone_can_be_looked_at(tmp_path: Path) -> None:
    result = taught(tmp_path, eyes.data(8, slo=True), slo=True, domains="slo")
    assert [d.name for d in result.card.spec.domains] == ["slo"]


def test_all_of_the_encoder_learns_if_asked(tmp_path: Path) -> None:
    _, base = eyes.base(tmp_path)
    config = eyes.quick("whole", epochs=3, warmup_epochs=1, lr=1e-3, batch=4)
    result = teach_classes(eyes.data(12), base, config, tmp_path / "run", device="cpu")
    assert result.report is not None
    before = load_native(base.folder).model.state_dict()
    after = load_native(result.folder / "model").model.state_dict()
    name = "encoder.1.mlp.fc1.weight"
    assert not torch.equal(before[name], after[f"model.{name}"])
    fixed = "input_adapters.bscan.pos_emb"
    assert torch.equal(before[fixed], after[f"model.{fixed}"])


def test_a_head_alone_leaves_the_encoder_to_the_last_bit(tmp_path: Path) -> None:
    _, base = eyes.base(tmp_path)
    result = teach_classes(eyes.data(8), base, eyes.quick(), tmp_path / "run", device="cpu")
    before = load_native(base.folder).model.state_dict()
    after = load_native(result.folder / "model").model.state_dict()
    assert all(torch.equal(value, after[f"model.{name}"]) for name, value in before.items())


@pytest.mark.parametrize(("name", "more"), [("paper", {}), ("whole", {"batch": 4})])
def test_a_cancelled_run_goes_on_to_the_same_result(tmp_path: Path, name: str, more: dict) -> None:
    _, base = eyes.base(tmp_path)
    config = eyes.quick(
        name, epochs=4, warmup_epochs=1, lr=1e-3, checkpoint_s=0.0, measure="none", **more
    )
    data = eyes.data(8)
    whole = teach_classes(data, base, config, tmp_path / "whole", device="cpu")
    told: list[dict] = []
    listeners = Listeners(
        on_event=told.append, cancelled=lambda: sum(e["kind"] == "epoch" for e in told) >= 2
    )
    folder = tmp_path / "cut"
    with pytest.raises(TeachCancelledError):
        teach_classes(data, base, config, folder, device="cpu", listeners=listeners)
    resumed = teach_classes(data, base, config, folder, device="cpu", resume=True)
    assert resumed.card.weights_sha256 == whole.card.weights_sha256
    steps = [e["step"] for e in EventLog(folder).events() if e["kind"] == "epoch"]
    assert steps == [1, 2, 3, 4]


def test_a_probe_that_was_cancelled_goes_on_too(tmp_path: Path) -> None:
    _, base = eyes.base(tmp_path)
    config = eyes.quick(cache_disk_bytes=10**8)
    asked = iter(range(10**6))
    with pytest.raises(TeachCancelledError):
        teach_classes(
            eyes.data(8),
            base,
            config,
            tmp_path / "run",
            device="cpu",
            listeners=Listeners(cancelled=lambda: next(asked) > 6),
        )
    assert list((tmp_path / "run" / "features").iterdir())
    result = teach_classes(eyes.data(8), base, config, tmp_path / "run", device="cpu", resume=True)
    assert result.report is not None
    assert not (tmp_path / "run" / "features").exists()


def test_stopping_early_keeps_a_model(tmp_path: Path) -> None:
    _, base = eyes.base(tmp_path)
    result = teach_classes(
        eyes.data(8),
        base,
        eyes.quick(),
        tmp_path / "run",
        device="cpu",
        listeners=Listeners(wish=lambda: Wish.STOP),
    )
    assert result.report is None
    assert any("as asked" in note for note in result.notes)


def test_a_run_says_its_progress_and_leaves_a_report(tmp_path: Path) -> None:
    _, base = eyes.base(tmp_path)
    told: list[float] = []
    result = teach_classes(
        eyes.data(12),
        base,
        eyes.quick(),
        tmp_path / "run",
        device="cpu",
        listeners=Listeners(report=told.append),
    )
    assert told == sorted(told)
    assert told[-1] == 1
    written = json.loads((tmp_path / "run" / "report.json").read_text())
    assert written == json.loads(json.dumps(result.report.as_fields()))
    rows = (tmp_path / "run" / "held_out.csv").read_text().splitlines()
    assert rows[0] == "sha256,truth,dark,bright"
    assert len(rows) == 13


def test_parts_of_a_folder_hold_and_val_says_when_to_stop(tmp_path: Path) -> None:
    parts = {"train": eyes.data(12), "val": eyes.data(4), "test": eyes.data(6)}
    examples = tuple(
        replace(e, part=part, patient=part + e.patient)
        for part, data in parts.items()
        for e in data.examples
    )
    data = ClassData(examples, eyes.LABELS)
    result = taught(
        tmp_path, data, "paper", epochs=40, warmup_epochs=1, lr=0.02, patience=3, patience_from=2
    )
    assert result.report.n == 6
    events = list(EventLog(tmp_path / "run").events())
    assert len([e for e in events if e["kind"] == "check"]) < 40


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (ClassData((), eyes.LABELS), "nothing labelled"),
        (eyes.data(4, per_patient=4), "All there is to learn from is labelled 'dark'"),
        (
            ClassData(
                (Example(eyes.scan_of((0,), 1), (0,), (), "P"),), ("a", "b"), multi_label=True
            ),
            "No label holds for some",
        ),
    ],
)
def test_what_cannot_be_learnt_is_refused(tmp_path: Path, data: ClassData, said: str) -> None:
    with pytest.raises(TeachError, match=said):
        taught(tmp_path, data)
    assert not (tmp_path / "run").exists()


def test_one_patient_is_taught_and_nothing_is_claimed(tmp_path: Path) -> None:
    data = eyes.data(8)
    alone = tuple(replace(e, patient="P") for e in data.examples)
    result = taught(tmp_path, replace(data, examples=alone))
    assert result.report is None
    assert any("too few patients" in note for note in result.notes)
    assert any("one patient" in note for note in result.notes)


def test_a_patient_who_alone_has_a_class_is_never_held_back(tmp_path: Path) -> None:
    data = eyes.data(14, kinds=3)
    # P0, P3, P6 are of kind 0, P1 and P4 of kind 1; of kind 2 P5 goes.
    kept = tuple(e for e in data.examples if e.patient != "P5")
    result = taught(tmp_path, replace(data, examples=kept))
    assert any("never held back" in note for note in result.notes)
    assert result.report.classes[2].n == 0
    assert result.report.classes[2].auroc.value is None
    assert result.card.metrics["holed AUROC"] is None


def test_a_class_that_nothing_has_is_said_and_never_told(tmp_path: Path) -> None:
    data = eyes.data(12)
    result = taught(tmp_path, replace(data, labels=(*eyes.LABELS, "absent")))
    assert any("absent: nothing is labelled so" in note for note in result.notes)
    found = engine(tmp_path, result).classify(engine_input(eyes.scan_of((0, 1), 9))[0])
    assert (found.probabilities[:, 2] < 0.05).all()


def test_pictures_that_contradict_each_other_are_said(tmp_path: Path) -> None:
    data = eyes.data(8)
    first = data.examples[0]
    same = replace(first, classes=(1,), patient="P99")
    result = taught(tmp_path, replace(data, examples=(*data.examples, same)))
    assert any("labelled in several ways" in note for note in result.notes)
    assert any("under several names" in note for note in result.notes)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"domains": "slo"}, "does not look at SLO"),
        ({"size": 50}, "patches of 16 px"),
    ],
)
def test_what_the_base_cannot_do_is_said(tmp_path: Path, more: dict, said: str) -> None:
    with pytest.raises(TeachError, match=said):
        taught(tmp_path, eyes.data(4), **more)


def test_scans_without_an_slo_are_refused_where_it_is_needed(tmp_path: Path) -> None:
    with pytest.raises(TeachError, match="8 of 8 labelled scans have no SLO"):
        taught(tmp_path, eyes.data(8), slo=True, domains="both")


def test_a_run_goes_on_only_with_what_it_was_begun_with(tmp_path: Path) -> None:
    _, base = eyes.base(tmp_path)
    run = tmp_path / "run"
    teach_classes(eyes.data(8), base, eyes.quick(), run, device="cpu")
    with pytest.raises(TeachError, match="holds a training already"):
        teach_classes(eyes.data(8), base, eyes.quick(), run, device="cpu")
    with pytest.raises(TeachError, match=r"other settings \(pool\).*other labels"):
        teach_classes(eyes.data(12), base, eyes.quick(pool="cls"), run, device="cpu", resume=True)
    with pytest.raises(TeachError, match="no training"):
        teach_classes(
            eyes.data(8), base, eyes.quick(), tmp_path / "none", device="cpu", resume=True
        )
