"""A run in a notebook: a table that changes in its place, and what stands for a run in a cell."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any

from vertex_flow.names import Resource
from vertex_flow.report.activity import Activity, Watch
from vertex_flow.report.html import render
from vertex_flow.report.rows import row, total
from vertex_flow.report.view import View, now
from vertex_flow.texts import plain

if TYPE_CHECKING:
    from vertex_flow.report.snapshot import Snapshot

_LINES = 8  # of the log


class NotebookTable(View):
    """Shows a run as a table in the output of a cell, which changes in its place.

    Args:
        display: Shows representations by MIME type, or with `update` in the place of those with
            the same `display_id`; by default IPython's.
        clock: Gives the time.
    """

    def __init__(
        self,
        display: Callable[..., Any] | None = None,
        *,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._display = display or _ipython()
        self._clock = clock
        self._id = f"vertex-flow-{uuid.uuid4().hex}"
        self._activity: Activity | None = None
        self._drawn: dict[str, str] | None = None
        self._left = ""

    def say(self, line: str) -> None:
        """Say a line in the output of the cell."""
        sys.stdout.write(f"{plain(line)}\n")

    def show(self, activity: Activity) -> None:
        """Show what the run is doing now."""
        self._activity = activity
        self.tick()

    def tick(self) -> None:
        """Show how time goes by."""
        if self._activity is None:
            return
        bundle = _bundle(self._activity, self._clock(), self._left)
        if bundle == self._drawn:
            return
        is_drawn, self._drawn = self._drawn is not None, bundle
        self._display(bundle, display_id=self._id, update=is_drawn)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the table as it was last, without the log."""
        self._left = "interrupted while" if isinstance(error, KeyboardInterrupt) else "last seen"
        self.tick()


def run_html(
    snapshot: Snapshot, *, place: str, console_url: str | None, model: Any, endpoint: Any
) -> str:
    """Make what stands for a run in a notebook.

    Args:
        snapshot: The run, over or not.
        place: Where it runs, in words.
        console_url: Its page in Google Cloud's console, or None.
        model: The registered model version, or None.
        endpoint: The endpoint, or None.

    Returns:
        HTML: stages with times and results, the model, the endpoint.
    """
    activity, at = Watch(lambda _: None).look(snapshot), now()
    outcome = []
    if model is not None:
        outcome.append(("model", f"{model.display_name}, version {model.version}"))
        outcome.append(("", model.name))
    if endpoint is not None:
        outcome.append(("endpoint", endpoint.url))
    ending = total(activity, at)
    if not activity.is_over:
        ending += f" at {at.astimezone():%H:%M:%S}; run.wait(progress='auto') follows it"
    return render(
        "run",
        job_id=Resource.parse(snapshot.name).id,
        flow=snapshot.flow,
        place=place,
        url=console_url,
        rows=[row(one, at) for one in activity.stages],
        total=ending,
        outcome=outcome,
    )


def _bundle(activity: Activity, at: datetime, left: str) -> dict[str, str]:
    """A run as HTML, and as text for where that is not shown."""
    active = None if left else activity.active
    rows = [row(one, at) for one in activity.stages]
    ending = total(activity, at, left)
    html = render(
        "activity",
        rows=rows,
        total=ending,
        active=active.name if active else "",
        log=active.log[-_LINES:] if active else (),
    )
    lines = [
        f"{one.name}  {one.look.word}  {one.time}  {plain(one.doing)}".rstrip() for one in rows
    ]
    return {"text/html": html, "text/plain": "\n".join([*lines, ending])}


def _ipython() -> Callable[..., Any]:
    from IPython.core import display_functions

    publish: Any = display_functions.publish_display_data

    def show(bundle: dict[str, str], *, display_id: str, update: bool) -> None:
        publish(bundle, transient={"display_id": display_id}, update=update)

    return show
