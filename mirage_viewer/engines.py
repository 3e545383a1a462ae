"""Engines: what can segment, imagine and classify here, and which of them the user chose.

The list is read in the background from the cards of the models; nothing of a model is loaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from psygnal import Signal

from mirage_core.places import models_dir, shipped_models_dir
from mirage_viewer.background import Background
from mirage_viewer.messages import Level, Message, from_error
from mirage_viewer.settings import Settings

if TYPE_CHECKING:
    from mirage_core.engines.base import EngineInfo

STARTER, GRAPH = "starter", "graph"
_TITLES = {STARTER: "Starter model", GRAPH: "Graph search (no weights)"}


def always_there() -> dict[str, str]:
    """Return the titles of the engines that come with the program, by name, the default one first.

    They are offered before the list is read.
    """
    shipped = (shipped_models_dir() / STARTER).is_dir()
    return {name: title for name, title in _TITLES.items() if shipped or name == GRAPH}


@dataclass(frozen=True, slots=True)
class Imaginer:
    """A model that imagines one domain from others; `gives` names the domains it can give."""

    info: EngineInfo
    gives: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """All engines there are, by what they do; `parents` names what a model was taught from."""

    segmenters: tuple[EngineInfo, ...] = ()
    imaginers: tuple[Imaginer, ...] = ()
    classifiers: tuple[EngineInfo, ...] = ()
    parents: Mapping[str, str] = field(default_factory=dict)


class Engines:
    """Keeps the list of engines and the user's choices among them.

    Signals
    -------
    changed()
        The list was read again, or another engine was chosen.
    said(Message)
    """

    changed: ClassVar[Signal] = Signal()
    said: ClassVar[Signal] = Signal(Message)

    def __init__(self, background: Background, settings: Settings) -> None:
        self._background = background
        self._settings = settings
        self._seen: int | None = None
        self._turn = 0
        self._of_project = ""
        self.listing: Listing | None = None

    @property
    def settled(self) -> bool:
        """True once it is known that the chosen engine is there."""
        return self.listing is not None or self.chosen in always_there()

    @property
    def chosen(self) -> str:
        """Name of the engine to segment with; the default one if nobody chose."""
        listed = self.listing.segmenters if self.listing is not None else ()
        # Until the list is read, it may be there.
        if self._of_project and (not listed or self.info(self._of_project) is not None):
            return self._of_project
        first = listed[0].name if listed else next(iter(always_there()))
        return self._settings.engine or first

    def refresh(self) -> None:
        """Read the list again."""
        self._seen = _last_change()
        self._turn += 1
        turn = self._turn

        def listed(listing: Listing) -> None:
            if turn == self._turn:
                self._listed(listing)

        self._background.run(_read, listed, self._failed)

    def look_again(self) -> None:
        """Read the list again if models came or went since; another program may bring them."""
        if self.listing is not None and _last_change() != self._seen:
            self.refresh()

    @property
    def segmenters(self) -> tuple[EngineInfo, ...]:
        """What is known of the engines that segment; none until the list is read."""
        return self.listing.segmenters if self.listing is not None else ()

    def info(self, name: str) -> EngineInfo | None:
        """Return what is known of an engine that segments, None if there is none so called."""
        return next((i for i in self.segmenters if i.name == name), None)

    def choose(self, name: str) -> None:
        """Segment with the engine called `name` from now on, whatever the project says."""
        before, self._of_project = self.chosen, ""
        kept = self._settings.engine
        self._keep("engine", name)
        if kept == name and before != name:
            self.changed.emit()

    def use_for_project(self, name: str) -> None:
        """Segment with the engine of the project in use, if it is there; empty: it has none.

        What the user chose is remembered for other projects.
        """
        if name != self._of_project:
            self._of_project = name
            self.changed.emit()

    def choose_mode(self, mode: str) -> None:
        """Run models ``exact`` or ``fast`` from now on."""
        self._keep("mode", mode)

    def choose_device(self, device: str) -> None:
        """Run models on `device` from now on: ``auto``, ``gpu``, ``cpu``."""
        self._keep("device", device)

    def choose_imaginer(self, name: str) -> None:
        """Imagine with the model called `name` from now on."""
        self._keep("imaginer", name)

    def choose_classifier(self, name: str) -> None:
        """Classify with the model called `name` from now on."""
        self._keep("classifier", name)

    def how(self, name: str) -> dict[str, str]:
        """Return mode and device for a run of the engine called `name`."""
        info = self.info(name)
        fast = info is not None and self._settings.mode in info.modes
        return {
            "mode": self._settings.mode if fast else "exact",
            "device": self._settings.device,
        }

    def imaginer(self, domain: str, given: str) -> Imaginer | None:
        """Return the model that imagines `domain` from `given`: the chosen one if it can."""
        able = [i for i in self.imaginers if domain in i.gives and given in i.info.domains]
        wanted = self._settings.imaginer
        return next((i for i in able if i.info.name == wanted), able[0] if able else None)

    @property
    def imaginers(self) -> tuple[Imaginer, ...]:
        """Models that imagine one domain from others."""
        return self.listing.imaginers if self.listing is not None else ()

    @property
    def classifiers(self) -> tuple[EngineInfo, ...]:
        """Models that classify."""
        return self.listing.classifiers if self.listing is not None else ()

    @property
    def classifier(self) -> EngineInfo | None:
        """The model to classify with: the chosen one, else the first."""
        able, wanted = self.classifiers, self._settings.classifier
        return next((i for i in able if i.name == wanted), able[0] if able else None)

    def _keep(self, name: str, value: str) -> None:
        if getattr(self._settings, name) != value:
            setattr(self._settings, name, value)
            self._settings.save()
            self.changed.emit()

    def _listed(self, listing: Listing) -> None:
        self.listing = listing
        if self._settings.engine not in {"", *(i.name for i in listing.segmenters)}:
            self._settings.engine = ""
            self._settings.save()
            self.said.emit(
                Message(
                    "The model chosen for segmentation is no longer there.",
                    f"{listing.segmenters[0].title} is chosen instead.",
                    topic="engines",
                )
            )
        self.changed.emit()

    def _failed(self, error: Exception) -> None:
        message = from_error(error, "engines")
        if message is None:
            raise error
        # The models may be back tomorrow: the user's choice is kept, this start goes without.
        self.listing = Listing()
        self.changed.emit()
        self.said.emit(Message(message.text, message.hint, Level.WARNING, "engines"))


def _read() -> Listing:
    from mirage_core.engines import engine_infos
    from mirage_core.model.store.store import ModelStore

    cards = {m.card.id: m.card for m in ModelStore().models()}

    def gives(name: str) -> tuple[str, ...]:
        card = cards.get(name)
        decoder = card.spec.decoder if card is not None else None
        return tuple(d.name for d in decoder.domains) if decoder is not None else ()

    imaginers = (Imaginer(info, gives(info.name)) for info in engine_infos("reconstruct"))
    by_weights = {c.weights_sha256: id for id, c in cards.items() if c.weights_sha256}
    parents = {id: by_weights.get(card.parent_sha256 or "") for id, card in cards.items()}
    return Listing(
        engine_infos("segment"),
        tuple(i for i in imaginers if i.gives),
        engine_infos("classify"),
        {id: parent for id, parent in parents.items() if parent is not None},
    )


def _last_change() -> int | None:
    try:
        return models_dir().stat().st_mtime_ns
    except OSError:
        return None
