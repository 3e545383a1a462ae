"""ModelStore: a folder of models, ``<folder>/<id>/{card.json, weights.safetensors}``.

Beside them it knows those that come with the program, which can be used and passed on like any.
"""

from __future__ import annotations

import contextlib
import difflib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from pydantic import ValidationError

from mirage_core.io.atomic import atomic_file, atomic_folder, explain_os_error
from mirage_core.model.store import archive
from mirage_core.model.store.card import (
    CARD_FILE,
    WEIGHTS_FILE,
    ModelCard,
    read_card,
)
from mirage_core.model.store.copying import (
    Cancelled,
    Report,
    copy_hashed,
    file_sha256,
    never,
    silent,
)
from mirage_core.model.store.errors import ModelStoreError
from mirage_core.model.store.folders import TEMPORARY, clear_leftovers, may_be_model, reserve
from mirage_core.model.store.header import read_header
from mirage_core.model.store.shipped import shipped_folders
from mirage_core.places import models_dir, shipped_models_dir

_DOWNLOADS = ".downloads"


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A model that can be used: its card and its folder; `shipped` if it came with the program."""

    card: ModelCard
    folder: Path
    shipped: bool = False

    @property
    def weights(self) -> Path:
        """The file of weights."""
        return self.folder / WEIGHTS_FILE


@dataclass(frozen=True, slots=True)
class BrokenModel:
    """A folder in the store that cannot be used, and why."""

    id: str
    folder: Path
    reason: str


class ModelStore:
    """The models on this computer. Every change happens wholly or not at all.

    Parameters
    ----------
    folder : Path, optional
        Of the models that were added; by default where the program keeps them.
    shipped : Path, optional
        Of those that came with the program. They stay as they are.
    """

    def __init__(self, folder: Path | None = None, shipped: Path | None = None) -> None:
        self.folder = Path(folder) if folder is not None else models_dir()
        self._shipped = shipped_folders(shipped if shipped is not None else shipped_models_dir())

    @property
    def downloads(self) -> Path:
        """Where a download is kept until it is whole and imported."""
        return self.folder / _DOWNLOADS

    @contextlib.contextmanager
    def workspace(self) -> Iterator[Path]:
        """Give a folder on the store's drive that is removed at the end, whatever happens.

        Raises
        ------
        ExportError
            If the store cannot be written.
        """
        clear_leftovers(self.folder)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            folder = tempfile.TemporaryDirectory(prefix=TEMPORARY, dir=self.folder)
        except OSError as error:
            raise explain_os_error(error, self.folder) from error
        with folder as path:
            yield Path(path)

    def list(self) -> tuple[StoredModel | BrokenModel, ...]:
        """Return all models, by id, then shipped ones; those that cannot be used say why.

        Raises
        ------
        ModelStoreError
            If the store's folder cannot be read.
        """
        try:
            added = [f for f in sorted(self.folder.iterdir()) if may_be_model(f)]
        except FileNotFoundError:
            added = []
        except OSError as error:
            raise self._unreadable(error) from error
        return tuple(self._entry(f) for f in (*added, *self._shipped.values()))

    def models(self) -> tuple[StoredModel, ...]:
        """Return the models that can be used: by id, then shipped ones."""
        return tuple(m for m in self.list() if isinstance(m, StoredModel))

    def added(self) -> tuple[StoredModel, ...]:
        """Return the models that can be used and did not come with the program, by id."""
        return tuple(m for m in self.models() if not m.shipped)

    def get(self, id: str) -> StoredModel:
        """Return the model called `id`.

        Raises
        ------
        ModelStoreError
            If there is none, or it cannot be used.
        """
        entries = {m.folder.name: m for m in self.list()}
        entry = entries.get(id)
        if entry is None:
            near = difflib.get_close_matches(id, entries, 1)
            offer = f"Did you mean {near[0]!r}?" if near else "mirage models list shows all."
            raise ModelStoreError(f"There is no model {id!r}.", offer)
        if isinstance(entry, BrokenModel):
            raise ModelStoreError(
                f"The model {id!r} cannot be used. {entry.reason}",
                "Remove it and import it again.",
                entry.folder,
            )
        return entry

    def find(self, sha256: str) -> StoredModel | None:
        """Return the model whose weights, or the file they were read from, have this SHA-256."""
        for model in self.models():
            if sha256 in (model.card.weights_sha256, model.card.origin.sha256):
                return model
        return None

    def add(
        self,
        card: ModelCard,
        weights: Path,
        report: Report = silent,
        cancelled: Cancelled = never,
        *,
        take: bool = False,
    ) -> ModelCard:
        """Put a file of weights into the store under `card`.

        Parameters
        ----------
        card : ModelCard
        weights : Path
            A safetensors file.
        report, cancelled
            Told the fraction done; asked between pieces.
        take : bool
            Move the file instead of copying it; it must lie on the store's drive, as one in
            :attr:`downloads` does. If the store refuses it, it is gone as well.

        Returns
        -------
        ModelCard
            As it is stored: with checksum and size, and another id if its own was taken.

        Raises
        ------
        ModelStoreError
            If the file is no safetensors file or not the one the card speaks of.
        ExportError
            If the store cannot be written.
        CancelledError
        """
        read_header(weights)
        size = weights.stat().st_size

        def fill(target: Path) -> str:
            if take:
                weights.replace(target)
                return file_sha256(target, report, cancelled)
            with weights.open("rb") as source, target.open("wb") as copy:
                return copy_hashed(source, copy, size, report, cancelled)

        return self._add(card, fill, size)

    def remove(self, id: str) -> None:
        """Remove a model, or what is left of one.

        Raises
        ------
        ModelStoreError
            If there is none, it came with the program, its folder holds other files, or it is
            in use.
        """
        self.check_removable(id)
        folder = self.folder / id
        try:
            if folder.is_symlink():
                folder.unlink()
                return
            if {f.name for f in folder.iterdir()} - {CARD_FILE, WEIGHTS_FILE}:
                raise ModelStoreError(
                    "The folder of this model holds other files and is left as it is.",
                    "Move them elsewhere, or remove the folder yourself.",
                    folder,
                )
            # Renamed first, so that no half of a model is ever seen.
            doomed = self.folder / f"{TEMPORARY}{uuid4().hex}"
            folder.rename(doomed)
        except OSError as error:
            raise ModelStoreError(
                f"The model {id!r} cannot be removed: {error.strerror or type(error).__name__}.",
                "Close the programs that use it, and try again.",
                folder,
            ) from error
        shutil.rmtree(doomed, ignore_errors=True)

    def check_removable(self, id: str) -> None:
        """Raise ModelStoreError if there is no model `id`, or it came with the program."""
        if self.folder / id not in {m.folder for m in self.list()}:
            self._own(id)

    def rename(self, id: str, title: str) -> ModelCard:
        """Give a model another title; its id stays, since results name it.

        Raises
        ------
        ModelStoreError, ExportError
        """
        model = self._own(id)
        try:
            fields = {**model.card.model_dump(), "title": title.strip()}
            card = ModelCard.model_validate(fields)
        except ValidationError as error:
            raise ModelStoreError(
                f"{title!r} is no title for a model.", "Give 1 to 200 characters."
            ) from error
        with atomic_file(model.folder / CARD_FILE, overwrite=True) as path:
            path.write_bytes(card.as_json())
        return card

    def verify(self, id: str, report: Report = silent, cancelled: Cancelled = never) -> ModelCard:
        """Recompute the SHA-256 of a model's weights and compare it with its card.

        Raises
        ------
        ModelStoreError
            If they differ, or the model cannot be used.
        CancelledError
        """
        model = self.get(id)
        try:
            sha256 = file_sha256(model.weights, report, cancelled)
        except OSError as error:
            raise self._unreadable(error) from error
        if sha256 != model.card.weights_sha256:
            raise ModelStoreError(
                f"The weights of {id!r} are not those of its card: their SHA-256 is {sha256}.",
                "Remove the model and import it again.",
                model.weights,
            )
        return model.card

    def export(
        self,
        id: str,
        target: Path,
        *,
        overwrite: bool = False,
        report: Report = silent,
        cancelled: Cancelled = never,
    ) -> str:
        """Write a model with its card into one file, to be imported elsewhere.

        Returns
        -------
        str
            What its terms say of passing it on, to be shown to whoever does.

        Raises
        ------
        ModelStoreError, ExportError, CancelledError
        """
        model = self.get(id)
        archive.write(model.card, model.weights, target, overwrite, report, cancelled)
        return model.card.terms.notice

    def import_file(
        self, path: Path, report: Report = silent, cancelled: Cancelled = never
    ) -> ModelCard:
        """Take in a file that :meth:`export` wrote, after checking it.

        Raises
        ------
        ModelStoreError
            If it is no such file, was changed or cut short, or its model is here already.
        ExportError
            If the store cannot be written.
        CancelledError
        """
        with archive.opened(path) as (card, weights):
            assert card.weights_sha256 is not None
            self.refuse_repeat(card.weights_sha256)

            def fill(target: Path) -> str:
                with target.open("wb") as copy:
                    return copy_hashed(weights, copy, card.weights_bytes, report, cancelled)

            return self._add(card, fill, card.weights_bytes)

    def refuse_repeat(self, sha256: str) -> None:
        """Raise ModelStoreError if weights of this SHA-256 are in the store."""
        model = self.find(sha256)
        if model is not None:
            raise ModelStoreError(
                f"This model is in the store already, as {model.card.id!r}.",
                "Use that one, or remove it first.",
            )

    def _add(self, card: ModelCard, fill: Callable[[Path], str], size: int) -> ModelCard:
        """Add what `fill` writes; it returns the SHA-256 of that."""
        clear_leftovers(self.folder)
        folder = reserve(self.folder, card.id, taken=self._shipped)
        try:
            with atomic_folder(folder) as fresh:
                sha256 = fill(fresh / WEIGHTS_FILE)
                if card.weights_sha256 not in (None, sha256):
                    raise ModelStoreError(
                        "The weights are not those of their card: they were changed or damaged.",
                        "Copy the file again from where it came.",
                    )
                read_header(fresh / WEIGHTS_FILE)
                stored = {"id": folder.name, "weights_sha256": sha256, "weights_bytes": size}
                card = card.model_copy(update=stored)
                (fresh / CARD_FILE).write_bytes(card.as_json())
        except BaseException:
            with contextlib.suppress(OSError):
                folder.rmdir()
            raise
        return card

    def _own(self, id: str) -> StoredModel:
        """Return the model `id`, or raise ModelStoreError if it is not one that was added."""
        model = self.get(id)
        if model.shipped:
            raise ModelStoreError(f"The model {id!r} came with the program and stays as it is.")
        return model

    def _entry(self, folder: Path) -> StoredModel | BrokenModel:
        try:
            card = read_card(folder / CARD_FILE)
            size = (folder / WEIGHTS_FILE).stat().st_size
        except ModelStoreError as error:
            return BrokenModel(folder.name, folder, error.what)
        except OSError:
            return BrokenModel(folder.name, folder, "Its weights are missing.")
        shipped = self._shipped.get(folder.name)
        if shipped not in (None, folder):
            reason = "A model that came with the program has its name."
        elif card.id != folder.name:
            reason = f"Its folder was renamed; its card says {card.id!r}."
        elif card.weights_sha256 is None or size != card.weights_bytes:
            reason = "Its weights are not the size its card says: they were changed or cut short."
        else:
            return StoredModel(card, folder, shipped == folder)
        return BrokenModel(folder.name, folder, reason)

    def _unreadable(self, error: OSError) -> ModelStoreError:
        return ModelStoreError(
            f"The models cannot be read: {error.strerror or type(error).__name__}.",
            "Check the folder and its drive.",
            self.folder,
        )
