"""The manifest says what is true: it is valid, whole, and collides with nothing of napari's."""

from __future__ import annotations

import re
import subprocess
import sys
import warnings
from collections import Counter
from typing import Any

import pytest

from mirage_core.io import supported_suffixes
from tests.plugins.npe2_quiet import manifest, plugin_manager

# What plugins may contribute to in napari 0.9 (`MenuId.contributables`).
_CONTRIBUTABLE = {
    *(f"napari/file/{name}" for name in ("acquire", "io_utilities", "new_layer")),
    *(
        f"napari/layers/{name}"
        for name in (
            *("annotate", "classify", "data", "filter", "layer_type", "measure", "metadata"),
            *("project", "register", "segment", "track", "transform", "visualize"),
        )
    ),
}


def _quietly(do: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return do()


def _ids() -> list[str]:
    return [command.id for command in manifest().contributions.commands]


def test_npe2_calls_the_manifest_valid_and_every_python_name_resolves() -> None:
    pytest.importorskip("npe2.cli")
    done = subprocess.run(
        [sys.executable, "-m", "npe2", "validate", "--imports", "mirage-viewer"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_manifest_is_called_like_the_distribution() -> None:
    # napari ignores a manifest that is not named after the distribution that brings it.
    assert manifest().name == "mirage-viewer"


def test_everything_that_is_contributed_names_a_command_that_exists() -> None:
    contributions, ids = manifest().contributions, set(_ids())
    named = {item.command for items in contributions.menus.values() for item in items}
    for part in ("readers", "writers", "sample_data", "widgets", "keybindings"):
        named |= {item.command for item in getattr(contributions, part)}
    assert named == ids, "a command that is not there, or one that nothing leads to"


def test_every_command_is_declared_once_and_titles_tell_them_apart() -> None:
    commands = manifest().contributions.commands
    assert max(Counter(c.id for c in commands).values()) == 1
    assert max(Counter(c.title for c in commands).values()) == 1


def test_every_menu_is_one_that_napari_lets_plugins_fill() -> None:
    assert set(manifest().contributions.menus) <= _CONTRIBUTABLE


def test_napari_still_has_the_menus_that_we_know() -> None:
    pytest.importorskip("napari")
    menus = _quietly(lambda: __import__("napari._app_model.constants", fromlist=["MenuId"]))
    assert {str(menu) for menu in menus.MenuId.contributables()} >= _CONTRIBUTABLE


def test_every_suffix_the_core_reads_is_offered_and_no_other() -> None:
    (reader,) = manifest().contributions.readers
    assert set(reader.filename_patterns) == {f"*{suffix}" for suffix in supported_suffixes()}
    assert reader.accepts_directories


@pytest.mark.parametrize("suffix", supported_suffixes())
@pytest.mark.parametrize("written", [str.lower, str.upper, str.capitalize])
def test_a_suffix_is_recognised_in_any_case(suffix: str, written: Any) -> None:
    found = plugin_manager().iter_compatible_readers([f"eye.2{written(suffix)}"])
    assert [reader.command for reader in found] == ["mirage-viewer.read"]


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("eye.h5", "mirage-viewer.write_hdf5"),
        ("eye.nii.gz", "mirage-viewer.write_nifti"),
        ("eye.csv", "mirage-viewer.write_csv"),
        ("eye.mirage", "mirage-viewer.write_mirage"),
    ],
)
@pytest.mark.parametrize(
    "kinds",
    [["image"], ["labels"], ["image", "labels"], ["image"] * 2, ["image", "labels", "labels"]],
)
def test_the_extension_chooses_the_writer(name: str, command: str, kinds: list[str]) -> None:
    writer, path = plugin_manager().get_writer(name, kinds)
    assert (writer.command, path) == (command, name)


def test_no_writer_takes_the_place_of_naparis_writer_of_folders() -> None:
    assert plugin_manager().get_writer("folder", ["image", "labels"])[0] is None


def test_every_writer_takes_several_layers_at_once() -> None:
    # npe2 calls a writer of at most one layer in another way.
    for writer in manifest().contributions.writers:
        assert sum(rule.max() for rule in writer.layer_type_constraints()) > 1


def test_no_key_is_one_that_napari_uses() -> None:
    pytest.importorskip("napari")
    shortcuts = _quietly(lambda: __import__("napari.utils.shortcuts", fromlist=["a"]))
    taken = {str(key) for keys in shortcuts.default_shortcuts.values() for key in keys}
    ours = {binding.key for binding in manifest().contributions.keybindings}
    assert ours
    assert not ours & taken
    # Keys of napari's menus carry a modifier, but for these.
    assert not ours & {"F1", "F10", "F11"}


def test_a_key_that_the_app_has_does_the_same_here() -> None:
    pytest.importorskip("qtpy")
    from mirage_viewer.action_table import ACTIONS

    in_app = {shortcut: action.key for action in ACTIONS for shortcut in action.shortcuts}
    shared = {b.key: b.command for b in manifest().contributions.keybindings if b.key in in_app}
    assert shared == {"F7": "mirage-viewer.measure"}
    assert in_app["F7"] == "measure.show"


def test_titles_are_words_and_not_names_of_functions() -> None:
    for command in manifest().contributions.commands:
        assert re.fullmatch(r"[A-Z][A-Za-z0-9 ,()-]+", command.title), command.title


@pytest.mark.parametrize("suffix", ["", ".reader", ".writers", ".sample", ".widgets", ".commands"])
def test_a_module_that_the_manifest_names_imports_nothing_heavy(suffix: str) -> None:
    code = (
        f"import sys, napari_mirage{suffix}\n"
        "bad = {'PySide6', 'qtpy', 'torch', 'timm', 'napari', 'matplotlib', 'sqlalchemy', 'numpy',"
        " 'mirage_core.io', 'mirage_viewer'} & set(sys.modules)\n"
        "sys.exit(', '.join(sorted(bad)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
