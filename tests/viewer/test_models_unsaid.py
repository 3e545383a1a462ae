"""What a file of weights does not say, the window asks for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QFileDialog

from mirage_core.model.store.card import ModelCard
from mirage_core.model.store.errors import ModelStoreError
from mirage_core.model.store.scheme import LayerScheme, SchemeClass
from mirage_core.model.store.store import ModelStore
from mirage_core.model.store.terms import UNKNOWN
from mirage_viewer.main_window import MainWindow
from mirage_viewer.model_tasks import Told, import_weights
from mirage_viewer.models_dialog import ModelsDialog, UnsaidForm, words
from tests.model.store.models import encoder_weights
from tests.viewer.eyes import click
from tests.viewer.models_hands import open_dialog as open_dialog
from tests.viewer.models_hands import wait_for_message
from tests.viewer.stores import add_model, card_of


def test_what_a_file_does_not_say_is_asked_for(
    qtbot: Any,
    tmp_path: Path,
    open_dialog: Callable[..., tuple[MainWindow, ModelsDialog]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, dialog = open_dialog(processes=True)
    path = tmp_path / "own.safetensors"
    path.write_bytes(encoder_weights(dim=72))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    click(dialog.import_button)
    wait_for_message(qtbot, dialog, "how many attention heads")
    assert dialog.work.action.isVisible()
    form = ask_more(dialog)
    assert not form.isModal()
    assert "how many attention heads" in form.why.text()
    QTest.keyClicks(form.heads, "3")
    click(form.go)
    wait_for_message(qtbot, dialog, "own is here")
    assert not dialog.work.action.isVisible()
    assert ModelStore().get("own").card.spec.heads == 3


def test_classes_that_are_named_later_take_the_place_of_the_nameless(
    qtbot: Any,
    tmp_path: Path,
    open_dialog: Callable[..., tuple[MainWindow, ModelsDialog]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[Told] = []

    def import_nameless(
        path: Path, folder: Path, said: Told, report: Any, cancelled: Any
    ) -> ModelCard:
        told.append(said)
        card = card_of("layers")
        assert card.scheme is not None
        # As an import leaves a scheme whose classes it does not know: no strata.
        nobodys = LayerScheme(
            name="", classes=tuple(nameless_class(c) for c in card.scheme.classes)
        )
        return card if said.classes is not None else card_of("layers", scheme=nobodys)

    _, dialog = open_dialog(import_weights=import_nameless)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "w.pth"), ""))
    click(dialog.import_button)
    wait_for_message(qtbot, dialog, "What the classes of Tiny layers are")
    form = ask_more(dialog)
    form.classes.setText(str(tmp_path / "INFO.json"))
    click(form.go)
    wait_for_message(qtbot, dialog, "Tiny layers is ready to use")
    assert told == [Told(), Told(classes=tmp_path / "INFO.json", instead_of="layers")]


def test_a_card_without_terms_says_so_once() -> None:
    card = card_of("layers", terms=UNKNOWN)
    assert words.card_html(card, "#888888").lower().count("unknown") == 1


def test_a_model_stays_as_it_was_if_its_classes_cannot_be_named(tmp_path: Path) -> None:
    before = add_model(tmp_path, "layers")
    info = tmp_path / "INFO.json"
    info.write_text('{"0": {"value": 0, "label": "All"}}')
    broken = tmp_path / "broken.pth"
    broken.write_bytes(b"nothing")
    with pytest.raises(ModelStoreError):
        import_weights(
            broken,
            ModelStore().folder,
            Told(classes=info, instead_of="layers"),
            lambda _f: None,
            lambda: False,
        )
    (stored,) = ModelStore().models()
    assert stored.card == before


def nameless_class(known: SchemeClass) -> SchemeClass:
    return SchemeClass(index=known.index, value=known.value)


def ask_more(dialog: ModelsDialog) -> UnsaidForm:
    click(dialog.work.action)
    form = dialog.findChild(UnsaidForm)
    assert form is not None
    assert form.isVisible()
    return form
