"""`mirage models import` and `download`: how models come to this computer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from mirage_core.cli.console import (
    CommandError,
    DebugFlag,
    JsonFlag,
    failures,
    print_json,
    stderr,
    stdout,
)
from mirage_core.cli.models_ask import ask, is_terminal
from mirage_core.cli.progress import progress_bar

if TYPE_CHECKING:
    from mirage_core.model.store.card import ModelCard
    from mirage_core.model.store.consent import Consent
    from mirage_core.model.store.hub import Offer
    from mirage_core.model.store.store import ModelStore

_INTERRUPTED = 130
_POLL_S = 0.1

TitleOption = Annotated[
    str, typer.Option(help="What to call the model; else the name of its file or repository.")
]


def import_file(
    path: Annotated[
        Path, typer.Argument(help="A checkpoint (.pth, .safetensors), or an exported model.")
    ],
    title: TitleOption = "",
    labels: Annotated[
        Path | None,
        typer.Option(help="INFO.json the model was trained with: names the classes of its head."),
    ] = None,
    heads: Annotated[
        int | None, typer.Option(min=1, help="Attention heads, where the file does not tell.")
    ] = None,
    decoder_heads: Annotated[int | None, typer.Option(min=1, help="Of its decoders.")] = None,
    segmenter_heads: Annotated[
        int | None, typer.Option(min=1, help="Of its Segmenter head.")
    ] = None,
    variant: Annotated[
        str, typer.Option(help="Of an encoder that is not MIRAGE's, where several look alike.")
    ] = "",
    as_json: JsonFlag = False,
    debug: DebugFlag = False,
) -> None:
    """Take a file of weights into the store, converted and checked."""
    with failures(as_json, debug):
        from mirage_core.io.label_info import read_label_info
        from mirage_core.jobs.import_model import Unsaid
        from mirage_core.model.store.store import ModelStore

        if not path.is_file():
            raise CommandError(f"There is no file at {path}.", "Check its name.")
        store = ModelStore()
        named = read_label_info(labels) if labels is not None else None
        unsaid = Unsaid(heads, decoder_heads, segmenter_heads, variant, named)
        card = _import(store, path, title, quiet=as_json, unsaid=unsaid)
        _tell(store, card, as_json)


def download(
    name: Annotated[
        str, typer.Argument(help="mirage-base, mirage-large, or owner/name of a repository.")
    ],
    title: TitleOption = "",
    file: Annotated[str, typer.Option(help="File of the repository.")] = "",
    revision: Annotated[str, typer.Option(help="Branch, tag or commit.")] = "main",
    endpoint: Annotated[str, typer.Option(help="Address of another hub.")] = "",
    accept_terms: Annotated[
        bool, typer.Option("--accept-terms", help="Agree to the terms without being asked.")
    ] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Do not use the network.")] = False,
    as_json: JsonFlag = False,
    debug: DebugFlag = False,
) -> None:
    """Get weights from the hub, after showing the terms and asking."""
    with failures(as_json, debug):
        from mirage_core.model.store.hub import DEFAULT_FILE, look_up
        from mirage_core.model.store.store import ModelStore

        offer = look_up(
            name,
            file=file or DEFAULT_FILE,
            revision=revision,
            endpoint=endpoint or None,
            offline=offline,
        )
        store = ModelStore()
        there = store.find(offer.sha256)
        if there is not None:
            stderr().print(f"These weights are here already, as {there.card.id}.")
            _tell(store, there.card, as_json)
            return
        consent = _consent(offer, accept_terms)
        weights = _fetch(offer, consent, store, quiet=as_json)
        card = _import(
            store,
            weights,
            title or offer.title,
            quiet=as_json,
            terms=offer.terms,
            hub=offer.origin,
            sha256=offer.sha256,
        )
        weights.unlink(missing_ok=True)
        _tell(store, card, as_json)


def _consent(offer: Offer, accepted: bool) -> Consent:
    """Show the terms and return the agreement to them, an earlier one if the text is the same."""
    from mirage_core.model.store.consent import Consents

    consents = Consents()
    given = consents.find(offer.terms)
    say = stderr().print
    say(
        f"[bold]{escape(offer.repo)}[/] {escape(offer.file)}, {offer.size_bytes / 1e6:.1f} MB, "
        f"from {escape(offer.endpoint)}"
    )
    if given is not None:
        say(f"You agreed to its terms on {given.given:%Y-%m-%d}; they have not changed.")
        return given
    say(f"[bold]Terms: {escape(offer.terms.title)}[/]\n\n{escape(offer.terms.shown)}\n")
    if not accepted:
        if not is_terminal():
            raise CommandError(
                "Nobody was asked to agree to these terms, so nothing was downloaded.",
                "Read them, and use --accept-terms if you agree.",
            )
        if not ask("Do you agree to these terms, and shall the file be downloaded?"):
            raise CommandError("You did not agree to the terms, so nothing was downloaded.")
    return consents.record(offer.terms)


def _fetch(offer: Offer, consent: Consent, store: ModelStore, *, quiet: bool) -> Path:
    from mirage_core.model.store.download import fetch

    with progress_bar("Downloading", 1.0, quiet=quiet) as advance:
        try:
            return fetch(offer, consent, store.downloads, advance)
        except KeyboardInterrupt:
            stderr().print(
                "Stopped. What has arrived is kept for two weeks; the same command goes on from "
                "there."
            )
            raise typer.Exit(_INTERRUPTED) from None


def _import(store: ModelStore, path: Path, title: str, *, quiet: bool, **known: Any) -> ModelCard:
    """Run the import in a worker, where the libraries it needs and its memory end with it."""
    from mirage_core.jobs import LocalExecutor, WorkerDiedError, submit
    from mirage_core.jobs.import_model import import_model

    with (
        progress_bar("Importing", 1.0, quiet=quiet) as advance,
        LocalExecutor() as executor,
    ):
        job = submit(executor, import_model, path, title or None, store.folder, **known)
        try:
            while not job.wait(_POLL_S):
                advance(job.progress().fraction)
        except KeyboardInterrupt:
            job.cancel()
            job.wait()
            raise
    try:
        card: ModelCard = job.result()
    except WorkerDiedError as error:
        raise CommandError(
            "The file could not be imported: its worker ended without a result.",
            "It may need more memory than is free; close other programs and try again.",
        ) from error
    return card


def _tell(store: ModelStore, card: ModelCard, as_json: bool) -> None:
    from mirage_core.cli.models_words import model_fields, notes

    model = store.get(card.id)
    if as_json:
        print_json(model_fields(model))
        return
    stdout().print(f"{escape(card.id)}: {escape(card.title)} is in {escape(str(model.folder))}")
    for note in (*notes(card), card.terms.notice):
        stderr().print(f"[yellow]Note:[/] {escape(note)}")
