"""Everything the app can be told to do, as data.

Menus, toolbar, command palette and shortcut sheet are generated from this one registry; no
other module makes an action.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum


class Menu(StrEnum):
    """The menus, in their order. The text carries the mnemonic."""

    FILE = "&File"
    EDIT = "&Edit"
    SCAN = "&Scan"
    CORRECT = "&Correct"
    GRADERS = "&Graders"
    VIEW = "&View"
    HELP = "&Help"


class When(StrEnum):
    """When an action can be used; each is a field of :class:`Circumstances`."""

    ALWAYS = "always"
    SCAN = "scan"
    EDITABLE = "editable"
    READY = "ready"
    RUNNING = "running"
    UNDO = "undo"
    REDO = "redo"
    UNSAVED = "unsaved"
    IMAGINE_LAYERS = "imagine_layers"
    IMAGINE_B_SCAN = "imagine_b_scan"
    IMAGINE_SLO = "imagine_slo"
    IMAGINED = "imagined"
    CLASSIFY = "classify"
    PROJECT_MODEL = "project_model"
    OFFERED = "offered"


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What holds at the moment.

    Attributes
    ----------
    scan : bool
        A scan is shown.
    editable : bool
        Its annotation can be changed.
    ready : bool
        Editable, and no engine runs.
    running : bool
        An engine runs.
    undo, redo : bool
        There is something to undo or redo.
    unsaved : bool
        Edits wait to be written.
    imagine_layers, imagine_b_scan, imagine_slo, classify : bool
        A model is there that can, and the scan has what it needs.
    project_model : bool
        The engine that segments can be made the project's.
    imagined : bool
        Something imagined lies over the B-scan shown, or over the SLO for it.
    offered : bool
        A change is offered, or is being worked out.
    why : mapping of str to str
        Why something that does not hold does not, in a sentence, by its name.
    """

    scan: bool = False
    editable: bool = False
    ready: bool = False
    running: bool = False
    undo: bool = False
    redo: bool = False
    unsaved: bool = False
    imagine_layers: bool = False
    imagine_b_scan: bool = False
    imagine_slo: bool = False
    imagined: bool = False
    classify: bool = False
    project_model: bool = False
    offered: bool = False
    always: bool = True
    why: Mapping[str, str] = field(default_factory=dict)

    def allow(self, action: Action) -> bool:
        """Return whether `action` can be used now."""
        return bool(getattr(self, action.when.value))

    def reason(self, action: Action) -> str:
        """Return why `action` cannot be used now, as far as there is more to say."""
        return "" if self.allow(action) else self.why.get(action.when.value, "")


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do.

    Attributes
    ----------
    key : str
        ``"menu.what"``, stable.
    text : str
        In menus and the palette.
    tooltip : str
        One sentence.
    calls : str
        Method of :class:`~mirage_viewer.commands.Commands`.
    shortcuts : tuple of str
        Qt key sequences, the first is shown; every action of the table has one.
    menu : Menu
    group : int
        Actions of one group stand together between separators.
    icon : str
        Name in :data:`mirage_viewer.theme.ICONS`.
    when : When
    checkable : bool
        Then the method is called with the new state.
    argument : str or None
        Passed to the method.
    submenu : str
        Title of a menu within `menu` that it stands in, empty for none.
    toolbar : str
        Short text on the toolbar, empty if it is not there.
    keywords : str
        Other words by which people may search for it.
    """

    key: str
    text: str
    tooltip: str
    calls: str
    shortcuts: tuple[str, ...]
    menu: Menu
    group: int = 0
    icon: str = ""
    when: When = When.ALWAYS
    checkable: bool = False
    argument: str | None = None
    toolbar: str = ""
    submenu: str = ""
    keywords: str = ""


class UnknownActionError(KeyError):
    """No action has this key."""

    def __str__(self) -> str:
        return str(self.args[0])


class ActionRegistry:
    """Actions by key, in the order of the menus.

    Parameters
    ----------
    actions : iterable of Action
    toolbar : tuple of tuples of str
        Keys of the actions on the toolbar, in groups.

    Raises
    ------
    ValueError
        If two actions share a key or a shortcut, or the toolbar names one without a short text.
    """

    def __init__(
        self, actions: Iterable[Action], toolbar: tuple[tuple[str, ...], ...] = ()
    ) -> None:
        self._actions: dict[str, Action] = {}
        taken: dict[str, str] = {}
        for action in actions:
            if action.key in self._actions:
                raise ValueError(f"two actions are called {action.key!r}")
            for shortcut in action.shortcuts:
                other = taken.setdefault(shortcut.lower(), action.key)
                if other != action.key:
                    raise ValueError(f"{shortcut} is a shortcut of {other} and {action.key}")
            self._actions[action.key] = action
        self.toolbar = tuple(tuple(self[key] for key in group) for group in toolbar)
        shown = {a.key for group in self.toolbar for a in group}
        if shown != {a.key for a in self if a.toolbar}:
            raise ValueError("the toolbar and the actions that have a toolbar text differ")

    def __iter__(self) -> Iterator[Action]:
        return iter(self._actions.values())

    def __len__(self) -> int:
        return len(self._actions)

    def __getitem__(self, key: str) -> Action:
        try:
            return self._actions[key]
        except KeyError:
            near = difflib.get_close_matches(key, self._actions, 1)
            offer = f"; did you mean {near[0]!r}?" if near else ""
            raise UnknownActionError(f"no action {key!r}{offer}") from None

    def menu(self, menu: Menu) -> tuple[Action, ...]:
        """Return the actions of one menu, groups together."""
        return tuple(sorted((a for a in self if a.menu is menu), key=lambda a: a.group))

    def search(self, words: str) -> list[Action]:
        """Return the actions that fit `words`, best first; all of them for no words.

        Every word must occur in an action's text, keywords or tooltip, letter after letter if
        not as a whole; whole words and beginnings of words count most.
        """
        wanted = words.lower().split()
        scored = []
        for place, action in enumerate(self):
            scores = [_fit(word, action) for word in wanted]
            if all(score > 0 for score in scores):
                scored.append((-sum(scores), place, action))
        return [action for _, _, action in sorted(scored, key=lambda s: s[:2])]


def _fit(word: str, action: Action) -> float:
    text = action.text.lower().replace("&", "")
    for found, score in (
        (text.startswith(word), 5.0),
        (any(t.startswith(word) for t in text.split()), 4.0),
        (word in text, 3.0),
        (any(t.startswith(word) for t in action.keywords.lower().split()), 2.5),
        (word in action.tooltip.lower(), 1.0),
        (_in_order(word, text), 0.5),
    ):
        if found:
            return score
    return 0.0


def _in_order(letters: str, text: str) -> bool:
    rest = iter(text)
    return all(letter in rest for letter in letters)


assert {w.value for w in When} == {f.name for f in fields(Circumstances)} - {"why"}
