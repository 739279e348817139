"""Hyperparameter tuning jobs: trials that are custom jobs, suggested by a search."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from google.cloud.aiplatform_v1 import types
from google.protobuf import empty_pb2

from vertex_flow.engine.api.errors import failed_precondition, reason, rpc_code
from vertex_flow.engine.api.messages import stamp
from vertex_flow.engine.api.rpc import Handler, Row, Rpc, methods
from vertex_flow.engine.api.support import HONOURED, REFUSED, SIMULATED, Level
from vertex_flow.engine.api.texts import check_display_name, check_labels
from vertex_flow.engine.background import Background
from vertex_flow.engine.jobs.runs import Outcome
from vertex_flow.engine.jobs.service import ENDED, JOB_SPEC, JOB_SPEC_NOTES, CustomJobs
from vertex_flow.engine.operations import Operations
from vertex_flow.engine.state.home import Home
from vertex_flow.engine.state.listing import page
from vertex_flow.engine.state.store import Store
from vertex_flow.engine.tuning.checks import check_tuning
from vertex_flow.engine.tuning.runs import TuningRun
from vertex_flow.engine.tuning.suggestions import SEED_LABEL
from vertex_flow.engine.tuning.trials import TrialTools

_log = logging.getLogger(__name__)

_JOB = "HyperparameterTuningJob"
_CONVEX = f"{_JOB}.study_spec.convex_automated_stopping_spec"
FIELDS: dict[str, Level] = {
    f"{_JOB}.display_name": HONOURED,
    f"{_JOB}.encryption_spec": SIMULATED,
    f"{_JOB}.labels": HONOURED,
    f"{_JOB}.max_failed_trial_count": HONOURED,
    f"{_JOB}.max_trial_count": HONOURED,
    f"{_JOB}.parallel_trial_count": HONOURED,
    f"{_JOB}.study_spec": HONOURED,
    f"{_CONVEX}.learning_rate_parameter_name": SIMULATED,
    f"{_CONVEX}.update_all_stopped_trials": SIMULATED,
    f"{_JOB}.study_spec.convex_automated_stopping_spec": HONOURED,
    f"{_JOB}.study_spec.decay_curve_stopping_spec": HONOURED,
    f"{_JOB}.study_spec.median_automated_stopping_spec": HONOURED,
    f"{_JOB}.study_spec.metrics.safety_config": REFUSED,
    f"{_JOB}.study_spec.observation_noise": HONOURED,
    f"{_JOB}.study_spec.study_stopping_config": HONOURED,
    f"{_JOB}.trials": HONOURED,
    **{f"{_JOB}.trial_job_spec.{path}": level for path, level in JOB_SPEC.items()},
}
NOTES: dict[str, str] = {
    f"{_JOB}.max_failed_trial_count": "0: the job fails when its first trials, as many as run at "
    "a time and at least 2, have all failed, or when none succeeds.",
    f"{_JOB}.parallel_trial_count": "Parallel trials share the cores out.",
    f"{_JOB}.study_spec": "Suggestions come from Optuna (unspecified: its Bayesian TPE sampler; "
    "several metrics: its Pareto search) with the seed 0, or that of the label "
    f"`{SEED_LABEL}`: each depends on the seed, the trial's number and the trials before it alone, "
    "so a study whose trials run one at a time gives the same ones again. A space whose points "
    "have all been tried ends the search.",
    _CONVEX: "Once more than min_measurement_count trials have finished; the best that a trial can "
    "reach is along its slope of late.",
    f"{_CONVEX}.learning_rate_parameter_name": "The forecast needs no learning rate.",
    f"{_CONVEX}.update_all_stopped_trials": "A stopped trial keeps its final_measurement.",
    f"{_JOB}.study_spec.decay_curve_stopping_spec": "Once 5 trials have run to their end: stops a "
    "trial whose chance to end as the best is below 1 %, by Gaussian process regression on their "
    "curves.",
    f"{_JOB}.study_spec.median_automated_stopping_spec": "Once 3 trials have finished.",
    f"{_JOB}.study_spec.observation_noise": "HIGH: points may come again; else none does as long "
    "as there are others.",
    f"{_JOB}.study_spec.study_stopping_config": "should_stop_asap stops the trials under way; what "
    "they have measured counts.",
    f"{_JOB}.trials": "Set by the engine; not read from requests.",
    **{f"{_JOB}.trial_job_spec.{path}": note for path, note in JOB_SPEC_NOTES.items()},
}

_LOCATION = "projects/*/locations/*"
_COLLECTION = "hyperparameterTuningJobs"


class TuningJobs:
    """Hyperparameter tuning jobs.

    Args:
        home: Has the outputs and logs.
        store: Where jobs are kept.
        background: Runs the jobs.
        custom_jobs: Runs the trials.
        standing: Whether jobs that a killed engine left running go on; else they fail, as nobody
            waits for them any more.
    """

    def __init__(
        self,
        home: Home,
        store: Store,
        background: Background,
        custom_jobs: CustomJobs,
        *,
        standing: bool = False,
    ) -> None:
        self._store = store
        self._background = background
        self._custom = custom_jobs
        self._standing = standing
        self._tools = TrialTools(home=home, store=store, background=background, custom=custom_jobs)
        self._operations = Operations(store, background)

    def bindings(self) -> list[tuple[Rpc, Handler]]:
        """Give the methods of tuning jobs."""
        many = f"/v1/{{parent={_LOCATION}}}/{_COLLECTION}"
        one = f"/v1/{{name={_LOCATION}/{_COLLECTION}/*}}"
        rows: tuple[Row, ...] = (
            (
                "create",
                "POST",
                many,
                types.CreateHyperparameterTuningJobRequest,
                "hyperparameter_tuning_job",
                self.create,
            ),
            ("get", "GET", one, types.GetHyperparameterTuningJobRequest, "", self.get),
            ("list", "GET", many, types.ListHyperparameterTuningJobsRequest, "", self.list),
            (
                "cancel",
                "POST",
                f"{one}:cancel",
                types.CancelHyperparameterTuningJobRequest,
                "*",
                self.cancel,
            ),
            ("delete", "DELETE", one, types.DeleteHyperparameterTuningJobRequest, "", self.delete),
        )
        return methods(_COLLECTION, rows)

    def recover(self) -> None:
        """Go on with the jobs that an engine has left behind, or fail them with it.

        Their trials ended with it. Those that had finished count; the others run again.
        """
        for job in self._store.all(types.HyperparameterTuningJob):
            if job.state in ENDED:
                continue
            if self._standing:
                self._background.start(job.name, self._work(job.name))
                continue
            for trial in job.trials:
                _give_up(trial)
            self._end(job, Outcome(code=10, message="The engine stopped during the job."))

    async def create(
        self, request: types.CreateHyperparameterTuningJobRequest
    ) -> types.HyperparameterTuningJob:
        """Answer `hyperparameterTuningJobs.create`."""
        asked = request.hyperparameter_tuning_job
        check_display_name(asked.display_name, required=True)
        check_labels(asked.labels)
        check_tuning(asked)
        self._custom.check(asked.trial_job_spec, field="trial_job_spec")
        job = types.HyperparameterTuningJob(
            name=f"{request.parent}/{_COLLECTION}/{self._store.new_id()}",
            display_name=asked.display_name,
            study_spec=asked.study_spec,
            max_trial_count=asked.max_trial_count,
            parallel_trial_count=asked.parallel_trial_count,
            max_failed_trial_count=asked.max_failed_trial_count,
            trial_job_spec=asked.trial_job_spec,
            labels=asked.labels,
            encryption_spec=asked.encryption_spec,
            state=types.JobState.JOB_STATE_PENDING,
        )
        stamp(job, "create_time", "update_time")
        self._store.insert(job)
        self._background.start(job.name, self._work(job.name))
        return job

    async def get(
        self, request: types.GetHyperparameterTuningJobRequest
    ) -> types.HyperparameterTuningJob:
        """Answer `hyperparameterTuningJobs.get`."""
        return self._get(request.name)

    async def list(
        self, request: types.ListHyperparameterTuningJobsRequest
    ) -> types.ListHyperparameterTuningJobsResponse:
        """Answer `hyperparameterTuningJobs.list`."""
        found, token = page(self._store, types.HyperparameterTuningJob, request.parent, request)
        return types.ListHyperparameterTuningJobsResponse(
            hyperparameter_tuning_jobs=found, next_page_token=token
        )

    async def cancel(self, request: types.CancelHyperparameterTuningJobRequest) -> empty_pb2.Empty:
        """Answer `hyperparameterTuningJobs.cancel`; a job that has ended stays as it is."""
        self._get(request.name)
        await self._background.cancel(request.name)
        job = self._get(request.name)
        # Work that is cancelled before its first step cannot record its end.
        if job.state not in ENDED:
            self._cancelled(job)
        return empty_pb2.Empty()

    async def delete(self, request: types.DeleteHyperparameterTuningJobRequest) -> Any:
        """Answer `hyperparameterTuningJobs.delete`."""
        job = self._get(request.name)
        if job.state not in ENDED:
            raise failed_precondition(
                f'The {_JOB} "{job.name}" is in state {job.state.name}: cancel it first.'
            )
        return await self._operations.remove(job.name)

    def _get(self, name: str) -> types.HyperparameterTuningJob:
        return self._store.get(types.HyperparameterTuningJob, name)

    async def _work(self, name: str) -> None:
        job = self._get(name)
        job.state = types.JobState.JOB_STATE_RUNNING
        if "start_time" not in job:
            stamp(job, "start_time")
        try:
            self._save(job)
            outcome = await TuningRun(job, self._tools, lambda: self._save(job)).run()
        except asyncio.CancelledError:
            self._cancelled(job)
            raise
        except Exception as error:
            _log.exception("the tuning job %s could not be run", name)
            answer = reason(error)
            outcome = Outcome(code=rpc_code(answer), message=answer.message)
        self._end(job, outcome)

    def _save(self, job: types.HyperparameterTuningJob) -> None:
        stamp(job, "update_time")
        self._store.save(job)

    def _end(self, job: types.HyperparameterTuningJob, outcome: Outcome) -> None:
        states = types.JobState
        job.state = states.JOB_STATE_SUCCEEDED if outcome.ok else states.JOB_STATE_FAILED
        if not outcome.ok:
            _fail(job, outcome.code, outcome.message)
        stamp(job, "end_time", "update_time")
        self._store.keep(job)

    def _cancelled(self, job: types.HyperparameterTuningJob) -> None:
        job.state = types.JobState.JOB_STATE_CANCELLED
        _fail(job, 1, "The job was cancelled.")
        stamp(job, "end_time", "update_time")
        self._store.keep(job)


def _give_up(trial: types.Trial) -> None:
    states = types.Trial.State
    if trial.state in (states.SUCCEEDED, states.INFEASIBLE):
        return
    trial.state = states.INFEASIBLE
    trial.infeasible_reason = "The engine stopped during the trial."
    stamp(trial, "end_time")


def _fail(job: types.HyperparameterTuningJob, code: int, message: str) -> None:
    error = types.HyperparameterTuningJob.pb(job).error
    error.code, error.message = code, message
