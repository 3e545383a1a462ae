"""EngineDesk: what engines do for one window, one run at a time, and why something cannot be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from psygnal import Signal

from mirage_viewer.actions import When
from mirage_viewer.background import Background
from mirage_viewer.classifying import Classifying
from mirage_viewer.engine_run import EngineRun
from mirage_viewer.engines import Engines
from mirage_viewer.explaining import Explaining
from mirage_viewer.imagining import WISHES, Imagining, Wish
from mirage_viewer.library import ModelLibrary
from mirage_viewer.messages import Message
from mirage_viewer.opening import OpenScan
from mirage_viewer.pair_run import PairRun, Question
from mirage_viewer.segmentation import Segmentation
from mirage_viewer.settings import Settings
from mirage_viewer.workers import Workers

_WHENS = {
    "layers": When.IMAGINE_LAYERS,
    "b_scan": When.IMAGINE_B_SCAN,
    "slo": When.IMAGINE_SLO,
}
_WHAT = {"bscan": "B-scan", "slo": "SLO image"}


class EngineDesk:
    """Engines, their runs and their models.

    Signals
    -------
    changed()
        A run began, got on or ended, or there are other engines.
    said(Message)

    Attributes
    ----------
    users : list of callable
        Others who may use a model; each says whether it uses the one called so.
    """

    changed: ClassVar[Signal] = Signal()
    said: ClassVar[Signal] = Signal(Message)

    def __init__(self, background: Background, settings: Settings, workers: Workers) -> None:
        self._workers = workers
        self.users: list[Callable[[str], bool]] = []
        self.engines = Engines(background, settings)
        self.segmentation = Segmentation(background, workers)
        self.imagining = Imagining(background, workers)
        self.classifying = Classifying(background, workers)
        self.explaining = Explaining(background, workers)
        self.pair = PairRun(background, workers)
        self.library = ModelLibrary(background, workers, self.in_use)
        self.engines.changed.connect(self.changed.emit)
        self.engines.said.connect(self.said.emit)
        for run in self._runs:
            run.changed.connect(self.changed.emit)
            run.said.connect(self.said.emit)
        self.library.stored_changed.connect(self._stored_changed)

    @property
    def _runs(self) -> tuple[EngineRun, ...]:
        return self.segmentation, self.imagining, self.classifying, self.explaining, self.pair

    @property
    def run(self) -> EngineRun | None:
        """The run that goes on, None if none does."""
        return next((run for run in self._runs if run.running), None)

    def in_use(self, engine: str) -> bool:
        """Return whether the engine called `engine` is at work."""
        return any(run.uses(engine) for run in self._runs) or any(
            uses(engine) for uses in self.users
        )

    def cancel(self) -> None:
        """Cancel the run that goes on."""
        run = self.run
        if run is not None:
            run.cancel()

    def close(self) -> None:
        """End everything at once."""
        for run in self._runs:
            run.close()
        self.library.close()
        self._workers.close()

    def another_scan(self) -> None:
        """What was worked out to look at belongs to a scan that is no longer shown."""
        self.imagining.forget()
        self.classifying.forget()
        self.explaining.forget()
        self.pair.forget()

    # ------------------------------------------------------------------ starting

    def segment(
        self,
        target: OpenScan,
        engine: str,
        b_scans: tuple[int, ...] | None,
        *,
        overwrite: bool,
    ) -> None:
        """Segment `b_scans` of `target`, None for all."""
        how = self.engines.how(engine)
        self.segmentation.start(target, engine, b_scans, how, overwrite=overwrite)

    def imagine(self, target: OpenScan | None, what: str, b: int) -> None:
        """Imagine `what`, a key of WISHES, for B-scan `b` of `target`, unless something runs."""
        wish = WISHES[what]
        imaginer = self.engines.imaginer(wish.domain, wish.given)
        if target is not None and imaginer is not None and self.run is None:
            name = imaginer.info.name
            self.imagining.start(target, name, wish, b, self.engines.how(name))

    def classify(self, target: OpenScan, b_scans: tuple[int, ...]) -> None:
        """Classify `b_scans` of `target`, unless something runs."""
        model = self.engines.classifier
        if model is not None and self.run is None:
            self.classifying.start(target, model.name, b_scans, self.engines.how(model.name))

    def explain(self, target: OpenScan, engine: str, b: int, label: str) -> None:
        """Ask what speaks for a class on B-scan `b` of `target`, unless something runs."""
        if self.run is None:
            self.explaining.start(target, engine, b, label, self.engines.how(engine))

    def ask(self, target: OpenScan, questions: Sequence[Question]) -> None:
        """Let engines segment `target` only to look at what they find, unless something runs."""
        if self.run is None:
            self.pair.start(target, questions)

    # ------------------------------------------------------------------ what can be done

    def why_not(self, opened: OpenScan | None) -> dict[str, str]:
        """Return why the actions that need a model cannot be used, by :class:`When`."""
        reasons = {_WHENS[key]: self._why_not(wish, opened) for key, wish in WISHES.items()}
        reasons[When.CLASSIFY] = self._general(opened) or (
            "" if self.engines.classifiers else "No model here classifies; Models… can get one."
        )
        return {str(when): reason for when, reason in reasons.items() if reason}

    def _general(self, opened: OpenScan | None) -> str:
        if opened is None:
            return "Open a scan first."
        if self.engines.listing is None:
            return "The models are still being looked for."
        return "Another run goes on; wait for it or cancel it." if self.run is not None else ""

    def _why_not(self, wish: Wish, opened: OpenScan | None) -> str:
        general = self._general(opened)
        if general or opened is None:
            return general
        if not self.engines.imaginers:
            return "No model here imagines images; Models… can get one."
        if self.engines.imaginer(wish.domain, wish.given) is None:
            return f"No model here imagines a {wish.title} from the {_WHAT[wish.given]}."
        if "slo" in (wish.domain, wish.given) and opened.scan.slo is None:
            return "This scan has no SLO image."
        return ""

    def _stored_changed(self, _id: str) -> None:
        self.engines.refresh()
