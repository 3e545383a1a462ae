"""ModelWindows: ties the models dialog, the classes and the imagined pictures to the desk."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mirage_viewer.canvas import CLASS_COLORS, Overlay
from mirage_viewer.classes_window import ClassesWindow
from mirage_viewer.engines import always_there
from mirage_viewer.imagining import Imagined, Place
from mirage_viewer.messages import Message
from mirage_viewer.models_dialog import ModelsDialog, UnsaidForm
from mirage_viewer.panels.imagined import ImaginedControls
from mirage_viewer.panels.segment import EngineChoice

if TYPE_CHECKING:
    from mirage_core.engines.base import EngineInfo
    from mirage_viewer.controller import Desk
    from mirage_viewer.model_tasks import Told
    from mirage_viewer.workbench import Workbench


class ModelWindows:
    """What the window shows of engines and models; it makes the dialogs when first wanted.

    The window keeps it; signals hold it only weakly.
    """

    def __init__(self, window: Workbench, desk: Desk) -> None:
        self.w, self.d = window, desk
        self.dialog: ModelsDialog | None = None
        self.classes: ClassesWindow | None = None
        self._shown: dict[Place, Imagined | None] | None = None
        self._pixels: object = None
        models = desk.models
        desk.scan_changed.connect(self.scan_changed)
        desk.b_changed.connect(self.show_imagined)
        models.engines.changed.connect(self.engines_changed)
        models.changed.connect(self.run_changed)
        models.imagining.arrived.connect(self.imagined)
        models.classifying.classified.connect(self.classified)
        models.library.said.connect(self.tell)
        models.library.asked.connect(self.ask_more)
        models.library.listed.connect(self.listed)
        models.library.busy_changed.connect(self.library_busy)
        models.library.offered.connect(self.offered)
        models.library.stored_changed.connect(self.stored_changed)
        panel = window.segment_panel
        panel.engine_picked.connect(models.engines.choose)
        panel.mode_picked.connect(models.engines.choose_mode)
        panel.device_picked.connect(models.engines.choose_device)
        panel.project_picked.connect(desk.project_model.use_chosen)
        desk.project_model.changed.connect(self.show_project)
        self.controls = ImaginedControls(window.image_widget)
        self.controls.blended.connect(self.blend)
        self.controls.remove_requested.connect(window.commands.remove_imagined)
        window.correct_panel.tool_changed.connect(self.show_or_hide)
        self.blend(self.controls.blend)
        self.engines_changed()

    # ------------------------------------------------------------------ engines

    def engines_changed(self) -> None:
        """Offer the engines there are."""
        engines, settings = self.d.models.engines, self.d.settings
        listed = engines.listing.segmenters if engines.listing is not None else ()
        choices = [_choice(info) for info in listed] or [
            EngineChoice(*known) for known in always_there().items()
        ]
        panel = self.w.segment_panel
        panel.set_engines(choices, engines.chosen)
        panel.set_how(settings.mode, settings.device)
        self.show_project()
        self._fill_imaginers()
        self._fill_classes()

    def show_project(self) -> None:
        """Show whether the engine chosen is the project's, and offer to make it so."""
        model = self.d.project_model
        self.w.segment_panel.show_project(offered=not model.why_not, own=model.in_use)
        self.w.qt_actions.check("scan.project_model", model.in_use)

    def _fill_imaginers(self) -> None:
        """Let the model that imagines be chosen where there are several."""
        engines = self.d.models.engines
        menu = self.w.imaginer_menu
        menu.clear()
        chosen = self.d.settings.imaginer
        names = [i.info.name for i in engines.imaginers]
        for imaginer in engines.imaginers:
            name = imaginer.info.name
            entry = menu.addAction(imaginer.info.title.replace("&", "&&"))
            entry.setCheckable(True)
            entry.setChecked(name == (chosen if chosen in names else names[0]))
            entry.triggered.connect(lambda _=False, n=name: engines.choose_imaginer(n))
        menu.menuAction().setVisible(len(names) > 1)

    # ------------------------------------------------------------------ imagined pictures

    def run_changed(self) -> None:
        """Show how far a run is, where it is not the segment panel's to say."""
        self.show_imagined()
        if self.classes is not None:
            run = self.d.models.classifying
            progress = run.progress.fraction if run.progress is not None else 0.0
            words = f"Classifying: {progress:.0%}" if progress else "Loading the model…"
            self.classes.show_state(words if run.running else "")
            self._fill_ready()

    def scan_changed(self) -> None:
        """The images are those of another session, maybe of another scan."""
        opened = self.d.open_scan
        pixels = opened.scan.pixels if opened is not None else None
        if pixels is not self._pixels:
            for topic in ("imagine", "imagined", "classify"):
                self.w.messages.hush(topic)  # they speak of the scan that was shown before
            if self.classes is not None:
                self.classes.forget()
        self._pixels, self._shown = pixels, None
        self.show_imagined()

    def show_imagined(self) -> None:
        """Lay what was imagined for the B-scan shown over the images."""
        imagining, b = self.d.models.imagining, self.d.b
        shown = {place: imagining.of(b, place) for place in Place}
        if shown == self._shown:
            return
        self._shown = shown
        on_b_scan, on_slo = shown[Place.B_SCAN], shown[Place.SLO]
        self.w.canvas.set_imagined(b, _overlay(on_b_scan))
        self.w.slo.set_imagined(b, _overlay(on_slo))
        titles = [picture.wish.title for picture in shown.values() if picture is not None]
        self.controls.show_pictures(titles, _classes_of(on_b_scan))
        self.w.qt_actions["imagine.remove"].setEnabled(bool(titles))

    def imagined(self, b: int) -> None:
        """Something was imagined, to be looked at: put the tool down, or say where it is."""
        if b == self.d.b:
            self.w.correct_panel.choose_tool("")
        else:
            go = partial(self.d.show_b_scan, b)
            text = f"What was imagined lies on B-scan {b + 1}."
            self.w.show_message(Message(text, topic="imagined", action="Go there", do=go))

    def show_or_hide(self) -> None:
        """Hide imagined pictures on a bare image, and under a tool: only real images are traced."""
        bare = self.w.qt_actions["view.clean"].isChecked()
        tool = self.d.runner.tool if self.d.runner is not None else None
        self.w.canvas.set_imagined_visible(not bare and tool is None)
        self.w.slo.set_imagined_visible(not bare)
        self.controls.say_hidden("while a tool is in hand (V puts it down)" if tool else "")

    def blend(self, opacity: float) -> None:
        """Show imagined pictures so strongly."""
        self.w.canvas.set_imagined_opacity(opacity)
        self.w.slo.set_imagined_opacity(opacity)

    # ------------------------------------------------------------------ classes

    def show_classes(self) -> None:
        """Open the window of class probabilities."""
        if self.classes is None:
            self.classes = ClassesWindow(self.w)
            self.classes.classify_requested.connect(lambda whole: self.classify(whole=whole))
            self.classes.model_picked.connect(self.d.models.engines.choose_classifier)
            self.classes.b_scan_picked.connect(self.d.show_b_scan)
            self.classes.forget()
            self.w.explain.follow(self.classes)
            self._fill_classes()
        self.classes.show()
        self.classes.raise_()
        self.classes.activateWindow()

    def classify(self, *, whole: bool) -> None:
        """Classify the volume, or the B-scan shown."""
        opened = self.d.open_scan
        if opened is not None:
            self.d.hush("classify")
            every = tuple(range(opened.scan.n_b_scans))
            self.d.models.classify(opened, every if whole else (self.d.b,))

    def classified(self, classes: object) -> None:
        """Show what came of a classification."""
        self.show_classes()
        assert self.classes is not None
        self.classes.show_classes(classes)

    def _fill_classes(self) -> None:
        if self.classes is not None:
            engines = self.d.models.engines
            chosen = engines.classifier
            models = [(info.name, info.title) for info in engines.classifiers]
            self.classes.set_models(models, chosen.name if chosen is not None else "")
            self._fill_ready()

    def _fill_ready(self) -> None:
        assert self.classes is not None
        why = self.d.circumstances.why.get("classify", "")
        self.classes.set_ready(not why, why)

    # ------------------------------------------------------------------ models

    def show_models(self) -> None:
        """Open the models dialog."""
        library = self.d.models.library
        if self.dialog is None:
            dialog = self.dialog = ModelsDialog(self.w)
            dialog.import_requested.connect(library.import_file)
            dialog.export_requested.connect(library.export)
            dialog.rename_requested.connect(library.rename)
            dialog.remove_requested.connect(library.remove)
            dialog.verify_requested.connect(library.verify)
            dialog.download_opened.connect(self.show_download)
            dialog.download_page.look_up_requested.connect(library.look_up)
            dialog.download_page.download_requested.connect(library.download)
            dialog.work.cancel_requested.connect(library.cancel)
            self.library_busy()
        library.refresh()
        self.dialog.show()
        self.dialog.raise_()
        self.dialog.activateWindow()
        self.dialog.show_models()

    def show_download(self) -> None:
        """Show the page that asks before a download."""
        from mirage_core.model.store.hub import KNOWN, is_offline

        assert self.dialog is not None
        self.dialog.show_download(tuple(KNOWN), offline=is_offline())

    def ask_more(self, path: Path, why: str, known: Told) -> None:
        """Let the user say what a file of weights does not."""
        there = self.dialog is not None and self.dialog.isVisible()
        form = UnsaidForm(path, why, known, self.dialog if there else self.w)
        form.told.connect(self.d.models.library.import_file)
        form.show()

    def listed(self, entries: tuple) -> None:
        """List the models."""
        if self.dialog is not None:
            self.dialog.set_entries(entries)

    def stored_changed(self, id: str) -> None:
        """A model came, changed or went."""
        if self.dialog is not None:
            self.dialog.choose_next(id)
            self.dialog.show_models()

    def offered(self, offer: object, consent: object) -> None:
        """The hub answered: show what it has and its terms."""
        if self.dialog is not None:
            self.dialog.download_page.show_offer(offer, consent)

    def library_busy(self) -> None:
        """Show what is done with files of models."""
        library = self.d.models.library
        if self.dialog is not None:
            self.dialog.show_work(
                library.busy if library.working else "",
                library.progress.fraction if library.progress is not None else None,
                cancelling=library.cancelling,
            )

    def tell(self, message: Message) -> None:
        """Say how work on models ended: in the dialog if it is there to be seen."""
        if self.dialog is not None and self.dialog.isVisible():
            self.dialog.show_message(message)
        else:
            self.w.show_message(message)

    def repaint_icons(self) -> None:
        """Draw the icons in the theme's colours again."""
        for part in (self.controls, self.dialog, self.classes):
            if part is not None:
                part.repaint_icons()


def _choice(info: EngineInfo) -> EngineChoice:
    finds = ", ".join((*info.surfaces, *info.mask_classes)) or "layers"
    eyes = "B-scan and SLO image" if info.uses_slo else "B-scan"
    return EngineChoice(
        info.name,
        info.title,
        f"{info.title}\nFinds {finds}\nLooks at the {eyes}",
        info.modes,
        info.needs_weights,
    )


def _overlay(picture: Imagined | None) -> Overlay | None:
    if picture is None:
        return None
    return Overlay(picture.image, picture.inside, picture.model, picture.is_map)


def _classes_of(picture: Imagined | None) -> list[int]:
    if picture is None or not picture.is_map:
        return []
    counts = np.bincount(picture.image.ravel(), minlength=len(CLASS_COLORS))
    return [int(n) for n in np.flatnonzero(counts[: len(CLASS_COLORS)])]
