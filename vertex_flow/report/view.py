"""Where what a run is doing is shown."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime, timezone
from types import TracebackType

from vertex_flow.report.activity import Activity


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(timezone.utc)


class View(ABC):
    """Shows what a run is doing, from `with view:` to the end of the block.

    This docstring is the source of truth for views: `say` may be called at any time, also before
    and after the block; `show` and `tick` inside it only.
    """

    @abstractmethod
    def say(self, line: str) -> None:
        """Say a line besides, that stays to be read."""

    @abstractmethod
    def show(self, activity: Activity) -> None:
        """Show what the run is doing now."""

    def tick(self) -> None:  # noqa: B027 - lines say what is new only
        """Show how time goes by; called about once a second while nothing new is known."""

    def __enter__(self) -> View:
        return self

    def __exit__(  # noqa: B027 - lines need no end
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave on the screen how it ended; an error means that the run was left, or failed."""
