"""Consent holds for the words that were shown, and is asked anew when they change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mirage_core.model.store.consent import Consents
from mirage_core.model.store.terms import PUBLISHED, Terms

OTHER = Terms(id="hub:o/n", title="mit", summary="Theirs.", notice="Theirs.")


@pytest.fixture
def consents(tmp_path: Path) -> Consents:
    return Consents(tmp_path / "data" / "consents.json")


def test_nothing_was_agreed_to_before_someone_did(consents: Consents) -> None:
    assert consents.find(PUBLISHED) is None
    assert not consents.path.exists()


def test_an_agreement_is_kept_with_its_time_and_the_checksum_of_the_text(
    consents: Consents,
) -> None:
    given = consents.record(PUBLISHED)
    assert Consents(consents.path).find(PUBLISHED) == given
    assert given.text_sha256 == PUBLISHED.text_sha256
    assert datetime.now(UTC) - given.given < timedelta(minutes=1)
    assert consents.find(OTHER) is None


@pytest.mark.parametrize("part", ["text", "stated", "summary", "notice"])
def test_it_is_asked_anew_when_any_word_changes(part: str, consents: Consents) -> None:
    consents.record(PUBLISHED)
    changed = PUBLISHED.model_copy(update={part: "Other words."})
    assert consents.find(changed) is None
    consents.record(changed)
    assert consents.find(changed) is not None
    assert consents.find(PUBLISHED) is not None


def test_agreements_add_up(consents: Consents) -> None:
    consents.record(PUBLISHED)
    consents.record(OTHER)
    assert [c.terms_id for c in consents.all()] == [PUBLISHED.id, OTHER.id]


@pytest.mark.parametrize("content", ["", "[1]", '{"consents": [{"terms_id": 3}]}', "[" * 100_000])
def test_a_damaged_record_is_kept_aside_and_the_question_put_again(
    content: str, consents: Consents
) -> None:
    consents.path.parent.mkdir()
    consents.path.write_text(content)
    assert consents.find(PUBLISHED) is None
    consents.record(PUBLISHED)
    assert consents.find(PUBLISHED) is not None
    assert (consents.path.parent / "consents.damaged.json").read_text() == content
