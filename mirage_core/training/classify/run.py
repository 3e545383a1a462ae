"""Teaching classes from beginning to end: what is taught, measured, kept and put into the store."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from mirage_core.io.atomic import atomic_file
from mirage_core.model.checkpoints.native import save_native
from mirage_core.model.classification import ClassificationModel
from mirage_core.model.devices import choose_device, device_title
from mirage_core.model.spec import VolumePool
from mirage_core.model.store.card import WEIGHTS_FILE, ModelCard
from mirage_core.model.store.store import ModelStore, StoredModel
from mirage_core.training.classify import exact
from mirage_core.training.classify.card import class_card
from mirage_core.training.classify.concerns import concerns, same_pictures
from mirage_core.training.classify.config import ClassifyConfig
from mirage_core.training.classify.examples import ClassData, pixels_sha256
from mirage_core.training.classify.features import Bags, FeatureMaker, make_bags
from mirage_core.training.classify.held_out import write_held_out
from mirage_core.training.classify.inputs import InputMaker
from mirage_core.training.classify.learners import (
    HeadLearner,
    Learner,
    WholeLearner,
    probabilities,
)
from mirage_core.training.classify.lesson import ClassLesson, steps_of
from mirage_core.training.classify.pupil import load_pupil, pupil_chain, pupil_spec
from mirage_core.training.classify.record import begin, check_same
from mirage_core.training.classify.report import ClassReport, class_report
from mirage_core.training.classify.split import FINAL, Lesson, folds_of, plan_of
from mirage_core.training.finetune.cache import FeatureCache
from mirage_core.training.finetune.errors import TeachCancelledError
from mirage_core.training.finetune.events import EventLog, Listeners, Teller, Wish

F64 = NDArray[np.float64]

MODEL = "model"
"""Folder, in that of a run, of the taught model in the program's own format."""
REPORT = "report.json"
_CACHE = "features"
_INNER_FOLDS = 4


@dataclass(frozen=True)
class ClassResult:
    """What came of teaching.

    Attributes
    ----------
    card : ModelCard
        Of the taught model: as it is in the store, where it was put into one.
    folder : Path
        Of the run; the model is in ``model`` below it.
    report : ClassReport or None
        None if nothing could be measured.
    notes : tuple of str
        What was said on the way.
    """

    card: ModelCard
    folder: Path
    report: ClassReport | None
    notes: tuple[str, ...] = ()


def teach_classes(
    data: ClassData,
    base: StoredModel,
    config: ClassifyConfig,
    folder: Path,
    *,
    title: str = "",
    store: ModelStore | None = None,
    resume: bool = False,
    device: str = "auto",
    listeners: Listeners | None = None,
) -> ClassResult:
    """Teach a model to tell classes.

    Parameters
    ----------
    data : ClassData
    base : StoredModel
        Any model; its encoder is used.
    config : ClassifyConfig
    folder : Path
        Gets ``config.json``, ``metrics.jsonl``, ``report.json``, ``held_out.csv``, ``model``.
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
        If it was cancelled; what was computed is kept in `folder`.
    ReadError
        If pixels cannot be read.
    DeviceError, CheckpointError, ExportError, ModelStoreError
    """
    run = _Run(data, base, config, folder, device, listeners or Listeners())
    run.open(resume)
    model = run.teach()
    return run.conclude(model, title or f"{base.card.title}, classes", store)


class _Run:
    def __init__(
        self,
        data: ClassData,
        base: StoredModel,
        config: ClassifyConfig,
        folder: Path,
        device: str,
        listeners: Listeners,
    ) -> None:
        self._data, self._base, self._config, self._folder = data, base, config, folder
        self._device = choose_device(device)
        self._plan = plan_of(data, config)
        self._spec = pupil_spec(base.card, data, config)
        self._chain = pupil_chain(base.card)
        self._targets = data.targets()
        self._inputs = InputMaker(self._card("classes"), self._domains)
        self._bags: Bags | None = None
        self._told: dict[int, F64] = {}
        self._notes: list[str] = []
        self._cache = FeatureCache(
            folder / _CACHE, config.cache_memory_bytes, config.cache_disk_bytes
        )
        self._teller = Teller(listeners, EventLog(folder), *self._work())

    @property
    def _domains(self) -> tuple[str, ...]:
        assert self._spec.classifier is not None
        return self._spec.classifier.domains

    @property
    def _is_exact(self) -> bool:
        config = self._config
        attends = self._spec.classifier is not None and (
            self._spec.classifier.volume is VolumePool.ATTENTION
        )
        return config.trained == "head" and config.solver != "adamw" and not attends

    def open(self, resume: bool) -> None:
        """Make or check the folder, and say what there is to say."""
        data, classifier = self._data, self._spec.classifier
        assert classifier is not None
        mine = data.fingerprint(), self._base.card.weights_sha256 or ""
        (check_same if resume else begin)(self._folder, self._config, *mine)
        counts = data.counts()
        self._teller.tell(
            "plan",
            examples=len(data),
            b_scans=data.n_b_scans,
            patients=len(data.patients),
            labels={name: counts[k] for k, name in enumerate(data.labels)},
            multi_label=data.multi_label,
            volume=classifier.volume.value,
            domains=list(self._domains),
            lessons=len(self._plan.lessons),
            steps=self._teller.steps.n,
            measured=len(self._plan.measured),
            device=device_title(self._device),
            trained=self._config.trained,
            resumed=resume,
        )
        for note in (*concerns(data), *self._plan.notes):
            self._note(note)

    def teach(self) -> ClassificationModel:
        """Go through all lessons; return the model that is kept."""
        if self._config.trained == "head":
            self._bags = self._make_bags()
            for note in same_pictures(self._data, list(self._bags.marks)):
                self._note(note)
        kept: ClassificationModel | None = None
        for lesson in self._plan.lessons:
            if kept is not None and self._teller.listeners.wish() is Wish.STOP:
                self._note("Stopped before all was measured, as asked.")
                break
            model = self._learn(lesson)
            if lesson.name == FINAL:
                kept = model
        assert kept is not None
        return kept

    def conclude(
        self, model: ClassificationModel, title: str, store: ModelStore | None
    ) -> ClassResult:
        """Write the model with its card, and what it was measured by."""
        rows = sorted(self._told)
        report = self._report(rows)
        card = class_card(
            self._base.card,
            self._spec,
            self._chain,
            self._data,
            self._config,
            title[:200],
            train=self._plan.lessons[0].train,
            test=rows,
            report=report,
            seconds=self._teller.seconds,
            notes=self._plan.notes,
        )
        card = save_native(model, card, self._folder / MODEL, overwrite=True)
        if store is not None:
            same = store.find(card.weights_sha256 or "")
            card = same.card if same else store.add(card, self._folder / MODEL / WEIGHTS_FILE)
        self._cache.clear()
        self._teller.tell(
            "done",
            model=card.id,
            title=card.title,
            report=None if report is None else report.as_fields(),
            seconds=self._teller.seconds,
        )
        self._teller.listeners.report(1.0)
        return ClassResult(card, self._folder, report, tuple(self._notes))

    def _report(self, rows: Sequence[int]) -> ClassReport | None:
        if not rows:
            return None
        told = np.stack([self._told[i] for i in rows])
        report = class_report(
            told,
            self._targets[rows],
            [self._data.examples[i].patient for i in rows],
            self._data.labels,
            multi_label=self._data.multi_label,
            seed=self._config.seed,
        )
        examples = self._data.examples
        marks = {i: pixels_sha256(examples[i].scan.b_scan(examples[i].b_scans[0])) for i in rows}
        write_held_out(self._folder, self._data, rows, told, marks)
        with atomic_file(self._folder / REPORT, overwrite=True) as fresh:
            fresh.write_text(json.dumps(report.as_fields(), indent=2), encoding="utf-8")
        return report

    def _learn(self, lesson: Lesson) -> ClassificationModel:
        self._obey()
        model = load_pupil(self._base, self._spec, self._config.seed)
        if self._is_exact:
            self._solve(model, lesson)
        else:
            self._descend(model, lesson)
        return model

    def _solve(self, model: ClassificationModel, lesson: Lesson) -> None:
        """Give the head the weights of a logistic regression."""
        assert self._bags is not None
        config, several = self._config, self._data.multi_label
        rows = [*lesson.train, *lesson.val]
        views = [self._bags.mean(v).astype(np.float64) for v in range(len(self._bags.views))]
        strength = exact.choose_strength(
            [view[rows] for view in views],
            self._targets[rows].astype(np.float64),
            self._inner_folds(lesson),
            config.strengths,
            multi_label=several,
            smoothing=config.label_smoothing,
        )
        train = list(lesson.train)
        head = exact.fit(
            np.concatenate([view[train] for view in views]),
            np.concatenate([self._targets[train]] * len(views)),
            strength,
            multi_label=several,
            smoothing=config.label_smoothing,
        )
        with torch.no_grad():
            model.head.weight.copy_(torch.from_numpy(head.weight))
            model.head.bias.copy_(torch.from_numpy(head.bias))
        self._teller.log.forget(lesson.name, 0)
        self._teller.tell("fit", lesson=lesson.name, step=1, strength=strength, n=len(train))
        if lesson.test:
            logits = torch.from_numpy(head.logits(views[0][list(lesson.test)]))
            self._keep(lesson, probabilities(model, logits))

    def _inner_folds(self, lesson: Lesson) -> list[list[int]]:
        """Return which of a lesson's rows, by their places in it, are left out to choose by."""
        n = len(lesson.train)
        if lesson.val:
            return [list(range(n, n + len(lesson.val)))]
        folds = folds_of(self._data, lesson.train, _INNER_FOLDS, self._config.seed + 1)
        place = {row: k for k, row in enumerate(lesson.train)}
        return [[place[row] for row in fold] for fold in folds] if len(folds) > 1 else []

    def _descend(self, model: ClassificationModel, lesson: Lesson) -> None:
        """Teach by gradient steps."""
        learner = self._learner(model, lesson)
        steps = ClassLesson(
            lesson,
            learner,
            self._targets,
            self._config,
            self._folder / lesson.name,
            self._teller,
        )
        steps.learn()
        self._teller.begin()
        answers = []
        for row in lesson.test:
            self._obey()
            answers.append(learner.answers([row]))
            if self._bags is None:
                self._teller.looked()
        if isinstance(learner, HeadLearner):
            learner.finish()
        model.to("cpu").eval()
        if answers:
            self._keep(lesson, probabilities(model, torch.cat(answers)))

    def _learner(self, model: ClassificationModel, lesson: Lesson) -> Learner:
        config = self._config
        if self._bags is not None:
            return HeadLearner(model, self._bags, lesson.train, config.standardise, self._device)
        return WholeLearner(model, self._data, self._inputs, config.most_b_scans, self._device)

    def _keep(self, lesson: Lesson, told: F64) -> None:
        self._told |= dict(zip(lesson.test, told, strict=True))

    def _make_bags(self) -> Bags:
        config = self._config
        model = load_pupil(self._base, self._spec, config.seed).to(self._device)
        maker = FeatureMaker(
            model, self._inputs, self._device, self._cache, self._base.card.weights_sha256 or ""
        )

        def done() -> None:
            self._teller.looked()
            self._obey()

        self._teller.begin()
        return make_bags(self._data.examples, maker, config.views, config.most_b_scans, done)

    def _work(self) -> tuple[int, int]:
        """Return the optimiser steps of the run, and how often something is looked at."""
        config, lessons = self._config, self._plan.lessons
        steps = 0
        if not self._is_exact:
            steps = sum(config.epochs * steps_of(len(x.train), config)[1] for x in lessons)
        if config.trained == "all":
            return steps, len(self._plan.measured)
        n = sum(len(e.chosen(config.most_b_scans)) for e in self._data.examples)
        return steps, n * config.views

    def _card(self, title: str) -> ModelCard:
        return class_card(self._base.card, self._spec, self._chain, self._data, self._config, title)

    def _obey(self) -> None:
        if self._teller.listeners.cancelled():
            raise TeachCancelledError

    def _note(self, text: str) -> None:
        self._notes.append(text)
        self._teller.note(text)
