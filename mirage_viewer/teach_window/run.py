"""RunCard: a model learns: how far it is, two plots, and the buttons that steer it."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QProgressBar, QPushButton, QSizePolicy

from mirage_viewer.panels.widgets import Card, label, row
from mirage_viewer.teach_window.plot import Line, LinePlot
from mirage_viewer.teaching import words
from mirage_viewer.teaching.progress import FINAL, RunProgress
from mirage_viewer.theme import icon

_NO_LOSS = "The loss is drawn here as the model learns."
_NO_SCORE = "Shown while the gain is measured on held-out B-scans."
NOT_BEGUN = "Nothing is being taught."


class RunCard(Card):
    """The second step.

    Signals
    -------
    pause_requested(bool)
        Hold, or go on.
    stop_requested(), cancel_requested()
    go_on_requested(), again_requested()
        After a run was cancelled or failed: go on with it, or put it away.
    """

    pause_requested = Signal(bool)
    stop_requested = Signal()
    cancel_requested = Signal()
    go_on_requested = Signal()
    again_requested = Signal()

    def __init__(self) -> None:
        super().__init__("2  Watch it learn")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        self.phase = label(NOT_BEGUN)
        self.phase.setWordWrap(True)
        self.left = label("", "muted")
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.loss = LinePlot("optimiser step", "Loss")
        self.score = LinePlot("optimiser step", "Held-out score, 0 to 1", (0.0, 1.0))
        self.memory = label("", "small")
        self.notes = label("", "warning")
        self.notes.setWordWrap(True)
        self.pause = _button("Pause", "Hold after the step at hand; correcting needs no pause")
        self.pause.setCheckable(True)
        self.stop = _button(
            "Stop early, keep the best", "End the training and take the best so far"
        )
        self.cancel = _button("Cancel", "End it without a model; it can be gone on with later")
        self.go_on = _button("Go on from where it stopped", "From the last checkpoint")
        self.again = _button(
            "Choose anew", "It can be gone on with the next time the program starts"
        )
        self.header.addWidget(self.left)
        self.body.addWidget(self.phase)
        self.body.addWidget(self.bar)
        self.body.addLayout(row(self.loss, self.score, spacing=14))
        self.body.addWidget(self.notes)
        self.body.addLayout(
            row(self.memory, 1, self.go_on, self.again, self.pause, self.stop, self.cancel)
        )
        self.pause.toggled.connect(self._paused)
        self.stop.clicked.connect(self.stop_requested)
        self.cancel.clicked.connect(self.cancel_requested)
        self.go_on.clicked.connect(self.go_on_requested)
        self.again.clicked.connect(self.again_requested)
        self.show_progress(RunProgress(), 0.0)
        self.show_running(False)
        self.show_over("", can_go_on=False)
        self.repaint_icons()

    def show_running(
        self,
        running: bool,
        *,
        pausing: bool = False,
        stopping: bool = False,
        cancelling: bool = False,
    ) -> None:
        """Show which buttons have a meaning now."""
        for button in (self.pause, self.stop, self.cancel):
            button.setVisible(running)
            button.setEnabled(not cancelling)
        self.stop.setEnabled(not (cancelling or stopping))
        self.pause.blockSignals(True)
        self.pause.setChecked(pausing)
        self.pause.blockSignals(False)
        self.pause.setText("Go on" if pausing else "Pause")

    def show_progress(
        self,
        told: RunProgress,
        fraction: float,
        notes: tuple[str, ...] = (),
        *,
        running: bool = False,
    ) -> None:
        """Show how far a run is, and what is left while it goes on; `notes` are to be known."""
        self.bar.setValue(round(1000 * fraction))
        left = told.left_s if running else None
        self.left.setText(f"about {words.duration(left)} left" if left is not None else "")
        held = words.memory(told.memory_bytes, told.gpu_bytes)
        self.memory.setText(" · ".join(part for part in (told.device, held) if part))
        self.notes.setText("\n".join(notes))
        self.notes.setVisible(bool(notes))
        self.loss.show_lines(_loss_lines(told), _NO_LOSS)
        self.score.show_lines(_score_lines(told), _NO_SCORE)

    def show_phase(self, text: str) -> None:
        """Say what is being done."""
        self.phase.setText(text)

    def show_over(self, text: str, *, can_go_on: bool) -> None:
        """Say how a run without a result ended, ``""`` if none did."""
        self.go_on.setVisible(can_go_on)
        self.again.setVisible(bool(text))
        if text:
            self.phase.setText(text)

    def repaint_icons(self) -> None:
        """Draw the icons in the theme's colours again."""
        self.pause.setIcon(icon("pause"))
        self.stop.setIcon(icon("check"))
        self.cancel.setIcon(icon("stop"))
        self.loss.update()
        self.score.update()

    def _paused(self, on: bool) -> None:
        self.pause_requested.emit(on)


def _loss_lines(told: RunProgress) -> tuple[Line, ...]:
    """Return the loss of the model to come, and thinner those of models that only measure."""
    measuring = [
        Line(points, "muted", width=1.0) for name, points in told.losses.items() if name != FINAL
    ]
    if measuring:
        measuring[-1] = Line(measuring[-1].points, "muted", "to measure the gain", 1.0)
    name = "the model" if measuring else ""
    return (*measuring, Line(told.losses.get(FINAL, {}), "accent", name))


def _score_lines(told: RunProgress) -> tuple[Line, ...]:
    gain = told.gain
    name = "while it learns" if gain is None else ""
    lines = [Line(points, "accent", name) for points in told.scores.values()]
    if gain is not None:
        after = "good" if gain.get("beats_parent") else "error"
        for name, color in (("before", "warning"), ("after", after)):
            value = gain.get(f"score_{name}")
            if value is not None:
                lines.append(Line({0: value}, color, f"{name} {value:.3f}", level=True))
    return tuple(lines)


def _button(text: str, tooltip: str) -> QPushButton:
    made = QPushButton(text)
    made.setToolTip(tooltip)
    made.setAutoDefault(False)
    return made
