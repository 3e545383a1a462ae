"""Teaching from beginning to end: what is taught, measured, kept and put into the model store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mirage_core.model.checkpoints.native import save_native
from mirage_core.model.devices import choose_device, device_title
from mirage_core.model.store.card import WEIGHTS_FILE, ModelCard
from mirage_core.model.store.scheme import LayerScheme
from mirage_core.model.store.store import ModelStore, StoredModel
from mirage_core.training.finetune.batches import Batches
from mirage_core.training.finetune.cache import FeatureCache
from mirage_core.training.finetune.card import taught_card
from mirage_core.training.finetune.checkpoints import Weights
from mirage_core.training.finetune.comparison import write_comparison
from mirage_core.training.finetune.concerns import concerns
from mirage_core.training.finetune.config import FinetuneConfig
from mirage_core.training.finetune.errors import TeachCancelledError
from mirage_core.training.finetune.events import EventLog, Listeners, Teller, Wish
from mirage_core.training.finetune.examine import Examiner, load_parent, parent_plan
from mirage_core.training.finetune.front import CutModel
from mirage_core.training.finetune.gain import Gain, HeldOut, gain
from mirage_core.training.finetune.labelled import LabelledBScan, TeachingData
from mirage_core.training.finetune.lesson import LessonRun
from mirage_core.training.finetune.lora import fold_lora
from mirage_core.training.finetune.objective import make_objective
from mirage_core.training.finetune.predict import Found, find, opinion
from mirage_core.training.finetune.pupil import load_pupil
from mirage_core.training.finetune.record import begin, check_same
from mirage_core.training.finetune.rehearsal import rehearsed
from mirage_core.training.finetune.sharpening import reread
from mirage_core.training.finetune.split import FINAL, Lesson, curriculum
from mirage_core.training.finetune.square import SquareMaker
from mirage_core.training.finetune.syllabus import syllabus
from mirage_core.training.finetune.trainer import Kept, Trainer, wear
from mirage_core.training.finetune.views import make_views

MODEL = "model"
"""Folder, in that of a run, of the taught model in the program's own format."""
_CACHE = "features"
_WATCHED = 4
"""Held-out B-scans at most that are looked at on the way, for the plot."""


@dataclass(frozen=True)
class TeachResult:
    """What came of teaching.

    Attributes
    ----------
    card : ModelCard
        Of the taught model: as it is in the store, where it was put into one.
    folder : Path
        Of the run; the model is in ``model`` below it.
    gain : Gain or None
        None if nothing could be measured.
    notes : tuple of str
        What was said on the way.
    """

    card: ModelCard
    folder: Path
    gain: Gain | None
    notes: tuple[str, ...] = ()

    @property
    def suggested(self) -> bool:
        """Whether the model is to be offered in place of its parent."""
        return self.gain is not None and bool(self.gain.beats_parent)


def teach(
    data: TeachingData,
    base: StoredModel,
    config: FinetuneConfig,
    folder: Path,
    *,
    title: str = "",
    store: ModelStore | None = None,
    resume: bool = False,
    device: str = "auto",
    listeners: Listeners | None = None,
) -> TeachResult:
    """Teach a model from corrected B-scans.

    Parameters
    ----------
    data : TeachingData
    base : StoredModel
    config : FinetuneConfig
    folder : Path
        Gets ``config.json``, ``metrics.jsonl``, checkpoints, ``held_out.npz`` and ``model``.
    title : str
        What to call the model; by default after its parent.
    store : ModelStore, optional
        Gets the model too.
    resume : bool
        Go on with the run in `folder`.
    device : str
        ``auto``, ``cuda``, ``mps`` or ``cpu``.
    listeners : Listeners, optional

    Raises
    ------
    TeachError
        If it cannot begin or go on.
    TeachCancelledError
        If it was cancelled; `folder` holds a checkpoint.
    DeviceError
        If there is no such device.
    CheckpointError
        If the base model's weights are damaged.
    ExportError
        If the disk refuses; the last checkpoint stays.
    ModelStoreError
        If the store refuses the model.
    """
    run = _Run(data, base, config, folder, device, listeners or Listeners())
    run.open(resume)
    weights, scheme = run.teach()
    return run.conclude(weights, scheme, title or f"{base.card.title}, taught", store)


class _Run:
    def __init__(
        self,
        data: TeachingData,
        base: StoredModel,
        config: FinetuneConfig,
        folder: Path,
        device: str,
        listeners: Listeners,
    ) -> None:
        self._data, self._base, self._config, self._folder = data, base, config, folder
        self._device = choose_device(device)
        self._curriculum = curriculum(data, config)
        self._plan = syllabus(base.card, data, config)
        self._parent = parent_plan(base.card, data)
        self._rehearsed: tuple[LabelledBScan, ...] = ()
        steps = sum(Batches(x.train, config).n_steps for x in self._curriculum.lessons)
        looks = len(self._to_ask()) + self._n_to_rehearse + len(self._curriculum.measured)
        self._teller = Teller(listeners, EventLog(folder), steps, looks)
        self._cache = FeatureCache(
            folder / _CACHE, config.cache_memory_bytes, config.cache_disk_bytes
        )
        self._opinions: dict[int, LabelledBScan] = {}
        self._after: dict[int, Found] = {}
        self._held_out: list[HeldOut] = []
        self._examiner = Examiner.of(data, self._plan, {}, self._device)
        self._notes: list[str] = []

    def open(self, resume: bool) -> None:
        """Make or check the folder, and say what there is to say."""
        fingerprint = self._data.fingerprint()
        base = self._base.card.weights_sha256 or ""
        (check_same if resume else begin)(self._folder, self._config, fingerprint, base)
        config, lessons = self._config, self._curriculum.lessons
        self._teller.tell(
            "plan",
            b_scans=len(self._data),
            patients=len(self._data.patients),
            surfaces=list(self._plan.surfaces),
            lesions=list(self._plan.lesions),
            lessons=len(lessons),
            steps=self._teller.steps.n,
            measured=len(self._curriculum.measured),
            device=device_title(self._device),
            head=config.head,
            trained=config.trained,
            resumed=resume,
        )
        for note in (*concerns(self._data, config.gap_b_scans), *self._curriculum.notes):
            self._note(note)

    def teach(self) -> tuple[Weights, LayerScheme]:
        """Go through all lessons; return what is kept."""
        self._rehearsed = self._to_rehearse()
        self._ask_parent()
        kept: tuple[Weights, LayerScheme] | None = None
        for lesson in self._curriculum.lessons:
            if kept is not None and self._teller.listeners.wish() is Wish.STOP:
                self._note("Stopped before all was measured, as asked.")
                break
            result = self._learn(lesson)
            if lesson.name == FINAL:
                kept = result
        assert kept is not None
        return kept

    def conclude(
        self, weights: Weights, scheme: LayerScheme, title: str, store: ModelStore | None
    ) -> TeachResult:
        """Write the model with its card, and what it was measured by."""
        gained = gain(self._examiner.what, self._held_out)
        for note in self._examiner.moved(self._after):
            self._note(note)
        final = next(lesson for lesson in self._curriculum.lessons if lesson.name == FINAL)
        card = taught_card(
            self._base.card,
            self._plan,
            scheme,
            self._data,
            self._config,
            title[:200],
            final.train,
            self._after,
            gained,
            self._teller.seconds,
            self._curriculum.notes,
        )
        pupil = load_pupil(self._base, self._plan, self._config)
        wear(pupil, weights)
        fold_lora(pupil)
        card = save_native(pupil.model, card, self._folder / MODEL, overwrite=True)
        write_comparison(
            self._folder, [self._examiner.compared(row, f) for row, f in self._after.items()]
        )
        if store is not None:
            same = store.find(card.weights_sha256 or "")
            card = same.card if same else store.add(card, self._folder / MODEL / WEIGHTS_FILE)
        self._cache.clear()
        self._teller.tell(
            "done",
            model=card.id,
            title=card.title,
            gain=None if gained is None else gained.as_fields(),
            seconds=self._teller.seconds,
        )
        self._teller.listeners.report(1.0)
        return TeachResult(card, self._folder, gained, tuple(self._notes))

    def _ask_parent(self) -> None:
        """Have the base model say what it thinks of every B-scan that it is to be asked about."""
        plan, asked = self._parent, (*self._to_ask(), *self._again)
        if plan is None or not asked:
            return
        parent = load_parent(self._base).to(self._device)
        test, before = set(self._curriculum.measured), {}
        self._teller.begin()
        for i in asked:
            self._obey()
            b_scan = self._b_scan(i)
            if i in test:
                before[i] = find(parent, plan, b_scan, self._device)
            if self._has_prior:
                self._opinions[i] = opinion(parent, plan, b_scan, self._device)
            self._teller.looked()
        self._examiner = Examiner.of(self._data, self._plan, before, self._device)

    @property
    def _has_prior(self) -> bool:
        return self._plan.keeps_head and self._config.prior_weight > 0

    def _to_ask(self) -> list[int]:
        """Return the B-scans of the data that the base model is asked about."""
        if self._parent is None:
            return []
        lessons = self._curriculum.lessons
        train = {i for x in lessons for i in x.train} if self._has_prior else set()
        return sorted({*self._curriculum.measured, *train})

    @property
    def _n_to_rehearse(self) -> int:
        return self._config.rehearsal if self._parent is not None and self._has_prior else 0

    def _to_rehearse(self) -> tuple[LabelledBScan, ...]:
        """Return simulated B-scans on which the base model's opinions are to be kept."""
        n = self._n_to_rehearse
        return rehearsed(n, self._plan.scheme.mask_classes, self._obey) if n else ()

    @property
    def _again(self) -> tuple[int, ...]:
        """Numbers of the B-scans that are rehearsed."""
        n = len(self._data)
        return tuple(range(n, n + len(self._rehearsed)))

    def _b_scan(self, i: int) -> LabelledBScan:
        """Return a B-scan by its number: of the data, then of the rehearsal."""
        n = len(self._data)
        return self._data.b_scans[i] if i < n else self._rehearsed[i - n]

    def _learn(self, lesson: Lesson) -> tuple[Weights, LayerScheme]:
        pupil = load_pupil(self._base, self._plan, self._config)
        trainer = self._trainer(pupil, lesson)

        def check() -> float:
            with trainer.as_learnt() as learnt:
                return self._examiner.check(learnt, lesson.val)

        def watch() -> float:
            with trainer.as_learnt() as learnt:
                return self._examiner.check(learnt, lesson.test, _WATCHED)

        run = LessonRun(
            lesson.name,
            trainer,
            self._folder / lesson.name,
            self._teller,
            check if lesson.val else None,
            watch if lesson.test and not lesson.val else None,
        )
        weights, finished = run.learn()
        wear(pupil, weights)
        taught = [self._data.b_scans[i] for i in lesson.train]
        scheme = self._plan.scheme
        if self._plan.keeps_head:
            scheme = reread(pupil, self._plan, taught, self._device)
        if finished or lesson.name == FINAL:
            self._measure(pupil, scheme, lesson.test)
        return weights, scheme

    def _trainer(self, pupil: CutModel, lesson: Lesson) -> Trainer:
        config, plan, data = self._config, self._plan, self._data
        ignored: tuple[int, ...] = ()
        if plan.own_classes and data.info is not None and config.ignore_invalid:
            ignored = data.info.containing(["invalid"])
        maker = SquareMaker(
            plan.scheme,
            plan.normalisation,
            plan.own_classes,
            ignored,
            config.prior_weight if plan.keeps_head else 0.0,
        )

        def known(i: int) -> tuple[LabelledBScan, LabelledBScan | None]:
            if i < len(data):
                return data.b_scans[i], self._opinions.get(i)
            return self._opinions[i], None

        weights = f"{self._base.card.weights_sha256} {pupil.n_frozen} {plan.normalisation.value}"
        return Trainer(
            config,
            pupil,
            not plan.keeps_head,
            make_objective(plan.scheme, config.ce_weight, maker.prior_weight),
            make_views(config.augmentation, maker, known, plan.side, config.seed),
            Batches(lesson.train, config, self._again),
            Kept(self._cache, weights, lambda i: self._b_scan(i).image_sha256),
            self._device,
        )

    def _measure(self, pupil: CutModel, scheme: LayerScheme, rows: Sequence[int]) -> None:
        self._teller.begin()
        for row in rows:
            self._obey()
            after = self._examiner.found(pupil, scheme, row)
            self._after[row] = after
            self._held_out.append(self._examiner.held_out(row, after))
            self._teller.looked()

    def _obey(self) -> None:
        if self._teller.listeners.cancelled():
            raise TeachCancelledError

    def _note(self, text: str) -> None:
        self._notes.append(text)
        self._teller.note(text)
