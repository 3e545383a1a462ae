"""ProjectModel: the engine that new segmentations use in the project that is open. No Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol

from psygnal import Signal

from mirage_viewer.background import Background
from mirage_viewer.engines import Engines
from mirage_viewer.messages import Level, Message, from_error
from mirage_viewer.projects import Projects

if TYPE_CHECKING:
    from mirage_core.project import Project
    from mirage_core.project.default_engine import DefaultEngine

TOPIC = "project model"


class Place(Protocol):
    """Whose window it is: the desk."""

    projects: Projects

    @property
    def author(self) -> str:
        """Who edits."""
        ...

    def say(self, message: Message) -> None:
        """Tell the user."""
        ...

    def hush(self, topic: str) -> None:
        """Take back what was told."""
        ...


class ProjectModel:
    """The project's engine: chosen when the project is opened, set by whoever works on it.

    Signals
    -------
    changed()
        Another one, or it can be set now.

    Attributes
    ----------
    default : DefaultEngine or None
        Of the project in use.
    """

    changed: ClassVar[Signal] = Signal()

    def __init__(self, place: Place, engines: Engines, background: Background) -> None:
        self._place = place
        self._engines = engines
        self._background = background
        self._followed: Project | None = None
        self._told = ""
        self.default: DefaultEngine | None = None
        engines.changed.connect(self._look_for_it)

    # ------------------------------------------------------------------ what there is

    @property
    def in_use(self) -> bool:
        """Whether the engine that segments is the project's."""
        return self.default is not None and self.default.name == self._engines.chosen

    @property
    def why_not(self) -> str:
        """Why the engine that segments cannot be made the project's; empty if it can."""
        project = self._place.projects.current
        if project is None:
            return "Open a scan or a project first."
        if project.read_only:
            return "This project can only be read."
        if self._engines.listing is None:
            return "The models are still being looked for."
        return ""

    def follow(self) -> None:
        """Choose the engine of the project in use, if it is another project than before."""
        projects = self._place.projects
        if projects.current is not self._followed:
            self._followed = projects.current
            self._take(projects.engine)

    def look(self) -> None:
        """Read it again: who else works on the project may have chosen another."""
        self.follow()
        project = self._followed
        if project is None:
            return

        def done(found: DefaultEngine | None) -> None:
            if project is self._followed and found != self.default:
                self._take(found)

        self._background.run(project.default_engine.get, done, self._report)

    # ------------------------------------------------------------------ setting it

    def use_chosen(self, on: bool) -> None:
        """Make the engine that segments the project's, or none."""
        if not on:
            self._keep(None)
            return
        name = self._engines.chosen
        info = self._engines.info(name)
        self.use(name, info.title if info is not None else name)

    def use(self, name: str, title: str) -> None:
        """Segment in this project with an engine from now on; nothing happens if it is read only.

        Parameters
        ----------
        name, title : str
        """
        from mirage_core.project.default_engine import DefaultEngine

        self._keep(DefaultEngine(name, title))

    def _keep(self, engine: DefaultEngine | None) -> None:
        project, author = self._place.projects.current, self._place.author
        if project is None or project.read_only:
            self.changed.emit()
            return

        def done(_nothing: None) -> None:
            if project is not self._place.projects.current:
                return
            # What segments stays what it is when the project no longer says.
            self._followed, self.default = project, engine
            if engine is None:
                self._engines.choose(self._engines.chosen)
                text = "This project sets no model any more; each grader's own choice counts."
            else:
                self._engines.use_for_project(engine.name)
                text = f"{engine.title} segments in this project from now on, whoever works on it."
            self._say(text, "The project's log keeps who chose it.")
            self.changed.emit()

        self._background.run(lambda: project.default_engine.set(engine, author), done, self._report)

    # ------------------------------------------------------------------ following

    def _take(self, found: DefaultEngine | None) -> None:
        self.default, self._told = found, ""
        self._place.hush(TOPIC)
        self._engines.use_for_project(found.name if found is not None else "")
        self._look_for_it()
        self.changed.emit()

    def _look_for_it(self) -> None:
        """Say it if the project's engine is not on this computer."""
        default, listing = self.default, self._engines.listing
        if default is None or listing is None or not listing.segmenters:
            return
        if self._engines.info(default.name) is not None:
            if self._told:
                self._told = ""
                self._place.hush(TOPIC)
            return
        instead = self._engines.info(self._engines.chosen)
        if instead is not None and self._told != default.name:
            self._told = default.name
            self._say(
                f"This project's model, {default.title}, is not on this computer; "
                f"{instead.title} is used instead.",
                level=Level.WARNING,
            )

    def _say(self, text: str, hint: str = "", level: Level = Level.INFO) -> None:
        self._place.say(Message(text, hint, level, TOPIC))

    def _report(self, error: Exception) -> None:
        message = from_error(error, TOPIC)
        if message is None:
            raise error
        self._place.say(message)
        self.changed.emit()
