"""Schedules under a clock that a test moves; the pipelines that they start really run."""

import asyncio
import itertools
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from google.cloud.aiplatform_v1.types import Schedule
from kfp import dsl

from tests.engine.pipelines import components as ops
from tests.engine.pipelines.bench import PARENT, Bench
from vertex_flow.engine import honesty
from vertex_flow.engine.api.rpc import Router
from vertex_flow.engine.operations import Operations
from vertex_flow.engine.schedules import Schedules

START = datetime(2031, 5, 5, 8, 0, 30, tzinfo=timezone.utc)
SCHEDULES = f"/v1/{PARENT}/schedules"


@dsl.container_component
def wait_for(path: str):
    return dsl.ContainerSpec(
        image="busybox",
        command=["sh", "-c", 'while [ ! -e "$0" ]; do sleep 0.02; done'],
        args=[path],
    )


@dsl.pipeline(name="nightly")
def nightly(path: str):
    wait_for(path=path).set_caching_options(False)


@dsl.pipeline(name="told")
def told():
    ops.say(text=dsl.PIPELINE_JOB_SCHEDULE_TIME_UTC_PLACEHOLDER)


class HandClock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.time = START
        self._moved = asyncio.Condition()

    def now(self) -> datetime:
        return self.time

    async def until(self, moment: datetime) -> None:
        async with self._moved:
            await self._moved.wait_for(lambda: self.time >= moment)

    async def move(self, to: datetime) -> None:
        async with self._moved:
            self.time = max(self.time, to)
            self._moved.notify_all()


class ScheduleBench(Bench):
    """Speaks to schedules in JSON, and moves their clock."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.gate = folder / "gate"
        self.clock = HandClock()
        self.schedules = self._begin()

    schedules_kind = Schedule

    def restart(self) -> None:
        """Do what a new engine does that finds the folder of one that is gone."""
        self.do(self.background.close())
        self.do(self.launcher.close())
        self.store.close()
        self._open(None)
        self.schedules = self._begin()
        self.do(self._recover())

    async def _recover(self) -> None:
        self.schedules.recover()

    def body(self, pipeline: Any = nightly, params: Any = None, **config: Any) -> dict[str, Any]:
        given = {"path": str(self.gate)} if pipeline is nightly else {}
        return super().body(pipeline, params or given, **config)

    def schedule(self, cron: str = "* * * * *", **fields: Any) -> str:
        """Create a schedule, and give its name."""
        return self.call("POST", SCHEDULES, self.wanted(cron, **fields))["name"]

    def wanted(self, cron: str = "* * * * *", **fields: Any) -> dict[str, Any]:
        request = {"parent": PARENT, "pipelineJob": self.body()}
        given = {
            "displayName": "every minute",
            "cron": cron,
            "maxConcurrentRunCount": 1,
            "createPipelineJobRequest": request,
            **fields,
        }
        return {name: value for name, value in given.items() if value is not None}

    def move(self, *, minutes: int = 0, seconds: int = 0) -> None:
        """Let time pass a second at a time, with what happens in it."""
        for _ in range(minutes * 60 + seconds):
            self.do(self.clock.move(self.clock.time + timedelta(seconds=1)))
            self.settle()

    def settle(self) -> None:
        async def turn() -> None:
            for _ in range(12):
                await asyncio.sleep(0)

        self.do(turn())

    def jobs(self, schedule: str) -> list[dict[str, Any]]:
        """Give the jobs that a schedule has started, the first one first."""
        path = f"/v1/{PARENT}/pipelineJobs"
        found = self.call("GET", path, filter=f'schedule_name="{schedule}"')
        return list(reversed(found.get("pipelineJobs", [])))

    def due(self, schedule: str) -> list[str]:
        """Give the times, as HH:MM, of the runs that a schedule has started."""
        return [f"{job['name'][-6:-4]}:{job['name'][-4:-2]}" for job in self.jobs(schedule)]

    def let_pass(self, schedule: str) -> None:
        """Let all runs of a schedule come to their end."""
        self.gate.touch()
        for job in self.jobs(schedule):
            self.finish(job["name"])
        self.gate.unlink()

    def _begin(self) -> Schedules:
        operations = Operations(self.store, self.background)
        schedules = Schedules(
            self.store, self.background, operations, self.service, clock=self.clock
        )
        bindings = itertools.chain(
            schedules.bindings(), self.service.bindings(), operations.bindings()
        )
        self.router = Router(bindings, honesty.fields())
        return schedules
