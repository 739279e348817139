"""Having processes ready that have imported what the tasks of a pipeline will import."""

from __future__ import annotations

from vertex_flow.engine.pipelines.spec import Plan
from vertex_flow.engine.pipelines.tasks import python
from vertex_flow.engine.processes import Launcher, heavy_imports


class WarmUp:
    """Prepares the processes of one pipeline job, once it is known that some task has to run.

    Until then nothing is prepared: a run that finds everything in the cache needs no process.

    Args:
        plan: The pipeline.
        launcher: Starts the processes.
    """

    def __init__(self, plan: Plan, launcher: Launcher) -> None:
        self._plan = plan
        self._launcher = launcher
        self._ahead = set(plan.executors)
        self._begun = False

    def passed(self, executor_label: str) -> None:
        """Note that a task of an executor needs no process any more."""
        self._ahead.discard(executor_label)

    def begin(self) -> None:
        """Prepare for the tasks that are still ahead, if that has not been done."""
        if self._begun:
            return
        self._begun = True
        executors = (self._plan.executors[label] for label in sorted(self._ahead))
        found = (python.recognise(executor.container) for executor in executors)
        wanted = {frozenset(heavy_imports(item.source or "")) for item in found if item}
        self._launcher.prewarm(wanted)
