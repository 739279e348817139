"""The custom and tuning jobs behind a run: searches, machine-hours, where they write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from vertex_flow.errors import ApiError
from vertex_flow.report.facts import MachineTime, Search
from vertex_flow.runs import searches, usage
from vertex_flow.runs.curves import Folder
from vertex_flow.texts import plain

if TYPE_CHECKING:
    from vertex_flow.client import Client
    from vertex_flow.report.snapshot import Snapshot, StageRun

_MOST = 60  # jobs that are read of a run


class Jobs:
    """The jobs behind a run, read once each when this is made.

    What a stage reuses is shown, and counts no machine-hours.

    Args:
        snapshot: The run.
        client: Speaks to the endpoint.
        say: Told what could not be read, a sentence each.
        until: What counts as the end of what runs.

    Attributes:
        searches: Hyperparameter searches.
        machine_times: What the jobs have used of machines.
        folders: Where the jobs write.
        images: Images of the jobs, by stage.
    """

    def __init__(
        self, snapshot: Snapshot, client: Client, say: Callable[[str], None], *, until: datetime
    ) -> None:
        self.searches: list[Search] = []
        self.machine_times: list[MachineTime] = []
        self.folders: list[Folder] = []
        self.images: dict[str, list[str]] = {}
        self._snapshot = snapshot
        self._client = client
        self._until = until
        left = _MOST
        for stage in snapshot.stages:
            for job in self._jobs(stage, say):
                if not left:
                    say(f"only the first {_MOST} jobs are read.")
                    return
                left -= 1
                try:
                    self._take(stage, job)
                except Exception as error:  # a job of a foreign pipeline may be odd, or gone
                    said = str(getattr(error, "message", error)).partition("\n")[0][:300]
                    say(f"the job {plain(job)} could not be read: {plain(said)}")

    def _jobs(self, stage: StageRun, say: Callable[[str], None]) -> Iterator[str]:
        """Names of the jobs of a stage; while it runs, its job is found by its display name."""
        named = self._snapshot.jobs(stage.name)
        yield from named
        if stage.state in ("RUNNING", "FAILED", "CANCELLED"):
            try:
                tasks = [one.task_name for one in self._snapshot.tasks(stage.name)]
                found = self._client.job_of(self._snapshot.name, stage.name, tasks)
            except ApiError as error:
                say(f"the jobs of {plain(stage.name)} could not be listed: {plain(error.message)}")
                return
            if found and found not in named:
                yield found

    def _take(self, stage: StageRun, name: str) -> None:
        if "/hyperparameterTuningJobs/" in name:
            self._take_tuning(stage, self._client.get_tuning_job(name))
        elif "/customJobs/" in name:
            job = self._client.get_custom_job(name)
            self._take_spec(stage.name, job.job_spec, ())
            if stage.state != "REUSED":
                self.machine_times += usage.of_custom_job(stage.name, job, self._until)

    def _take_tuning(self, stage: StageRun, job: Any) -> None:
        self._take_spec(stage.name, job.trial_job_spec, tuple(one.id for one in job.trials))
        search = searches.search_of(stage.name, job)
        if search is None:
            return
        self.searches.append(search)
        if stage.state != "REUSED":
            self.machine_times += usage.of_tuning_job(stage.name, job, search, self._until)

    def _take_spec(self, stage: str, spec: Any, trials: tuple[str, ...]) -> None:
        uri = spec.base_output_directory.output_uri_prefix
        if uri:
            self.folders.append(Folder(stage, uri, trials))
        known = self.images.setdefault(stage, [])
        for pool in spec.worker_pool_specs:
            image = pool.container_spec.image_uri or pool.python_package_spec.executor_image_uri
            if image and image not in known:
                known.append(image)
