"""Samples come from folders or simulated eyes, registered, checked, in any subset of domains."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from mirage_core.io.errors import ReadError
from mirage_core.model.spec import DOMAINS as SPECS
from mirage_core.simulate import EyeParameters, simulate_eye
from mirage_core.training.pretrain.data import ArrayTriples, FolderTriples
from mirage_core.training.pretrain.errors import PretrainError
from mirage_core.training.pretrain.samples import Failure, Samples, bring_together
from mirage_core.training.pretrain.simulated import region_map, simulated_triples, triple
from tests.training.pretrain.runs import DOMAINS, layered, small_config, write_folder


def test_a_folder_gives_back_the_pixels_that_were_put_there(tmp_path: Path) -> None:
    samples = layered(3)
    triples = FolderTriples(write_folder(tmp_path, samples), SPECS)
    assert len(triples) == 3
    assert triples.present().all()
    for i, sample in enumerate(samples):
        loaded = triples.load(i)
        assert loaded.keys() == sample.keys()
        for name in sample:
            np.testing.assert_array_equal(loaded[name], sample[name])


def test_a_sample_may_lack_domains(tmp_path: Path) -> None:
    samples = layered(3)
    del samples[0]["slo"], samples[1]["bscan"], samples[1]["slo"]
    triples = FolderTriples(write_folder(tmp_path, samples), SPECS)
    assert triples.present().tolist() == [[1, 0, 1], [0, 0, 1], [1, 1, 1]]
    assert list(triples.load(1)) == ["bscanlayermap"]


def test_a_png_with_a_palette_holds_classes_not_colours(tmp_path: Path) -> None:
    labels = layered(1)[0]["bscanlayermap"]
    (tmp_path / "bscanlayermap").mkdir()
    image = Image.new("P", labels.shape[::-1])
    image.putdata(labels.ravel().tolist())
    image.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255])
    image.save(tmp_path / "bscanlayermap" / "a.png")
    np.testing.assert_array_equal(FolderTriples(tmp_path, SPECS).load(0)["bscanlayermap"], labels)


@pytest.mark.parametrize(
    ("domain", "content", "said"),
    [
        ("bscan", np.zeros((8, 8), np.uint16), "not 8-bit grey"),
        ("bscan", np.zeros((8, 8), np.float32), "not 8-bit grey"),
        ("bscanlayermap", np.full((8, 8), 13, np.uint8), "class 13; there are classes 0 to 12"),
        ("bscanlayermap", np.full((8, 8), -1, np.int16), "class -1"),
        ("bscanlayermap", np.zeros((8, 8), np.float32), "not class numbers"),
        ("slo", np.zeros((2, 3, 4, 5), np.uint8), "damaged or not what it says"),
    ],
)
def test_what_the_model_never_saw_is_refused_and_not_scaled(
    domain: str, content: np.ndarray, said: str, tmp_path: Path
) -> None:
    (tmp_path / domain).mkdir()
    np.save(tmp_path / domain / "doe_john.npy", content)
    with pytest.raises(ReadError, match=said) as raised:
        FolderTriples(tmp_path, SPECS).load(0)
    assert "doe" not in str(raised.value)
    assert raised.value.path.name == "doe_john.npy"


def test_a_folder_without_samples_or_with_doubles_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PretrainError, match="no samples"):
        FolderTriples(tmp_path, SPECS)
    root = write_folder(tmp_path, layered(1))
    np.save(root / "slo" / "eye_000.npy", np.zeros((8, 8), np.uint8))
    with pytest.raises(PretrainError, match="both as PNG and as NPY"):
        FolderTriples(root, SPECS)


def test_the_fingerprint_changes_with_the_samples_and_holds_no_name(tmp_path: Path) -> None:
    samples = layered(2)
    root = write_folder(tmp_path, samples)
    before = FolderTriples(root, SPECS).fingerprint()
    assert before == FolderTriples(root, SPECS).fingerprint()
    assert "eye" not in before
    (root / "slo" / "eye_001.png").unlink()
    assert FolderTriples(root, SPECS).fingerprint() != before
    assert ArrayTriples(samples, DOMAINS).fingerprint() != (
        ArrayTriples(samples[::-1], DOMAINS).fingerprint()
    )


def test_inputs_are_grey_over_255_and_classes_at_the_model_s_sizes() -> None:
    config = small_config()
    sample = layered(1, px=64)[0]
    made = Samples(ArrayTriples([sample], DOMAINS), config.domain_specs())[0]
    assert isinstance(made, dict)
    torch.testing.assert_close(made["bscan"][0] * 255, torch.from_numpy(sample["bscan"]).float())
    assert made["bscanlayermap"].shape == (16, 16)
    assert made["bscanlayermap"].dtype == torch.int64
    np.testing.assert_array_equal(made["bscanlayermap"], sample["bscanlayermap"][2::4, 2::4])


def test_other_sizes_are_resized_and_missing_domains_are_zeros() -> None:
    config = small_config()
    sample = {"bscan": np.full((48, 100), 51, np.uint8)}
    made = Samples(ArrayTriples([sample], DOMAINS), config.domain_specs())[0]
    assert isinstance(made, dict)
    assert [tuple(x.shape) for x in made.values()] == [(1, 64, 64), (1, 64, 64), (16, 16)]
    torch.testing.assert_close(made["bscan"], torch.full((1, 64, 64), 0.2))
    assert not made["slo"].any()
    assert not made["bscanlayermap"].any()


def test_samples_reach_reading_processes_whole(tmp_path: Path) -> None:
    specs = small_config().domain_specs()
    samples = Samples(FolderTriples(write_folder(tmp_path, layered(2)), specs), specs)
    here, there = samples[1], pickle.loads(pickle.dumps(samples))[1]
    assert all(torch.equal(here[name], there[name]) for name in DOMAINS)


def test_a_file_that_cannot_be_read_reaches_the_loop_with_its_path(tmp_path: Path) -> None:
    root = write_folder(tmp_path, layered(2))
    (root / "slo" / "eye_001.png").write_bytes(b"\x89PNG")
    config = small_config()
    samples = Samples(FolderTriples(root, config.domain_specs()), config.domain_specs())
    batch = bring_together([samples[0], samples[1]])
    assert isinstance(batch, Failure)
    assert batch.error.path.name == "eye_001.png"


def test_regions_between_twelve_surfaces_are_thirteen_classes() -> None:
    curves = np.arange(2, 26, 2, dtype=np.float32)[:, None].repeat(3, axis=1)
    curves[:, 2] = np.nan
    labels = region_map(curves, 30)
    assert labels[:, 0].tolist() == [0, 0, *np.repeat(np.arange(1, 12), 2), *[12] * 6]
    assert not labels[:, 2].any()


def test_a_simulated_triple_is_registered() -> None:
    parameters = EyeParameters(shape=(5, 128, 128), slo_px=256, padding_fraction=0.0)
    eye = simulate_eye(parameters, seed=2)
    sample = triple(eye, 1)
    assert sample["bscan"].shape == sample["bscanlayermap"].shape == (128, 128)
    assert set(np.unique(sample["bscanlayermap"])) == set(range(13))
    ilm = eye.surfaces["ILM"][1]
    np.testing.assert_array_equal((sample["bscanlayermap"] == 0).sum(axis=0), np.rint(ilm))
    line = eye.scan.geometry.positions[1]
    slo = eye.scan.slo
    side = len(sample["slo"])
    assert sample["slo"].shape == (side, side)
    assert abs(side - (line.end[1] - line.start[1])) < 2
    top, left = round(line.start[0] - side / 2), round(line.start[1])
    near = [
        np.array_equal(sample["slo"], slo[top + dy : top + dy + side, left + dx : left + dx + side])
        for dy in (-1, 0, 1)
        for dx in (-1, 0, 1)
    ]
    assert any(near)


def test_simulated_samples_are_the_same_for_a_seed_and_differ_between_eyes() -> None:
    first, again = (simulated_triples(2, DOMAINS, px=96, b_scans=2, seed=1) for _ in range(2))
    assert len(first) == 4
    assert first.fingerprint() == again.fingerprint()
    assert not np.array_equal(first.load(0)["bscanlayermap"], first.load(2)["bscanlayermap"])
