"""`mirage segment` writes what it promises, or says in one sentence why not."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mirage_core import RESEARCH_USE_ONLY
from mirage_core.engines import EngineInput, Prediction
from mirage_core.io.export_result import read_result
from mirage_core.model.spec import HeadKind, HeadSpec, Normalisation, mirage_spec
from mirage_core.places import models_dir
from mirage_core.scan import FLUID_SCHEME, State
from tests.cli.running import FlatEngine, mirage, save_volume
from tests.engines.mirage import models
from tests.shared_data import shared_data

SEGMENTATION = Normalisation.SEGMENTATION


@pytest.fixture
def flat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "mirage_core.cli.segment_task.make_engine", lambda _name, _options: FlatEngine()
    )


def entries(folder: Path) -> set[str]:
    return {p.name for p in folder.iterdir()}


def sentence_of(text: str) -> str:
    """Return the one line that was said; more would be a traceback."""
    lines = text.strip().splitlines()
    assert len(lines) == 1, text
    assert "Traceback" not in text
    return lines[0]


@pytest.mark.usefixtures("flat")
def test_a_result_folder_holds_the_documented_arrays(tmp_path: Path) -> None:
    scan = save_volume(tmp_path / "eye one.npz")
    ran = mirage("segment", scan, "-o", tmp_path / "out")
    assert ran.code == 0
    folder = tmp_path / "out" / "eye one"
    assert str(folder) in ran.out
    assert entries(folder) == {"surfaces.npz", "masks.npz", "result.json"}
    with np.load(folder / "surfaces.npz", allow_pickle=False) as file:
        assert file["surfaces"].dtype == np.float32
        assert file["surfaces"].shape == (2, 3, 24)
        assert file["names"].tolist() == ["ILM", "BM"]
        assert (file["surfaces"][0] == 10).all()
        assert np.isnan(file["surfaces"][1, :, -2:]).all()
        assert file["confidence"].shape == (2, 3, 24)
    with np.load(folder / "masks.npz", allow_pickle=False) as file:
        assert file["masks"].dtype == np.uint8
        assert file["masks"].shape == (3, 40, 24)
        assert file["classes"][file["masks"][0, 20, 0]] == "FLUID"
        assert file["classes"].tolist() == ["background", *(c.name for c in FLUID_SCHEME)]
        assert file["class_values"].tolist() == [0, *(c.value for c in FLUID_SCHEME)]
    info = json.loads((folder / "result.json").read_text())
    assert info["engine"]["name"] == "graph"
    assert info["engine"]["version"] == "7"
    assert info["input"]["sha256"] == hashlib.sha256(scan.read_bytes()).hexdigest()
    assert info["input"]["spacing"]["z"] == {"mm": 0.004, "source": "file"}
    assert info["timings"]["segment_s"] >= 0
    assert info["note"] == RESEARCH_USE_ONLY
    assert info["remarks"] == []


@pytest.mark.usefixtures("flat")
def test_a_result_reads_back(tmp_path: Path) -> None:
    mirage("segment", save_volume(tmp_path / "eye.npz"), "-o", tmp_path)
    result = read_result(tmp_path / "eye")
    assert result.surfaces.names == ("ILM", "BM")
    assert result.masks.labels[1, 20, 2] == 6
    assert (result.states == State.PREDICTED).all()


@pytest.mark.usefixtures("flat")
def test_json_is_the_result(tmp_path: Path) -> None:
    ran = mirage("segment", save_volume(tmp_path / "eye.npz"), "-o", tmp_path, "--json")
    assert ran.json["result"] == str(tmp_path / "eye")
    assert ran.json["engine"]["name"] == "graph"
    assert ran.err == ""


@pytest.mark.usefixtures("flat")
def test_spacing_given_by_the_user_is_recorded_as_such(tmp_path: Path) -> None:
    scan = save_volume(tmp_path / "eye.npz")
    ran = mirage("segment", scan, "-o", tmp_path, "--spacing", "0.2,,0.01", "--json")
    assert ran.json["input"]["spacing"] == {
        "b": {"mm": 0.2, "source": "user"},
        "z": {"mm": 0.004, "source": "file"},
        "x": {"mm": 0.01, "source": "user"},
    }


@pytest.mark.usefixtures("flat")
def test_unknown_spacing_is_remarked_and_no_obstacle(tmp_path: Path) -> None:
    np.savez(tmp_path / "eye.npz", volume=np.zeros((2, 30, 20), np.uint8))
    ran = mirage("segment", tmp_path / "eye.npz", "-o", tmp_path)
    assert ran.code == 0
    assert "--spacing" in sentence_of(ran.err)


@pytest.mark.parametrize(
    "text", ["1,2", "a,b,c", "0,1,1", "-1,1,1", "1,1,nan", "inf,1,1", "120,3.9,11"]
)
def test_a_spacing_that_is_none_is_refused(text: str, tmp_path: Path) -> None:
    scan = save_volume(tmp_path / "eye.npz")
    ran = mirage("segment", scan, "-o", tmp_path / "out", f"--spacing={text}")
    assert ran.code == 2
    assert "is no spacing" in sentence_of(ran.err)
    assert not (tmp_path / "out").exists()


def test_an_unknown_engine_is_answered_with_the_nearest(tmp_path: Path) -> None:
    ran = mirage("segment", save_volume(tmp_path / "a.npz"), "-o", tmp_path, "--engine", "grph")
    assert ran.code == 2
    assert "Did you mean 'graph'" in sentence_of(ran.err)


def test_a_model_that_cannot_be_the_engine_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIRAGE_DATA_DIR", str(tmp_path / "data"))
    scan = save_volume(tmp_path / "a.npz")

    def refused(engine: str) -> str:
        ran = mirage("segment", scan, "-o", tmp_path / "out", "--engine", engine)
        assert ran.code == 2
        assert not (tmp_path / "out").exists()
        return sentence_of(ran.err)

    head = HeadSpec(kind=HeadKind.LINEAR, n_classes=4)
    models.put(
        models_dir(), "nameless", mirage_spec("tiny", (models.BSCAN,), head=head), SEGMENTATION
    )
    assert "Nobody has said what the classes" in refused("nameless")
    assert "INFO.json" in refused("nameless")
    models.classifying(models_dir())
    assert "There are: graph." in refused("tells")
    (models_dir() / "tells" / "card.json").write_text('{"format_version": 99}')
    assert "newer version of this program" in refused("tells")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.vol", b"", "empty (0 bytes)"),
        ("text.vol", b"Dear colleague, here is the scan.\n" * 200, "text"),
        ("cut.npz", b"PK\x03\x04 cut short", "npz"),
    ],
)
def test_bad_files_give_one_sentence_and_code_2(
    name: str, content: bytes, words: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    ran = mirage("segment", tmp_path / name, "-o", tmp_path / "out")
    assert ran.code == 2
    assert words in sentence_of(ran.err)
    assert ran.out == ""
    assert not (tmp_path / "out").exists()
    as_json = mirage("segment", tmp_path / name, "-o", tmp_path / "out", "--json")
    assert as_json.code == 2
    assert set(as_json.json["error"]) == {"what", "hint", "path"}


def test_a_missing_path_is_named(tmp_path: Path) -> None:
    ran = mirage("segment", tmp_path / "gone.vol", "-o", tmp_path / "out")
    assert ran.code == 2
    assert "There is nothing at" in sentence_of(ran.err)


@pytest.mark.usefixtures("flat")
def test_an_output_that_cannot_be_written_is_named_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_args: object) -> None:
        raise AssertionError("the engine must not run")

    monkeypatch.setattr(FlatEngine, "segment", never)
    (tmp_path / "file").write_text("")
    scan = save_volume(tmp_path / "eye.npz")
    ran = mirage("segment", scan, "-o", tmp_path / "file" / "out")
    assert ran.code == 2
    sentence_of(ran.err)


@pytest.mark.usefixtures("flat")
def test_the_same_scan_again_replaces_its_result_another_does_not(tmp_path: Path) -> None:
    first = save_volume(tmp_path / "a" / "eye.npz", seed=1)
    other = save_volume(tmp_path / "b" / "eye.npz", seed=2)
    out = tmp_path / "out"
    assert mirage("segment", first, "-o", out).code == 0
    assert mirage("segment", first, "-o", out).code == 0
    kept = (out / "eye" / "result.json").read_text()
    ran = mirage("segment", other, "-o", out)
    assert ran.code == 2
    assert "result of another scan" in sentence_of(ran.err)
    assert (out / "eye" / "result.json").read_text() == kept
    assert mirage("segment", other, "-o", out, "--overwrite").code == 0
    assert (out / "eye" / "result.json").read_text() != kept


@pytest.mark.usefixtures("flat")
def test_a_folder_of_the_user_is_left_alone(tmp_path: Path) -> None:
    scan = save_volume(tmp_path / "eye.npz")
    (tmp_path / "out" / "eye").mkdir(parents=True)
    (tmp_path / "out" / "eye" / "notes.txt").write_text("mine")
    ran = mirage("segment", scan, "-o", tmp_path / "out", "--overwrite")
    assert ran.code == 2
    assert "holds other files" in sentence_of(ran.err)
    assert entries(tmp_path / "out" / "eye") == {"notes.txt"}


@pytest.mark.usefixtures("flat")
@pytest.mark.parametrize(
    ("failure", "code", "words"),
    [(KeyboardInterrupt(), 130, "Stopped"), (ZeroDivisionError("P. Smith"), 1, "unexpected")],
)
def test_whatever_happens_in_the_engine_nothing_half_done_stays(
    failure: BaseException, code: int, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_engine: FlatEngine, _source: EngineInput, *_rest: object) -> Prediction:
        raise failure

    monkeypatch.setattr(FlatEngine, "segment", fail)
    ran = mirage("segment", save_volume(tmp_path / "eye.npz"), "-o", tmp_path / "out")
    assert ran.code == code
    assert words in sentence_of(ran.err)
    assert "Smith" not in ran.err
    assert entries(tmp_path) == {"eye.npz"}


@pytest.mark.usefixtures("flat")
def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    ran = mirage("segment", tmp_path / "gone", "-o", tmp_path, "--debug")
    assert ran.code == 2
    assert "Traceback" in ran.err


def test_a_real_volume_works_from_a_shell(tmp_path: Path) -> None:
    source = shared_data("spectralis_vol/line.vol")
    done = run_in_shell("segment", source, "-o", tmp_path, "--engine", "graph", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["input"]["shape"] == [1, 496, 768]
    with np.load(tmp_path / "line" / "surfaces.npz") as file:
        names = file["names"].tolist()
        assert np.isfinite(file["surfaces"][names.index("ILM")]).mean() > 0.9
        assert np.isfinite(file["surfaces"][names.index("BM")]).mean() > 0.9
    for path in (tmp_path / "line").iterdir():
        assert b"TEST-PATIENT" not in path.read_bytes()


@pytest.mark.parametrize("name", ["empty.vol", "truncated.vol"])
def test_real_bad_files_fail_in_a_shell_with_one_sentence(name: str, tmp_path: Path) -> None:
    done = run_in_shell("segment", shared_data(f"spectralis_vol/{name}"), "-o", tmp_path / "out")
    assert done.returncode == 2
    assert done.stdout == ""
    assert name in sentence_of(done.stderr)
    assert not (tmp_path / "out").exists()


def run_in_shell(*args: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mirage_core.cli", *map(str, args)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "200"},
    )
