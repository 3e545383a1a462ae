"""Models come, go and are passed on in a dialog; nothing is fetched that was not agreed to."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QFileDialog, QInputDialog

from mirage_core.model.store.card import TrainingPart, TrainingSummary
from mirage_core.model.store.consent import Consents
from mirage_core.model.store.store import ModelStore
from mirage_core.model.store.terms import PUBLISHED
from mirage_viewer.main_window import MainWindow
from mirage_viewer.messages import Level
from mirage_viewer.models_dialog import ModelsDialog
from mirage_viewer.models_dialog.words import card_html
from tests.model.store.hub_fixture import LICENCE, REPO
from tests.model.store.hub_fixture import hub as hub
from tests.model.store.hub_server import Hub
from tests.model.store.models import encoder_weights
from tests.viewer.eyes import click, open_scan, write_scan
from tests.viewer.models_hands import choose, titles, wait_for_message
from tests.viewer.models_hands import open_dialog as open_dialog
from tests.viewer.stores import add_model, card_of
from tests.viewer.tasks import StoppedError, silent


def import_slowly(path: Path, folder: Path, told: Any, report: Any, cancelled: Any) -> None:
    """Import for ever, half done."""
    report(0.5)
    while not cancelled():
        time.sleep(0.02)
    raise StoppedError


# ---------------------------------------------------------------------- the list and the cards


def test_without_models_the_ways_to_one_are_told(
    open_dialog: Callable[..., tuple[MainWindow, ModelsDialog]],
) -> None:
    _, dialog = open_dialog()
    assert "No models yet" in dialog.card.toPlainText()
    assert dialog.import_button.isEnabled()
    assert dialog.download_button.isEnabled()
    assert not dialog.remove_button.isEnabled()


def test_of_patients_nothing_is_said_where_nobody_kept_whose_the_b_scans_were() -> None:
    parts = {
        "train": TrainingPart(b_scans=7250),
        "val": TrainingPart(b_scans=1, patients=("ab" * 32,)),
    }
    html = card_html(card_of("layers", training=TrainingSummary(split=parts)), "gray")
    assert "train: 7250 B-scans; val: 1 B-scan of 1 patient" in html


def test_models_are_listed_with_what_they_do_and_their_terms(
    tmp_path: Path, open_dialog: Callable[..., tuple[MainWindow, ModelsDialog]]
) -> None:
    for kind in ("layers", "dreamer", "stages"):
        add_model(tmp_path, kind, seed=len(kind))
    _, dialog = open_dialog()
    assert titles(dialog) == ["Tiny dreamer", "Tiny layers", "Tiny stages"]
    lines = [dialog.list.item(i).text().split("\n")[1] for i in range(3)]
    assert [line.split(" · ")[0] for line in lines] == ["imagines images", "segments", "classifies"]
    assert all(line.endswith("CC BY-NC-ND 4.0") for line in lines)


def test_a_card_tells_what_the_model_is(
    tmp_path: Path, open_dialog: Callable[..., tuple[MainWindow, ModelsDialog]]
) -> None:
    card = add_model(tmp_path, "layers")
    _, dialog = open_dialog()
    text = dialog.card.toPlainText()
    for words in (
        "MIRAGE tiny: 64 wide, 2 blocks",
        "ConvNeXt head",
        "Cyst",
        "ILM, IPL/INL, RPE, BM",
        "a file (test)",
        PUBLISHED.notice,
        f"{card.weights_sha256[:12]}…",
        f"{card.created.astimezone():%Y-%m-%d}",
    ):
        assert words in text
    assert card.weights_sha256 in dialog.card.toolTip()


def test_a_model_that_cannot_be_used_says_why_and_can_be_removed(
    qtbot: Any, tmp_path: Path, open_dialog: Callable[..., tuple[MainWindow, ModelsDialog]]
) -> None:
    add_model(tmp_path, "layers")
    broken = ModelStore().folder / "broken"
    broken.mkdir()
    (broken / "card.json").write_text("{")
    _, dialog = open_dialog()
    choose(dialog, "broken")
    assert "damaged" in dialog.card.toPlainText()
    assert not dialog.export_button.isEnabled()
    dialog.confirm = lambda *_: True
    click(dialog.remove_button)
    qtbot.waitUntil(lambda: titles(dialog) == ["Tiny layers"], timeout=10_000)


# ---------------------------------------------------------------------- from file to file


def test_an_exported_model_comes_back_by_import_and_is_offered_at_once(
    qtbot: Any,
    tmp_path: Path,
    open_dialog: Callable[..., tuple[MainWindow, ModelsDialog]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    add_model(tmp_path, "layers")
    window, dialog = open_dialog()
    target = tmp_path / "layers.mirage.zip"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    click(dialog.export_button)
    said = wait_for_message(qtbot, dialog, "Exported to")
    assert PUBLISHED.notice in said, "whoever passes weights on is told their terms"
    assert target.is_file()
    dialog.confirm = lambda *_: True
    click(dialog.remove_button)
    qtbot.waitUntil(lambda: titles(dialog) == [], timeout=10_000)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(target), ""))
    click(dialog.import_button)
    assert "ready to use" in wait_for_message(qtbot, dialog, "Tiny layers")
    qtbot.waitUntil(lambda: titles(dialog) == ["Tiny layers"], timeout=10_000)
    assert dialog.chosen == "layers"
    picker = window.segment_panel.engine
    qtbot.waitUntil(lambda: picker.findText("Tiny layers") >= 0, timeout=10_000)


def test_a_file_that_is_no_model_is_refused_by_a_sentence(
    qtbot: Any,
    tmp_path: Path,
    open_dialog: Callable[..., tuple[MainWindow, ModelsDialog]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    add_model(tmp_path, "layers")
    _, dialog = open_dialog()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "gone.pth"), ""))
    click(dialog.import_button)
    wait_for_message(qtbot, dialog, "cannot be read")
    assert dialog.work.message.level is Level.ERROR
    assert titles(dialog) == ["Tiny layers"]


def test_an_import_shows_how_far_it_is_and_can_be_cancelled(
    qtbot: Any,
    tmp_path: Path,
    open_dialog: Callable[..., tuple[MainWindow, ModelsDialog]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, dialog = open_dialog(import_weights=import_slowly)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "w.pth"), ""))
    click(dialog.import_button)
    qtbot.waitUntil(lambda: dialog.work.bar.value() == 500, timeout=20_000)
    assert dialog.work.words.text() == "Importing w.pth"
    assert not dialog.import_button.isEnabled()
    click(dialog.work.cancel)
    assert dialog.work.words.text() == "Stopping…"
    wait_for_message(qtbot, dialog, "Import cancelled")
    assert dialog.import_button.isEnabled()


def test_what_ends_after_the_dialog_was_closed_is_said_in_the_window(
    qtbot: Any, tmp_path: Path, open_dialog: Callable[..., tuple[MainWindow, ModelsDialog]]
) -> None:
    add_model(tmp_path, "layers")
    window, dialog = open_dialog()
    click(dialog.verify_button)
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    qtbot.waitUntil(lambda: any("is unchanged" in t for t in window.messages.texts), timeout=20_000)


# ---------------------------------------------------------------------- one model


def test_changed_weights_are_found_out(
    qtbot: Any, tmp_path: Path, open_dialog: Callable[..., tuple[MainWindow, ModelsDialog]]
) -> None:
    add_model(tmp_path, "layers")
    _, dialog = open_dialog()
    click(dialog.verify_button)
    wait_for_message(qtbot, dialog, "is unchanged")
    path = ModelStore().get("layers").weights
    path.write_bytes(path.read_bytes()[:-1] + b"\x7f")
    click(dialog.verify_button)
    wait_for_message(qtbot, dialog, "not those of its card")
    assert dialog.work.message.level is Level.ERROR


def test_a_model_is_renamed_with_f2_and_keeps_its_id(
    qtbot: Any,
    tmp_path: Path,
    open_dialog: Callable[..., tuple[MainWindow, ModelsDialog]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    add_model(tmp_path, "layers")
    window, dialog = open_dialog()
    monkeypatch.setattr(QInputDialog, "getText", lambda *_: ("  Ours ", True))
    dialog.list.setFocus()
    QTest.keyClick(dialog.list, Qt.Key.Key_F2)
    qtbot.waitUntil(lambda: titles(dialog) == ["Ours"], timeout=10_000)
    assert dialog.chosen == "layers"
    picker = window.segment_panel.engine
    qtbot.waitUntil(lambda: picker.findText("Ours") >= 0, timeout=10_000)


@pytest.mark.parametrize("sure", [True, False])
def test_removing_asks_first(
    qtbot: Any,
    tmp_path: Path,
    open_dialog: Callable[..., tuple[MainWindow, ModelsDialog]],
    sure: bool,
) -> None:
    add_model(tmp_path, "layers")
    _, dialog = open_dialog()
    asked: list[str] = []

    def answer(question: str, more: str) -> bool:
        asked.append(question)
        return sure

    dialog.confirm = answer
    dialog.list.setFocus()
    QTest.keyClick(dialog.list, Qt.Key.Key_Delete)
    assert asked == ["Remove Tiny layers from this computer?"]
    if sure:
        wait_for_message(qtbot, dialog, "was removed")
    assert [m.card.id for m in ModelStore().models()] == ([] if sure else ["layers"])


def test_a_model_at_work_is_not_removed(
    qtbot: Any, tmp_path: Path, open_dialog: Callable[..., tuple[MainWindow, ModelsDialog]]
) -> None:
    add_model(tmp_path, "layers")
    window, dialog = open_dialog(segment_scan=silent)
    window.desk.settings.engine = "layers"
    window.desk.models.engines.refresh()
    qtbot.waitUntil(lambda: window.segment_panel.chosen == "layers", timeout=10_000)
    open_scan(qtbot, window, write_scan(tmp_path / "eye.npz"))
    click(window.segment_panel.one)
    dialog.confirm = lambda *_: True
    click(dialog.remove_button)
    wait_for_message(qtbot, dialog, "Tiny layers is at work.")
    assert ModelStore().models()
    window.desk.models.cancel()
    qtbot.waitUntil(lambda: window.desk.models.run is None, timeout=30_000)


# ---------------------------------------------------------------------- from the hub


def asked_for_terms(qtbot: Any, dialog: ModelsDialog, name: str = "mirage-base") -> None:
    click(dialog.download_button)
    page = dialog.download_page
    page.name.setEditText(name)
    QTest.keyClick(page.name.lineEdit(), Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.accept.isEnabled(), timeout=60_000)


def test_nothing_is_asked_of_the_hub_before_a_click_and_no_weights_before_the_terms_are_accepted(
    qtbot: Any, hub: Hub, open_dialog: Callable[..., tuple[MainWindow, ModelsDialog]]
) -> None:
    hub.repos[REPO]["model.safetensors"] = encoder_weights()
    _, dialog = open_dialog(processes=True)
    click(dialog.download_button)
    page = dialog.download_page
    assert [page.name.itemText(i) for i in range(page.name.count())] == [
        "mirage-base",
        "mirage-large",
    ]
    assert hub.requests == []
    click(page.look_up)
    qtbot.waitUntil(lambda: page.accept.isEnabled(), timeout=60_000)
    assert LICENCE.decode().strip() in page.terms.toPlainText()
    assert PUBLISHED.summary in page.terms.toPlainText()
    assert "cc-by-4.0" in page.terms.toPlainText()
    assert REPO in page.what.text()
    assert not page.accept.isChecked()
    assert not page.download.isEnabled()
    assert not any(r.method == "GET" and "model.safetensors" in r.path for r in hub.requests)
    assert Consents().all() == ()
    click(page.accept, QPoint(8, page.accept.height() // 2))
    click(page.download)
    said = wait_for_message(qtbot, dialog, "MIRAGE Base")
    assert "to fine-tune" in said, "the published file is an encoder, no more"
    assert PUBLISHED.notice in said
    qtbot.waitUntil(lambda: titles(dialog) == ["MIRAGE Base"], timeout=10_000)
    assert dialog.pages.currentIndex() == 0
    (consent,) = Consents().all()
    assert consent.terms_id == PUBLISHED.id


def test_another_name_is_not_downloaded_under_the_terms_on_show(
    qtbot: Any, hub: Hub, open_dialog: Callable[..., tuple[MainWindow, ModelsDialog]]
) -> None:
    _, dialog = open_dialog()
    asked_for_terms(qtbot, dialog)
    page = dialog.download_page
    page.accept.setChecked(True)
    assert page.download.isEnabled()
    page.name.setEditText("someone/else")
    assert not page.download.isEnabled()
    assert page.terms.toPlainText() == ""
    assert not page.accept.isChecked()


def test_terms_accepted_before_are_shown_as_such(
    qtbot: Any, hub: Hub, open_dialog: Callable[..., tuple[MainWindow, ModelsDialog]]
) -> None:
    from mirage_core.model.store.hub import look_up

    Consents().record(look_up("mirage-base").terms)
    _, dialog = open_dialog()
    asked_for_terms(qtbot, dialog)
    assert dialog.download_page.accept.isChecked()
    assert "You accepted these terms on" in dialog.download_page.earlier.text()


def test_a_name_the_hub_does_not_know_gets_a_sentence(
    qtbot: Any, hub: Hub, open_dialog: Callable[..., tuple[MainWindow, ModelsDialog]]
) -> None:
    _, dialog = open_dialog()
    click(dialog.download_button)
    dialog.download_page.name.setEditText("nobody/nothing")
    click(dialog.download_page.look_up)
    wait_for_message(qtbot, dialog, "no repository nobody/nothing")
    assert not dialog.download_page.download.isEnabled()


def test_offline_the_page_says_so_and_asks_for_nothing(
    open_dialog: Callable[..., tuple[MainWindow, ModelsDialog]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIRAGE_OFFLINE", "1")
    _, dialog = open_dialog()
    click(dialog.download_button)
    page = dialog.download_page
    assert "set to stay offline" in page.intro.text()
    assert not page.look_up.isEnabled()
    assert not page.name.isEnabled()
    click(page.back)
    assert dialog.pages.currentIndex() == 0


def test_the_dialog_follows_the_theme(
    tmp_path: Path, open_dialog: Callable[..., tuple[MainWindow, ModelsDialog]]
) -> None:
    add_model(tmp_path, "layers")
    window, dialog = open_dialog()
    dark = dialog.grab().toImage().pixelColor(5, 5).lightness()
    window.set_theme("light")
    assert dialog.grab().toImage().pixelColor(5, 5).lightness() > dark + 100
    assert "64 wide" in dialog.card.toPlainText()
