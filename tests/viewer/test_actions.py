"""One registry: complete, without collisions, searchable."""

from __future__ import annotations

import pytest

from mirage_viewer.action_table import ACTIONS
from mirage_viewer.actions import (
    Action,
    ActionRegistry,
    Circumstances,
    Menu,
    UnknownActionError,
    When,
)
from mirage_viewer.commands import Commands


def an_action(key: str, shortcut: str | None = None, **parts: object) -> Action:
    shortcuts = () if shortcut is None else (shortcut,)
    return Action(key, key, key, "quit", shortcuts, Menu.FILE, **parts)


@pytest.mark.parametrize("action", [*ACTIONS], ids=lambda a: a.key)
def test_every_action_has_words_and_a_command_that_exists(action: Action) -> None:
    assert action.text
    assert action.tooltip.endswith(".")
    assert callable(getattr(Commands, action.calls, None))
    assert action.shortcuts
    assert all(action.shortcuts)


@pytest.mark.parametrize("action", [*ACTIONS], ids=lambda a: a.key)
def test_every_icon_of_an_action_is_drawn(action: Action) -> None:
    from mirage_viewer.theme import ICONS

    assert not action.icon or action.icon in ICONS


def test_every_command_is_reached_by_an_action() -> None:
    methods = {name for name in dir(Commands) if not name.startswith("_")}
    assert methods == {action.calls for action in ACTIONS}


def test_the_tools_of_the_registry_are_those_of_the_core() -> None:
    from mirage_core.annotate.tools import TOOLS

    assert {a.argument for a in ACTIONS if a.calls == "take_tool"} == {"", *TOOLS}


def test_two_actions_cannot_share_a_shortcut() -> None:
    with pytest.raises(ValueError, match="Ctrl\\+A is a shortcut of one and two"):
        ActionRegistry([an_action("one", "Ctrl+A"), an_action("two", "Ctrl+A")])


def test_two_actions_cannot_share_a_key() -> None:
    with pytest.raises(ValueError, match="two actions"):
        ActionRegistry([an_action("one"), an_action("one")])


def test_the_toolbar_holds_exactly_the_actions_with_a_short_text() -> None:
    with pytest.raises(ValueError, match="toolbar"):
        ActionRegistry([an_action("one", toolbar="One")])


def test_shortcuts_are_unique_as_the_toolkit_reads_them(qtbot: object) -> None:
    from qtpy.QtGui import QKeySequence

    read = [QKeySequence(s).toString() for a in ACTIONS for s in a.shortcuts]
    assert all(read)
    assert len(read) == len(set(read))


def test_an_unknown_key_gets_an_offer() -> None:
    with pytest.raises(UnknownActionError, match=r"did you mean 'edit.undo'\?"):
        ACTIONS["edit.undoo"]


@pytest.mark.parametrize(
    ("words", "key"),
    [
        ("undo", "edit.undo"),
        ("segment vol", "scan.segment"),
        ("livewire", "tool.snap"),
        ("nifti", "file.export"),
        ("brightness", "view.auto_contrast"),
        ("aprv", "edit.approve"),
    ],
)
def test_a_search_puts_what_was_meant_first(words: str, key: str) -> None:
    assert ACTIONS.search(words)[0].key == key


def test_a_search_for_nonsense_finds_nothing() -> None:
    assert ACTIONS.search("xqzw") == []


def test_an_empty_search_lists_everything() -> None:
    assert len(ACTIONS.search("")) == len(ACTIONS)


def test_circumstances_decide_what_can_be_done() -> None:
    nothing, ready = Circumstances(), Circumstances(scan=True, editable=True, ready=True)
    assert nothing.allow(ACTIONS["file.open"])
    assert not nothing.allow(ACTIONS["scan.segment"])
    assert ready.allow(ACTIONS["scan.segment"])
    assert not ready.allow(ACTIONS["edit.undo"])


def test_every_action_stands_in_a_menu() -> None:
    assert sum(len(ACTIONS.menu(menu)) for menu in Menu) == len(ACTIONS)
    assert {a.when for a in ACTIONS} == set(When)
