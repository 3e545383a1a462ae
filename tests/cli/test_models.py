"""`mirage models`: what is here, how it comes, what is said before, and how it goes."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mirage_core.model.build import build_model
from mirage_core.model.checkpoints.loading import load_model
from mirage_core.model.checkpoints.writing import save_published
from mirage_core.model.spec import BSCAN, HeadKind, HeadSpec, mirage_spec
from mirage_core.model.store.card import WEIGHTS_FILE, TrainingPart, TrainingSummary
from mirage_core.model.store.consent import Consents
from mirage_core.model.store.store import ModelStore
from mirage_core.model.store.terms import PUBLISHED
from tests.cli.running import Ran, mirage
from tests.model.store.hub_fixture import LICENCE, REPO
from tests.model.store.hub_fixture import hub as hub
from tests.model.store.hub_server import Hub
from tests.model.store.models import card, encoder_weights, sha256, write_weights
from tests.training.finetune import lessons


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of the test's own."""
    monkeypatch.setenv("MIRAGE_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def stored(tmp_path: Path) -> ModelStore:
    """A store with one model."""
    store = ModelStore()
    training = TrainingSummary(
        split={"train": TrainingPart(scans=2, b_scans=9, patients=("ab" * 32,))}
    )
    model = card(terms=PUBLISHED, metrics={"auroc": 0.9471, "f1": None}, training=training)
    store.add(model, write_weights(tmp_path / "w"))
    return store


@pytest.fixture
def in_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Imports run here instead of in a worker process, which takes seconds to start."""
    monkeypatch.setattr("mirage_core.jobs.LocalExecutor", ThreadPoolExecutor)


def answering(monkeypatch: pytest.MonkeyPatch, answer: bool) -> list[str]:
    """Have someone sit at the terminal who answers every question so; return the questions."""
    asked: list[str] = []

    def confirm(question: str) -> bool:
        asked.append(question)
        return answer

    for module in ("models", "models_get"):
        monkeypatch.setattr(f"mirage_core.cli.{module}.is_terminal", lambda: True)
        monkeypatch.setattr(f"mirage_core.cli.{module}.ask", confirm)
    return asked


def error_of(ran: Ran) -> str:
    assert ran.code == 2
    assert "Traceback" not in ran.err
    return ran.err.strip().splitlines()[-1]


def test_without_models_the_way_to_one_is_told() -> None:
    ran = mirage("models", "list")
    assert ran.code == 0
    assert "mirage models download mirage-base" in ran.out
    assert mirage("models", "list", "--json").json["models"] == []


def test_models_are_listed_with_task_size_and_terms(stored: ModelStore) -> None:
    (line,) = mirage("models", "list").out.splitlines()[1:]
    for word in ("small", "Small classifier", "classification", "MB", "CC BY-NC-ND 4.0"):
        assert word in line
    listed = mirage("models", "list", "--json").json
    assert listed["folder"] == str(stored.folder)
    assert listed["models"][0]["id"] == "small"
    assert listed["models"][0]["task"] == "classify"
    assert listed["broken"] == []


def test_a_broken_model_is_listed_with_its_reason_and_the_others_too(stored: ModelStore) -> None:
    (stored.folder / "odd").mkdir()
    (stored.folder / "odd" / "card.json").write_text("{")
    ran = mirage("models", "list")
    assert ran.code == 0
    assert "small" in ran.out
    assert "odd: The card of the model is damaged" in ran.err
    assert mirage("models", "list", "--json").json["broken"][0]["id"] == "odd"


def test_a_card_is_shown_with_terms_and_checksum(stored: ModelStore) -> None:
    ran = mirage("models", "info", "small")
    model = stored.get("small").card
    for words in (
        "normal, AMD",
        str(model.weights_sha256),
        "CC BY-NC-ND 4.0",
        PUBLISHED.notice,
        "auroc 0.9471",
        "train: 9 B-scans of 1 patients",
    ):
        assert words in ran.out
    as_json = mirage("models", "info", "small", "--json").json
    assert as_json["weights_sha256"] == model.weights_sha256
    assert as_json["path"] == str(stored.folder / "small")


def test_checking_sees_changed_weights(stored: ModelStore) -> None:
    assert "(checked)" in mirage("models", "info", "small", "--check").out
    assert mirage("models", "info", "small", "--check", "--json").json["checked"]
    path = stored.get("small").weights
    path.write_bytes(path.read_bytes()[:-1] + b"\x7f")
    assert "not those of its card" in error_of(mirage("models", "info", "small", "--check"))


def test_an_unknown_model_is_answered_with_the_nearest(stored: ModelStore) -> None:
    for command in (["info"], ["remove", "--yes"], ["export", "-o", "x"]):
        assert "Did you mean 'small'" in error_of(mirage("models", *command, "smal"))
    assert set(mirage("models", "info", "smal", "--json").json["error"]) == {"what", "hint"}


def test_a_model_goes_to_another_computer_in_one_file(
    stored: ModelStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_thread: None
) -> None:
    sent = mirage("models", "export", "small", "-o", tmp_path)
    assert sent.code == 0
    file = tmp_path / "small.mirage.zip"
    assert sent.out.strip() == str(file)
    assert PUBLISHED.notice in sent.err
    assert "exists already" in error_of(mirage("models", "export", "small", "-o", file))
    monkeypatch.setenv("MIRAGE_DATA_DIR", str(tmp_path / "elsewhere"))
    received = mirage("models", "import", file, "--json")
    assert received.code == 0
    assert received.json["id"] == "small"
    assert received.json["terms"]["id"] == PUBLISHED.id
    assert ModelStore().verify("small") == stored.get("small").card


def test_an_export_as_json_gives_the_notice(stored: ModelStore, tmp_path: Path) -> None:
    ran = mirage("models", "export", "small", "-o", tmp_path / "x.zip", "--json")
    assert ran.json == {
        "id": "small",
        "file": str(tmp_path / "x.zip"),
        "notice": PUBLISHED.notice,
    }
    assert ran.err == ""


def test_a_model_leaves_as_a_published_checkpoint(tmp_path: Path) -> None:
    _, made = lessons.stored(tmp_path, lessons.region_spec(HeadKind.CONVNEXT), lessons.REGIONS)
    ModelStore().add(made.card, made.folder / WEIGHTS_FILE)
    ran = mirage("models", "export", "base", "--published", "-o", tmp_path)
    assert ran.code == 0
    assert load_model(tmp_path / "base.pth").spec.head is not None


@pytest.mark.parametrize("answer", [True, False])
def test_a_model_is_removed_by_whoever_says_yes(
    answer: bool, stored: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = answering(monkeypatch, answer)
    ran = mirage("models", "remove", "small")
    assert len(asked) == 1
    assert ran.code == (0 if answer else 2)
    assert (stored.models() == ()) is answer


def test_nobody_to_ask_removes_nothing_without_yes(stored: ModelStore) -> None:
    assert "--yes" in error_of(mirage("models", "remove", "small"))
    assert mirage("models", "remove", "small", "--yes", "--json").json["removed"]
    assert stored.list() == ()


def test_what_came_with_the_program_stays(
    stored: ModelStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shipped").mkdir()
    stored.get("small").folder.rename(tmp_path / "shipped" / "small")
    monkeypatch.setenv("MIRAGE_SHIPPED_DIR", str(tmp_path / "shipped"))
    asked = answering(monkeypatch, True)
    assert "came with the program" in error_of(mirage("models", "remove", "small"))
    assert not asked
    assert "Small classifier" in mirage("models", "list").out


def test_a_missing_or_foreign_file_is_refused_in_a_sentence(
    tmp_path: Path, in_thread: None
) -> None:
    assert "There is no file at" in error_of(mirage("models", "import", tmp_path / "gone"))
    (tmp_path / "letter.pth").write_text("Dear colleague")
    assert error_of(mirage("models", "import", tmp_path / "letter.pth"))
    assert ModelStore().list() == ()


def test_a_local_file_is_imported_with_unknown_terms(tmp_path: Path, in_thread: None) -> None:
    path = tmp_path / "colleague's encoder.safetensors"
    path.write_bytes(encoder_weights())
    ran = mirage("models", "import", path)
    assert ran.code == 0
    assert "ask whoever gave you the file" in ran.err
    model = mirage("models", "info", "colleague-s-encoder", "--json").json
    assert model["title"] == "colleague's encoder"
    assert model["terms"]["id"] == "unknown"
    assert model["origin"]["kind"] == "file"
    assert model["origin"]["sha256"] == sha256(path.read_bytes())
    assert model["task"] == "encode"
    again = mirage("models", "import", path, "--title", "Twice")
    assert "in the store already, as 'colleague-s-encoder'" in error_of(again)


def test_whoever_imports_a_head_without_names_is_told(tmp_path: Path, in_thread: None) -> None:
    head = HeadSpec(kind=HeadKind.LINEAR, n_classes=4)
    path = tmp_path / "head.pth"
    save_published(build_model(mirage_spec("tiny", (BSCAN,), head=head)), path)
    ran = mirage("models", "import", path)
    assert ran.code == 0
    assert "What the 4 classes of this model are is not known" in ran.err
    assert "is not known" in mirage("models", "info", "head").out


@pytest.fixture
def offered(hub: Hub) -> Hub:
    hub.repos[REPO]["model.safetensors"] = encoder_weights()
    return hub


def test_nobody_to_ask_downloads_nothing_without_the_flag(offered: Hub) -> None:
    ran = mirage("models", "download", "mirage-base")
    assert "--accept-terms" in error_of(ran)
    assert LICENCE.decode().strip() in ran.err
    assert offered.fetched() == []
    assert Consents().all() == ()


def test_the_terms_are_shown_and_no_means_no(offered: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answering(monkeypatch, False)
    ran = mirage("models", "download", "mirage-base")
    assert "did not agree" in error_of(ran)
    assert len(asked) == 1
    for words in (PUBLISHED.summary, "cc-by-4.0", LICENCE.decode().strip(), REPO):
        assert words in ran.err
    assert offered.fetched() == []
    assert Consents().all() == ()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals here")
def test_someone_at_a_terminal_is_really_asked(offered: Hub) -> None:
    import pty

    ours, theirs = pty.openpty()
    try:
        os.write(ours, b"n\n")
        done = subprocess.run(
            [sys.executable, "-m", "mirage_core.cli", "models", "download", "mirage-base"],
            stdin=theirs,
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert done.returncode == 2
    assert "Do you agree to these terms" in done.stderr
    assert "did not agree" in done.stderr
    assert done.stdout == ""
    assert offered.fetched() == []


def test_yes_is_recorded_and_the_weights_arrive_with_their_terms(
    offered: Hub, data: Path, in_thread: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = answering(monkeypatch, True)
    ran = mirage("models", "download", "mirage-base", "--json")
    assert ran.code == 0, ran.err
    assert len(asked) == 1
    model = ran.json
    assert model["id"] == "mirage-base"
    assert model["terms"]["id"] == PUBLISHED.id
    assert LICENCE.decode().strip() in model["terms"]["text"]
    assert model["origin"]["hub"]["repo"] == REPO
    assert model["origin"]["hub"]["revision"] == offered.commit
    assert model["origin"]["sha256"] == sha256(encoder_weights())
    ModelStore().verify("mirage-base")
    assert [c.terms_id for c in Consents().all()] == [PUBLISHED.id]
    left = [p.suffix for p in (data / "models" / ".downloads").iterdir()]
    assert set(left) <= {".lock"}


def test_what_is_here_is_not_fetched_again_and_agreed_terms_are_not_asked_again(
    offered: Hub, in_thread: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = mirage("models", "download", "mirage-base", "--accept-terms", "--json")
    again = mirage("models", "download", "mirage-base", "--json")
    assert again.json == first.json
    assert len(offered.fetched()) == 1
    mirage("models", "remove", "mirage-base", "--yes")
    without_asking = mirage("models", "download", "mirage-base", "--json")
    assert without_asking.code == 0
    assert "You agreed to its terms on" in without_asking.err
    mirage("models", "remove", "mirage-base", "--yes")
    offered.repos[REPO]["LICENSE"] = b"Other terms."
    assert "--accept-terms" in error_of(mirage("models", "download", "mirage-base"))


def test_offline_nothing_is_asked_of_the_hub(offered: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = mirage("models", "download", "mirage-base", "--accept-terms", "--offline")
    assert "as a file, import that" in error_of(ran)
    monkeypatch.setenv("MIRAGE_OFFLINE", "1")
    error_of(mirage("models", "download", "mirage-base", "--accept-terms"))
    assert offered.requests == []


def test_a_download_stopped_by_ctrl_c_goes_on_from_there(
    offered: Hub, in_thread: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_seconds: float, _cancelled: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("mirage_core.model.store.download._wait", interrupted)
    offered.cut_after = [1000, 0]
    ran = mirage("models", "download", "mirage-base", "--accept-terms")
    assert ran.code == 130
    assert "goes on from there" in ran.err
    offered.cut_after = []
    assert mirage("models", "download", "mirage-base").code == 0
    assert offered.fetched()[-1].start == 1000
