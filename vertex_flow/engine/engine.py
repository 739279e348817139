"""The engine: its folder, its store, its processes and the services on top of them."""

from __future__ import annotations

import logging
from functools import cached_property
from typing import Any, Protocol

from vertex_flow.engine import honesty
from vertex_flow.engine.api.rpc import Handler, Query, Router, Rpc
from vertex_flow.engine.background import Background
from vertex_flow.engine.batch_predictions import BatchPredictionJobs
from vertex_flow.engine.endpoints import Endpoints
from vertex_flow.engine.jobs import CustomJobs
from vertex_flow.engine.metadata import MetadataStores
from vertex_flow.engine.models import Models
from vertex_flow.engine.operations import Operations
from vertex_flow.engine.pipelines import PipelineJobs
from vertex_flow.engine.processes import Launcher, docker_for
from vertex_flow.engine.schedules import Schedules
from vertex_flow.engine.state.home import Home
from vertex_flow.engine.state.store import Store
from vertex_flow.engine.storage import StorageApi
from vertex_flow.engine.tensorboards import Tensorboards
from vertex_flow.engine.training_pipelines import TrainingPipelines
from vertex_flow.engine.tuning import TuningJobs
from vertex_flow.names import storage_host

_log = logging.getLogger(__name__)


class Service(Protocol):
    """One collection of the API; this docstring is the source of truth for its contract.

    `bindings` gives its methods and what answers each. `recover` is called once, before the first
    request: it goes on with what a killed engine left running, or marks it as failed or cancelled
    with the reason; the services before it in the engine's list have done so by then.
    """

    def bindings(self) -> list[tuple[Rpc, Handler]]:
        """Give the methods of this collection."""
        ...

    def recover(self) -> None:
        """Set right what a killed engine left running."""
        ...


class Engine:
    """A local Vertex AI.

    Args:
        home: The engine's folder, which this process holds.
        endpoint: Where the API is reached, for example `http://127.0.0.1:8080`; processes that the
            engine starts are told.
        standing: Whether the engine stands on its own: it goes on with the pipelines and tuning
            jobs of the engine before it, and leaves its own to the next one. Those of an engine
            that lives as long as a program end with it.
        runner: What runs the images of jobs: `process`, their commands as processes of this
            machine, or `docker`, the images themselves. None for `VERTEX_FLOW_RUNNER`, or
            `process`.

    Attributes:
        router: Answers the API's requests.
        storage: Answers those for Cloud Storage.
        counts: Gives the numbers of predictions that were asked for.
    """

    def __init__(
        self, home: Home, *, endpoint: str, standing: bool = False, runner: str | None = None
    ) -> None:
        self._standing = standing
        self._store = Store(home.database)
        self._background = Background()
        self.storage = StorageApi(home)
        token = home.token()
        api = {  # what tells every process where the API is, as the cloud's own environment does
            "VERTEX_FLOW_API_ENDPOINT": endpoint,
            "VERTEX_FLOW_API_TOKEN": token,
            "STORAGE_EMULATOR_HOST": storage_host(endpoint, token),
        }
        self._launcher = Launcher(home, api)
        self._docker = docker_for(runner, home, self._launcher)
        self._pipelines = PipelineJobs(
            home, self._store, self._launcher, self._background, self._call, standing=standing
        )
        self._services = self._compose(home)

    @cached_property
    def router(self) -> Router:
        """Answers the API's requests."""
        bindings = [pair for service in self._services for pair in service.bindings()]
        return Router(bindings, honesty.fields())

    async def start(self) -> None:
        """Set right what an engine that was killed has left behind."""
        if self._docker is not None:
            await self._docker.recover()
        for service in self._services:
            service.recover()

    async def finish(self, seconds: float) -> None:
        """Let what was begun for runs that are over come to its end, while the API still answers.

        A standing engine waits for nothing: it is up long enough, and is to end at once.

        Args:
            seconds: The longest wait.
        """
        if not self._standing:
            await self._pipelines.finish(seconds)

    async def close(self) -> None:
        """Cancel all work, end every process, and close the store.

        A standing engine leaves its work as a kill would: the next one goes on with it.
        """
        if self._standing:
            self._store.seal()
        await self._pipelines.close()
        await self._background.close()
        await self._launcher.close()
        self._store.close()
        self.storage.close()

    def _compose(self, home: Home) -> tuple[Service, ...]:
        store, launcher, background = self._store, self._launcher, self._background
        operations = Operations(store, background)
        custom_jobs = CustomJobs(home, store, launcher, background, self._docker)
        tuning_jobs = TuningJobs(home, store, background, custom_jobs, standing=self._standing)
        models = Models(home, store, operations)
        endpoints = Endpoints(home, store, launcher, background, operations)
        self.counts = endpoints.counts
        return (
            operations,
            custom_jobs,
            tuning_jobs,
            models,
            endpoints,
            MetadataStores(store, operations),
            Tensorboards(home, store, operations),
            self._pipelines,
            TrainingPipelines(
                home=home,
                store=store,
                background=background,
                operations=operations,
                custom=custom_jobs,
                tuning=tuning_jobs,
                models=models,
            ),
            BatchPredictionJobs(
                home=home,
                store=store,
                launcher=launcher,
                background=background,
                operations=operations,
            ),
            Schedules(store, background, operations, self._pipelines),
        )

    async def _call(
        self, verb: str, path: str, query: Query | None = None, body: Any | None = None
    ) -> dict[str, Any]:
        """Answer a request from inside; the router is not there yet while services are made."""
        return await self.router.call(verb, path, query, body)
