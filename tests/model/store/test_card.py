"""Cards: what is written reads back, newer ones are named as such, nothing personal fits in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from mirage_core.model.spec import HeadSpec, mirage_spec
from mirage_core.model.store.card import (
    CARD_FORMAT,
    MAX_CARD_BYTES,
    HubOrigin,
    ModelCard,
    Origin,
    TrainingPart,
    TrainingSummary,
    parse_card,
    read_card,
    slug,
)
from mirage_core.model.store.errors import ModelStoreError
from mirage_core.model.store.known_schemes import AROI
from mirage_core.model.store.terms import PUBLISHED, UNKNOWN
from tests.model.store.models import card

HASH = "ab" * 32


def full_card() -> ModelCard:
    return card(
        weights_sha256=HASH,
        weights_bytes=123,
        parent_sha256="cd" * 32,
        terms=PUBLISHED.model_copy(update={"stated": "cc-by-4.0", "text": "Licence"}),
        origin=Origin(
            kind="hub",
            format="hub",
            sha256=HASH,
            hub=HubOrigin(repo="o/n", revision="main", file="f", endpoint="https://hub"),
        ),
        training=TrainingSummary(
            split={"train": TrainingPart(scans=2, b_scans=9, patients=(HASH,))},
            settings={"epochs": 3, "recipe": "quick"},
            seconds=2.5,
        ),
        metrics={"dice": 0.9, "hd95": None},
    )


def changed(**fields: object) -> bytes:
    return json.dumps({**json.loads(full_card().as_json()), **fields}).encode()


def test_a_card_reads_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    path.write_bytes(full_card().as_json())
    assert read_card(path) == full_card().model_copy(update={"created": read_card(path).created})
    assert read_card(path).fine_tuned
    assert not card().fine_tuned


def test_a_card_of_a_newer_program_says_so(tmp_path: Path) -> None:
    with pytest.raises(ModelStoreError, match="newer version") as refused:
        parse_card(changed(format_version=CARD_FORMAT + 1, spec="something new"), tmp_path)
    assert "Update the program" in refused.value.hint


def test_what_a_newer_program_added_is_left_out() -> None:
    read = parse_card(changed(mood="good"), Path("card.json"))
    assert read.title == full_card().title
    assert not hasattr(read, "mood")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no card in JSON"),
        (b"[]", "no card in JSON"),
        (b"{}", "no card in JSON"),
        (b'{"format_version": 1}', "'id'"),
        (changed(weights_sha256="not a hash"), "'weights_sha256'"),
        (changed(spec={"dim": "many"}), "'spec."),
        (changed(id="../../elsewhere"), "'id'"),
        (changed(metrics={"dice": "NaN"}), "'metrics.dice'"),
        (b" " * (MAX_CARD_BYTES + 1), "too large"),
    ],
)
def test_a_damaged_card_is_refused_by_what_is_wrong(content: bytes, words: str) -> None:
    with pytest.raises(ModelStoreError) as refused:
        parse_card(content, Path("card.json"))
    assert words in refused.value.what


def test_a_card_names_as_many_classes_as_its_model_has() -> None:
    with pytest.raises(ModelStoreError, match="other labels than the model's"):
        parse_card(changed(class_labels=["normal"]), Path("card.json"))
    with pytest.raises(ModelStoreError, match="other classes than the model's"):
        parse_card(changed(scheme=AROI.model_dump()), Path("card.json"))
    head = HeadSpec(n_classes=AROI.n_classes)
    aroi = card(spec=mirage_spec("tiny", head=head), class_labels=(), scheme=AROI)
    assert parse_card(aroi.as_json(), Path("card.json")).scheme == AROI


@pytest.mark.parametrize(
    "wrong", [{"heads": 5}, {"heads": 0}, {"dim": 10**7 + 1}, {"depth": 10**6}]
)
def test_a_card_describes_a_model_that_can_be_built(wrong: dict[str, int]) -> None:
    spec = full_card().spec.model_dump() | wrong
    with pytest.raises(ModelStoreError, match=r"attention heads|number of blocks"):
        parse_card(changed(spec=spec), Path("card.json"))


def test_names_of_patients_do_not_pass_for_hashes() -> None:
    with pytest.raises(ValidationError):
        TrainingPart(patients=("Smith, P.",))


@pytest.mark.parametrize(
    ("title", "id"),
    [
        ("MIRAGE Base", "mirage-base"),
        ("Ärzte & Co. (2)", "arzte-co-2"),
        ("../../etc", "etc"),
        ("日本", "model"),
        ("CON", "model-con"),
        ("x" * 300, "x" * 56),
        ("--", "model"),
    ],
)
def test_a_title_becomes_a_name_fit_for_a_folder(title: str, id: str) -> None:
    assert slug(title) == id
    assert card(id=slug(title)).id == id


def test_unknown_terms_say_whom_to_ask() -> None:
    assert "ask whoever gave you the file" in UNKNOWN.shown
    assert card().terms is UNKNOWN


def test_the_published_terms_name_both_licences_and_the_stricter_rules() -> None:
    assert "CC BY-NC-ND 4.0" in PUBLISHED.summary
    assert "CC BY 4.0" in PUBLISHED.summary
    assert "stricter" in PUBLISHED.title
    assert "fine-tuned weights stay local" in PUBLISHED.notice
