"""ModelCard: what is known of a model beside its weights, and the JSON it is kept as."""

from __future__ import annotations

import json
import re
import unicodedata
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    ValidationError,
    model_validator,
)

from mirage_core.model.spec import HeadKind, ModelSpec, Normalisation
from mirage_core.model.store.errors import ModelStoreError
from mirage_core.model.store.scheme import LayerScheme
from mirage_core.model.store.terms import UNKNOWN, Terms

CARD_FORMAT = 1
"""Version of the JSON; a program reads its own and all older ones."""

CARD_FILE = "card.json"
WEIGHTS_FILE = "weights.safetensors"

MAX_CARD_BYTES = 4 * 1024**2
"""A card is some kB; the rest is room for licence texts."""

_MAX_BLOCKS = 512
"""Ten times the deepest published encoder; bounds what a bad card makes us build."""

_ID = r"^[a-z0-9][a-z0-9-]{0,63}$"
_RESERVED = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)$")  # names Windows keeps for itself

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Part(BaseModel):
    # What a newer program wrote more of the same version is left out, not refused.
    model_config = ConfigDict(frozen=True, extra="ignore")


class HubOrigin(_Part):
    """Where on the hub a file came from."""

    repo: str
    revision: str
    file: str
    endpoint: str


class Origin(_Part):
    """How a model came into the store.

    Attributes
    ----------
    kind : str
        ``file``, ``hub``, ``trained`` or ``shipped``.
    format : str
        Kind of checkpoint it was read from; empty if it was native from the start.
    sha256 : str or None
        Of the file it was read from, which need not be that of the weights kept.
    hub : HubOrigin or None
    notes : tuple of str
        Sentences: what its file did not say and was assumed, and what of it is not used.
    """

    kind: Literal["file", "hub", "trained", "shipped"]
    format: str = ""
    sha256: Sha256 | None = None
    hub: HubOrigin | None = None
    notes: tuple[str, ...] = ()


class TrainingPart(_Part):
    """What one part of a split held.

    Attributes
    ----------
    scans, b_scans : int
    patients : tuple of str
        SHA-256 of pseudonyms, never a pseudonym or a name.
    """

    scans: int = 0
    b_scans: int = 0
    patients: tuple[Sha256, ...] = ()


class TrainingSummary(_Part):
    """What a model was trained on and how.

    Attributes
    ----------
    split : dict
        By part: ``train``, ``val``, ``test``.
    settings : dict
        Recipe, epochs, seed and the like.
    seconds : float
        How long it took.
    """

    split: dict[str, TrainingPart] = Field(default_factory=dict)
    settings: dict[str, str | int | float | bool] = Field(default_factory=dict)
    seconds: FiniteFloat = 0.0


class ModelCard(_Part):
    """What is known of a model.

    Attributes
    ----------
    id : str
        Name of its folder: lower case letters, digits and hyphens.
    title : str
        What users call it.
    spec : ModelSpec
    scheme : LayerScheme or None
        Layers and fluids behind the classes of a segmentation head.
    class_labels : tuple of str
        Names of the classes of a classification head, in its order.
    normalisation : Normalisation
    weights_sha256 : str or None
        Of the file of weights; None until it is in the store.
    weights_bytes : int
        Size of that file.
    parent_sha256 : str or None
        `weights_sha256` of the model this one was fine-tuned from.
    terms : Terms
    origin : Origin
    training : TrainingSummary or None
    metrics : dict
        By name; None where a metric is not defined (no NaN in JSON).
    created : datetime
        With a time zone.
    format_version : int
    """

    id: str = Field(pattern=_ID)
    title: str = Field(min_length=1, max_length=200)
    spec: ModelSpec
    scheme: LayerScheme | None = None
    class_labels: tuple[str, ...] = ()
    normalisation: Normalisation
    weights_sha256: Sha256 | None = None
    weights_bytes: int = Field(default=0, ge=0)
    parent_sha256: Sha256 | None = None
    terms: Terms = UNKNOWN
    origin: Origin
    training: TrainingSummary | None = None
    metrics: dict[str, FiniteFloat | None] = Field(default_factory=dict)
    created: AwareDatetime = Field(default_factory=lambda: datetime.now(UTC))
    format_version: int = CARD_FORMAT

    @model_validator(mode="after")
    def _one_name_per_class(self) -> ModelCard:
        head, classifier = self.spec.head, self.spec.classifier
        if self.scheme is not None and (head is None or head.n_classes != self.scheme.n_classes):
            raise ValueError("the scheme has other classes than the model's segmentation head")
        if self.class_labels and (
            classifier is None or classifier.n_classes != len(self.class_labels)
        ):
            raise ValueError("there are other labels than the model's classification head needs")
        return self

    @model_validator(mode="after")
    def _numbers_of_a_model(self) -> ModelCard:
        spec, head = self.spec, self.spec.head
        widths = [(spec.dim, spec.heads)]
        if spec.decoder is not None:
            widths.append((spec.decoder.dim, spec.decoder.heads))
        if head is not None and head.kind is HeadKind.SEGMENTER:
            widths.append((head.embed, head.heads))
        if any(width < 1 or heads < 1 or width % heads for width, heads in widths):
            raise ValueError("a width of the model is no multiple of its attention heads")
        if not 0 <= spec.depth <= _MAX_BLOCKS:
            raise ValueError("the model has an impossible number of blocks")
        return self

    @property
    def fine_tuned(self) -> bool:
        """Whether its weights were worked out from another model's."""
        return self.parent_sha256 is not None

    def as_json(self) -> bytes:
        """Return the card as the bytes of ``card.json``."""
        return self.model_dump_json(indent=2).encode()


def slug(title: str) -> str:
    """Return an id made of what letters and digits of `title` ASCII has: "Ärzte 2" → "arzte-2"."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:56].rstrip("-")
    return f"model-{name}".rstrip("-") if not name or _RESERVED.match(name) else name


def parse_card(content: bytes, path: Path) -> ModelCard:
    """Return the card that `content` holds; `path` is named in errors.

    Raises
    ------
    ModelStoreError
        If it is no card, or that of a newer program.
    """
    if len(content) > MAX_CARD_BYTES:
        raise ModelStoreError("The card of the model is too large to be one.", path=path)
    try:
        fields = json.loads(content)
        version = fields["format_version"]
        if type(version) is int and version > CARD_FORMAT:
            raise ModelStoreError(
                f"The model was written by a newer version of this program (card format {version}; "
                f"this one reads up to {CARD_FORMAT}).",
                "Update the program to use it.",
                path,
            )
        return ModelCard.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        why = f"its entry {place!r} is missing or wrong" if place else first["msg"]
        raise _damaged(path, why) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _damaged(path, "it is no card in JSON") from error


def read_card(path: Path) -> ModelCard:
    """Read a ``card.json``.

    Raises
    ------
    ModelStoreError
        If it is missing, damaged, or that of a newer program.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_CARD_BYTES + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ModelStoreError(
            f"The card of the model cannot be read: {reason}.",
            "Import the model again.",
            path,
        ) from error
    return parse_card(content, path)


def _damaged(path: Path, why: str) -> ModelStoreError:
    return ModelStoreError(
        f"The card of the model is damaged: {why}.", "Import the model again.", path
    )
