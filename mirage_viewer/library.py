"""ModelLibrary: the models on this computer, and everything done with their files. No Qt.

Long work runs in a worker process, one piece at a time; the rest in the background.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from psygnal import Signal

from mirage_core.places import models_dir
from mirage_viewer import model_tasks
from mirage_viewer.background import Background
from mirage_viewer.errand import Errand
from mirage_viewer.messages import Level, Message, from_error
from mirage_viewer.model_tasks import Told
from mirage_viewer.workers import Workers

if TYPE_CHECKING:
    from mirage_core.jobs import Job, Progress
    from mirage_core.model.store.card import ModelCard
    from mirage_core.model.store.consent import Consent
    from mirage_core.model.store.hub import Offer
    from mirage_core.model.store.store import BrokenModel, StoredModel

    Entry = StoredModel | BrokenModel

_TOPIC = "models"
_ASKS = "Give "
"""How the hint of an error begins that the user can settle by saying more of the file."""
_NOTHING = Told()


class ModelLibrary:
    """Lists, imports, downloads, exports, renames, removes and checks models.

    Parameters
    ----------
    background : Background
    workers : Workers
    in_use : callable
        Asked with the id of a model; True while it is at work.

    Signals
    -------
    listed(tuple)
        The models, those that cannot be used among them.
    stored_changed(str)
        The store changed; id of the model that is new or different, ``""`` if one went.
    offered(Offer, object)
        What the hub has, and the Consent given earlier to the same terms, or None.
    busy_changed()
        Something long began, got on, or ended.
    asked(Path, str, Told)
        The user wants to say what the file at this path does not: why, and what is known so far.
    said(Message)
    """

    listed: ClassVar[Signal] = Signal(tuple)
    stored_changed: ClassVar[Signal] = Signal(str)
    offered: ClassVar[Signal] = Signal(object, object)
    busy_changed: ClassVar[Signal] = Signal()
    asked: ClassVar[Signal] = Signal(object, str, object)
    said: ClassVar[Signal] = Signal(Message)

    def __init__(
        self, background: Background, workers: Workers, in_use: Callable[[str], bool]
    ) -> None:
        self._background = background
        self._workers = workers
        self._in_use = in_use
        self._errand = Errand(background)
        self._errand.changed.connect(self.busy_changed.emit)
        self.busy = ""

    # ------------------------------------------------------------------ what is going on

    @property
    def working(self) -> bool:
        """True while something long is done; :attr:`busy` says what."""
        return self._errand.running

    @property
    def cancelling(self) -> bool:
        """True while what was cancelled winds down."""
        return self._errand.cancelling

    @property
    def progress(self) -> Progress | None:
        """How far it is."""
        return self._errand.progress

    def cancel(self) -> None:
        """Stop what is going on; nothing of it stays."""
        self._errand.cancel()

    def close(self) -> None:
        """Stop at once, for the end of the program."""
        self._errand.close()

    # ------------------------------------------------------------------ quick

    def refresh(self) -> None:
        """Read the list of models."""

        def read() -> tuple[Entry, ...]:
            from mirage_core.model.store.store import ModelStore

            return ModelStore().list()

        self._background.run(read, self.listed.emit, self._failed)

    def rename(self, id: str, title: str) -> None:
        """Give a model another title."""

        def work() -> ModelCard:
            from mirage_core.model.store.store import ModelStore

            return ModelStore().rename(id, title)

        self._background.run(work, lambda _card: self._changed(id), self._failed)

    def remove(self, id: str, title: str) -> None:
        """Remove a model and its weights from this computer."""
        if self._in_use(id):
            self._say(f"{title} is at work.", "Wait for the run to end, or cancel it.", bad=True)
            return

        def work() -> None:
            from mirage_core.model.store.store import ModelStore

            self._workers.end_idle()
            ModelStore().remove(id)

        def done(_nothing: None) -> None:
            self._say(f"{title} was removed from this computer.")
            self._changed("")

        self._background.run(work, done, self._failed)

    # ------------------------------------------------------------------ long

    def import_file(self, path: Path, told: Told = _NOTHING) -> None:
        """Take a checkpoint or an exported model into the store, with what the user says of it."""

        def arrived(card: ModelCard) -> None:
            if not nameless(card):
                self._arrived(card)
                return
            why = f"What the classes of {card.title} are, the file does not say."
            self._changed(card.id)
            known = replace(told, instead_of=card.id)
            hint = "It segments once they are named."
            self.said.emit(self._question(path, why, hint, known, "Name them…", Level.WARNING))

        def failed(error: Exception) -> None:
            message = from_error(error, _TOPIC)
            if message is None or not message.hint.startswith(_ASKS):
                self._failed(error)
                return
            words, hint = message.text, message.hint
            self.said.emit(self._question(path, words, hint, told, "Say more…", message.level))

        self._start(
            f"Importing {path.name}",
            model_tasks.import_weights,
            (path, models_dir(), told),
            arrived,
            "Import cancelled; the models are as they were.",
            failed,
        )

    def _question(
        self, path: Path, why: str, hint: str, told: Told, action: str, level: Level
    ) -> Message:
        def ask() -> None:
            self.asked.emit(path, why, told)

        return Message(why, hint, level, _TOPIC, action, ask)

    def look_up(self, name: str) -> None:
        """Ask the hub what `name` stands for and under which terms; fetches no weights."""

        def done(offer: Offer) -> None:
            def found(known: tuple[Consent | None, str]) -> None:
                consent, there = known
                if there:
                    self._say(f"These weights are here already, as {there}.")
                else:
                    self.offered.emit(offer, consent)

            self._background.run(lambda: _known(offer), found, self._failed)

        self._start(
            f"Asking for {name}", model_tasks.look_up_weights, (name,), done, "Nothing was fetched."
        )

    def download(self, offer: Offer, title: str = "") -> None:
        """Fetch what was offered; call only once its terms were shown and accepted."""

        def agreed(consent: Consent) -> None:
            self._start(
                f"Downloading {offer.repo}",
                model_tasks.download_weights,
                (offer, consent, title, models_dir()),
                self._arrived,
                "Download cancelled; nothing of it was kept.",
            )

        self._background.run(lambda: _agree(offer), agreed, self._failed)

    def export(self, id: str, target: Path) -> None:
        """Write a model with its card into the file `target`."""

        def done(notice: str) -> None:
            self._say(f"Exported to {target}", notice)

        self._start(
            f"Exporting {target.name}",
            model_tasks.export_weights,
            (id, target, models_dir()),
            done,
            "Export cancelled; nothing was written.",
        )

    def verify(self, id: str, title: str) -> None:
        """Check that a model's weights are those of its card."""

        def done(card: ModelCard) -> None:
            self._say(
                f"{title} is unchanged.", f"SHA-256 {card.weights_sha256} is that of its card."
            )

        self._start(
            f"Checking {title}",
            model_tasks.verify_weights,
            (id, models_dir()),
            done,
            "The check was cancelled.",
        )

    def _start(
        self,
        words: str,
        task: Callable[..., Any],
        args: tuple[Any, ...],
        done: Callable[[Any], object],
        cancelled: str,
        failed: Callable[[Exception], object] | None = None,
    ) -> None:
        if self._errand.running:
            return
        self.busy = words

        def submit(**listeners: Any) -> Job:
            return self._workers.run_on_files(task, *args, **listeners)

        self._errand.start(submit, done, failed or self._failed, lambda: self._say(cancelled))

    def _arrived(self, card: ModelCard) -> None:
        from mirage_core.engines.mirage.info import engine_info

        able = set(engine_info(card).tasks) - {"embed"}
        what = "is ready to use" if able else "is here, to fine-tune: it has no usable head yet"
        self._say(f"{card.title} {what}.", card.terms.notice)
        self._changed(card.id)

    # ------------------------------------------------------------------ telling

    def _changed(self, id: str) -> None:
        self.stored_changed.emit(id)
        self.refresh()

    def _say(self, text: str, hint: str = "", *, bad: bool = False) -> None:
        self.said.emit(Message(text, hint, Level.ERROR if bad else Level.INFO, _TOPIC))

    def _failed(self, error: Exception) -> None:
        message = from_error(error, _TOPIC)
        if message is None:
            reason = (str(error) or type(error).__name__).splitlines()[0]
            message = Message(f"That did not work: {reason}", "", Level.ERROR, _TOPIC)
        self.said.emit(message)


def nameless(card: ModelCard) -> bool:
    """Return whether a model segments, but what its classes are nobody has said."""
    return card.spec.head is not None and (card.scheme is None or not card.scheme.strata)


def _known(offer: Offer) -> tuple[Consent | None, str]:
    """Return the earlier agreement to these terms, and the title of the model if it is here."""
    from mirage_core.model.store.consent import Consents
    from mirage_core.model.store.store import ModelStore

    there = ModelStore().find(offer.sha256)
    return Consents().find(offer.terms), there.card.title if there is not None else ""


def _agree(offer: Offer) -> Consent:
    from mirage_core.model.store.consent import Consents

    consents = Consents()
    return consents.find(offer.terms) or consents.record(offer.terms)
