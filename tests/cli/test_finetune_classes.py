"""`mirage finetune-classes` teaches, resumes and refuses; `classify` then shows what was learnt."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mirage_core.model.store.store import ModelStore
from mirage_core.project import LabelSet, Project
from tests.cli.running import Ran, mirage
from tests.training.classify import eyes


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a class folder; the program's store holds a tiny base model."""
    monkeypatch.setenv("MIRAGE_DATA_DIR", str(tmp_path / "program"))
    _, base = eyes.base(tmp_path / "made")
    ModelStore().add(base.card, base.weights)
    counts = {"train": {"dark": 6, "bright": 6}, "test": {"dark": 4, "bright": 4}}
    return eyes.write_folder(tmp_path / "set", counts)


def taught(data: Path, out: Path, *more: object) -> Ran:
    return mirage("finetune-classes", data, "-o", out, "--base", "base", "--device", "cpu", *more)


def test_a_class_folder_is_taught_measured_and_told(folder: Path, tmp_path: Path) -> None:
    ran = taught(folder, tmp_path / "run", "--title", "Squares")
    assert ran.code == 0, ran.err
    assert "truth \\ answer" in ran.out
    assert "On 8 examples of 4 patients held back" in ran.out
    assert "The model 'Squares' is as 'squares'." in ran.out
    picture = tmp_path / "new.png"
    Image.fromarray(eyes.picture(1, 999)).save(picture)
    heat = tmp_path / "heat.npz"
    told = mirage("classify", picture, "--model", "squares", "--json", "--attribution", heat).json
    assert told["labels"] == ["bright", "dark"]
    assert told["probabilities"][0][0] > 0.5
    with np.load(heat) as stored:
        assert stored["heat"].shape == (1, eyes.HEIGHT, eyes.WIDTH)
        assert str(stored["label"]) == "bright"
    assert mirage("classify", picture, "--model", "squares", "--attribution", heat).code == 2
    held_out = mirage("evaluate", tmp_path / "run" / "held_out.csv", "--json")
    assert held_out.json["images"] == 8
    assert held_out.json["balanced_accuracy"] > 0.5


def test_json_is_one_event_a_line(folder: Path, tmp_path: Path) -> None:
    ran = taught(folder, tmp_path / "run", "--json", "--no-store")
    events = [json.loads(line) for line in ran.out.splitlines()]
    assert events[0]["kind"] == "plan"
    assert events[-1]["kind"] == "done"
    assert events[-1]["report"]["n"] == 8
    assert ran.err == ""
    assert [m.card.id for m in ModelStore().models()] == ["base"]
    again = taught(folder, tmp_path / "run", "--resume", "--json", "--no-store")
    assert json.loads(again.out.splitlines()[-1])["report"] == events[-1]["report"]


def test_a_projects_labels_are_taught(folder: Path, tmp_path: Path) -> None:
    with Project.create(tmp_path / "study") as project:
        project.labels.set_label_set(LabelSet(("dark", "bright")), "ada")
        for i in range(6):
            scan = eyes.scan_of((0, 1), i)
            record = project.import_pixels(project.add_scan(scan), scan)
            for b in range(2):
                project.labels.set(record.id, [eyes.LABELS[b]], "ada", b_scan=b)
            project.labels.set(record.id, [eyes.LABELS[i % 2]], "ada")
    ran = taught(tmp_path / "study", tmp_path / "run", "--json")
    assert ran.code == 0, ran.err
    plan = json.loads(ran.out.splitlines()[0])
    assert (plan["examples"], plan["volume"]) == (12, "none")
    ran = taught(tmp_path / "study", tmp_path / "whole", "--level", "scan", "--json")
    plan = json.loads(ran.out.splitlines()[0])
    assert (plan["examples"], plan["volume"]) == (6, "mean")
    none = taught(tmp_path / "study", tmp_path / "none", "--grader", "bob")
    assert none.code == 2
    assert "nothing labelled" in none.err


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--preset", "best"), "no preset 'best'"),
        (("--pool", "max"), "pool"),
        (("--base", "other"), "no model 'other'"),
        (("--config", "none.json"), "cannot be read"),
        (("--resume",), "no training in"),
        (("--grader", "ada"), "choose from a project"),
        (("--domains", "slo"), "does not look at SLO"),
        (("--size", "100"), "patches of 16 px"),
        (("--device", "cuda:7"), "device"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(
    more: tuple[str, ...], said: str, folder: Path, tmp_path: Path
) -> None:
    ran = taught(folder, tmp_path / "run", *more)
    assert ran.code == 2
    assert said in ran.err
    assert ran.err.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_what_is_neither_project_nor_class_folder_is_refused(tmp_path: Path) -> None:
    ran = mirage("finetune-classes", tmp_path, "-o", tmp_path / "run")
    assert ran.code == 2
    assert "no project and no class folder" in ran.err


def test_a_folder_of_label_maps_is_sent_to_the_command_for_them(tmp_path: Path) -> None:
    (tmp_path / "train" / "bscan").mkdir(parents=True)
    (tmp_path / "INFO.json").write_text("{}")
    ran = mirage("finetune-classes", tmp_path, "-o", tmp_path / "run")
    assert ran.code == 2
    assert "Use `mirage finetune`" in ran.err
