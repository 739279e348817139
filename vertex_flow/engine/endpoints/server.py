"""One model server: a process that is started, asked, watched and started again."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import time
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Literal

import attrs
import httpx

from vertex_flow.engine.api.errors import failed_precondition, reason, unavailable
from vertex_flow.engine.endpoints.plans import ServerPlan
from vertex_flow.engine.endpoints.probes import Prober, Run
from vertex_flow.engine.endpoints.reading import begun, whole
from vertex_flow.engine.processes import Command, Exit, Launcher, Process
from vertex_flow.engine.processes.logs import last_lines
from vertex_flow.engine.state.home import Home
from vertex_flow.errors import ApiError

_TAIL_LINES = 20
_EXITED = "Model server exited unexpectedly"

Phase = Literal["starting", "serving", "unhealthy", "restarting", "failed"]


@attrs.frozen(kw_only=True)
class ServingLimits:
    """How long model servers may take, and how often they are started again; times in seconds.

    Attributes:
        start: Longest time until a server is healthy, unless the model's
            `container_spec.deployment_timeout` says otherwise.
        request: Longest time for one prediction.
        restarts: How many times in a row a crashed server is started again.
        backoff: Pause before the first restart; it doubles with each, up to 30 seconds.
        stable: A server that was healthy for so long starts again with a clean record.
        rest: How long a server that was given up stays down before a request may try again.
    """

    start: float = 600.0
    request: float = 60.0
    restarts: int = 5
    backoff: float = 0.5
    stable: float = 60.0
    rest: float = 30.0


@attrs.frozen(kw_only=True)
class ServerState:
    """How a server is doing.

    Attributes:
        phase: `starting` until it is healthy for the first time, `serving`, `unhealthy` while its
            health probe fails, `restarting` after a crash, `failed` once it was given up.
        message: Why, for people; empty while it serves.
        since: When this began.
    """

    phase: Phase
    message: str = ""
    since: datetime = attrs.field(factory=lambda: datetime.now(timezone.utc))


class ModelServer:
    """One server, from its start until it is stopped.

    Args:
        plan: What to run.
        home: Gives the folder that it runs in.
        launcher: Starts processes.
        limits: Times and counts.

    Attributes:
        plan: What runs.
        state: How it is doing.
    """

    def __init__(
        self, plan: ServerPlan, *, home: Home, launcher: Launcher, limits: ServingLimits
    ) -> None:
        self.plan = plan
        self.state = ServerState(phase="starting", message="the server is starting")
        self._home = home
        self._launcher = launcher
        self._limits = limits
        self._client = httpx.AsyncClient(
            verify=False,  # noqa: S501 - loopback; reading certificates takes long
            trust_env=False,
            timeout=limits.request,
            limits=httpx.Limits(max_connections=64, keepalive_expiry=2.0),
        )
        self._started = asyncio.Event()
        self._base = ""
        self._error: ApiError | None = None
        self._exited: asyncio.Future[Exit] | None = None
        self._given_up: float | None = None
        self._killed_for = ""
        self._proven = False  # whether it has ever been healthy

    @property
    def over(self) -> bool:
        """Whether it was given up long enough ago to be worth another try."""
        rested = self._given_up is not None and time.monotonic() - self._given_up
        return bool(rested and rested > self._limits.rest)

    async def run(self) -> None:
        """Keep the server up until this is cancelled, or it crashes too often."""
        for text in self.plan.notes:
            self._note(text)
        try:
            await self._keep_up()
        except FileNotFoundError as error:
            self._give_up(self._failure(_EXITED, f"cannot be started: {error}"))
        except Exception as error:
            self._give_up(reason(error))
        except asyncio.CancelledError:
            self._enter("failed", "the server was stopped")
            raise
        finally:
            await self._client.aclose()

    async def ready(self, timeout: float | None = None) -> str:
        """Wait until the server is healthy for the first time.

        Args:
            timeout: Longest wait in seconds; None waits until it is healthy or given up.

        Returns:
            Its address, for example `http://127.0.0.1:4711`.

        Raises:
            ApiError: The reason for which it was given up; UNAVAILABLE when the time is up, or
                when it cannot be asked just now.
        """
        if self.state.phase == "starting":
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._started.wait(), timeout)
        if self.state.phase == "serving":
            return self._base
        raise self._error or unavailable(
            f"The model server of {self.plan.name} cannot be asked now: {self.state.message}; try "
            f"again later.\nLog: {self.plan.log}"
        )

    async def post(
        self, body: bytes, headers: Mapping[str, str], timeout: float | None = None
    ) -> httpx.Response:
        """Send one request to the predict route.

        Args:
            body: What the server gets.
            headers: Its headers.
            timeout: Longest wait for the answer in seconds; None for the default.

        Raises:
            ApiError: DEADLINE_EXCEEDED or UNAVAILABLE.
        """
        return await self._send(body, headers, timeout, stream=False)

    async def stream(
        self, body: bytes, headers: Mapping[str, str], timeout: float | None = None
    ) -> httpx.Response:
        """Send one request to the predict route, and return when the answer begins.

        Args:
            body: What the server gets.
            headers: Its headers.
            timeout: Longest wait for the next part of the answer in seconds.

        Returns:
            The answer, whose body is read part by part; whoever asked closes it.

        Raises:
            ApiError: DEADLINE_EXCEEDED or UNAVAILABLE.
        """
        return await self._send(body, headers, timeout, stream=True)

    async def _send(
        self, body: bytes, headers: Mapping[str, str], timeout: float | None, *, stream: bool
    ) -> httpx.Response:
        seconds = timeout or self._limits.request
        url = await self._address(seconds) + self.plan.predict_route
        request = self._client.build_request(
            "POST", url, content=body, headers=headers, timeout=seconds
        )
        try:
            if stream:
                return await begun(self._client, request)
            return await asyncio.wait_for(whole(self._client, request), seconds)
        except (httpx.TimeoutException, asyncio.TimeoutError):
            raise ApiError(
                504, "DEADLINE_EXCEEDED", f"The prediction took more than {seconds:g} s."
            ) from None
        except httpx.RequestError as error:
            await self._notice()
            raise unavailable(self._broke_off()) from error

    async def _notice(self) -> None:
        """Wait a moment for the end of a server that broke off, so that nobody asks it again."""
        if self._exited is not None:
            await asyncio.wait({self._exited}, timeout=1.0)
            await asyncio.sleep(0)

    async def _address(self, timeout: float) -> str:
        try:
            return await self.ready(timeout)
        except ApiError as error:
            raise unavailable(error.message) from error

    async def _keep_up(self) -> None:
        crashes, most = 0, self._limits.restarts
        while True:
            healthy_for, ended = await self._once()
            crashes = 1 if healthy_for >= self._limits.stable else crashes + 1
            if crashes > most:
                what = f"ended {crashes} times in a row, last with {ended}"
                raise self._failure(_EXITED, what)
            pause = min(self._limits.backoff * 2 ** (crashes - 1), 30.0)
            again = f"restart {crashes} of {most} in {pause:g} s"
            phase: Phase = "restarting" if self._proven else "starting"
            self._enter(phase, f"the server ended with {ended}; {again}")
            await asyncio.sleep(pause)

    async def _once(self) -> tuple[float, str]:
        """Run the server once; give how long it was healthy, and how it ended."""
        scratch = self._home.scratch("model-server")
        try:
            return await self._run_in(scratch)
        finally:
            await asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True)

    async def _run_in(self, scratch: Path) -> tuple[float, str]:
        port = _free_port()
        command = self.plan.command(port, scratch)
        process = await self._launcher.start(command)
        exited = self._exited = asyncio.ensure_future(process.wait())
        prober = Prober(client=self._client, port=port, run=_in_place(self._launcher, command))
        watches: set[asyncio.Future[Any]] = set()
        try:
            if not await self._healthy(prober, exited):
                ended = f"{exited.result().describe()} before it was healthy"
                if self._proven or _taken(port):  # another program may have been quicker
                    return 0.0, ended
                raise self._failure(_EXITED, f"ended with {ended}")
            self._proven, self._killed_for, self._base = True, "", f"http://127.0.0.1:{port}"
            self._enter("serving", "")
            began = time.monotonic()
            watches |= {
                asyncio.ensure_future(self._watch_health(prober)),
                asyncio.ensure_future(self._watch_life(prober, process)),
            }
            await asyncio.wait({exited})
            ended = self._killed_for or exited.result().describe()
            self.state = ServerState(phase="restarting", message=f"the server ended with {ended}")
            return time.monotonic() - began, ended
        finally:
            for watch in watches:
                watch.cancel()
            if process.running:
                await process.terminate()
            await asyncio.wait({exited, *watches})

    async def _healthy(self, prober: Prober, exited: asyncio.Future[Exit]) -> bool:
        """Wait until the server can be asked; False when it ended before."""
        limit = self.plan.start_timeout or self._limits.start
        healthy = asyncio.ensure_future(self._first_health(prober))
        either: set[asyncio.Future[Any]] = {healthy, exited}
        try:
            await asyncio.wait(either, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        finally:
            healthy.cancel()
            await asyncio.wait({healthy})
        if exited.done():
            return False
        fault = f"{self.plan.unready} within {limit:g} s" if healthy.cancelled() else None
        fault = fault or healthy.result()
        if fault:
            raise self._failure("Model server never became ready", fault)
        return True

    async def _first_health(self, prober: Prober) -> str | None:
        """Wait for the startup probe, then for the health probe; give what is wrong."""
        if self.plan.startup is not None:
            fault = await prober.started(self.plan.startup)
            if fault:
                return f"did not pass its startup probe: {fault}"
        health = self.plan.health
        await asyncio.sleep(health.delay)
        await prober.until_passed(health, health.eager_period)
        return None

    async def _watch_health(self, prober: Prober) -> None:
        """Take a server that is unhealthy out of the traffic until it is healthy again."""
        health = self.plan.health
        while True:
            await asyncio.sleep(health.period)
            fault = await prober.until_failed(health)
            self._enter("unhealthy", f"its health check fails: {fault}")
            await prober.until_passed(health, health.period)
            self._enter("serving", "")

    async def _watch_life(self, prober: Prober, process: Process) -> None:
        """End a server whose liveness probe fails; it is started again."""
        if self.plan.liveness is None:
            return
        await asyncio.sleep(self.plan.liveness.delay)
        fault = await prober.until_failed(self.plan.liveness)
        self._killed_for = f"a failed liveness probe: {fault}"
        await process.terminate()

    def _enter(self, phase: Phase, message: str) -> None:
        before, self.state = self.state, ServerState(phase=phase, message=message)
        if message:
            self._note(message)
        elif before.phase in ("unhealthy", "restarting"):
            self._note("the server is healthy again")
        if phase != "starting":
            self._started.set()

    def _give_up(self, error: ApiError) -> None:
        self._given_up, self._error = time.monotonic(), error
        self._enter("failed", f"given up: {error.message.splitlines()[0]}")

    def _failure(self, kind: str, what: str) -> ApiError:
        tail = "".join(f"  {line}\n" for line in last_lines(self.plan.log)[-_TAIL_LINES:])
        return failed_precondition(f"{kind}: {self.plan.name} {what}.\n{tail}Log: {self.plan.log}")

    def _broke_off(self) -> str:
        state = f": {self.state.message}" if self.state.message else ""
        return (
            f"The model server of {self.plan.name} broke off before it answered{state}.\n"
            f"Log: {self.plan.log}"
        )

    def _note(self, text: str) -> None:
        with contextlib.suppress(OSError), self.plan.log.open("a", encoding="utf-8") as log:
            log.write(f"vertex_flow: {text}\n")


def _in_place(launcher: Launcher, server: Command) -> Run:
    """Give what runs a probe's command where a server runs."""

    async def run(argv: tuple[str, ...], timeout: float) -> str | None:
        command = attrs.evolve(server, argv=argv, imports=frozenset())
        try:
            process = await launcher.start(command)
        except (FileNotFoundError, PermissionError) as error:
            return str(error)
        try:
            ended = await asyncio.wait_for(process.wait(), timeout)
        except asyncio.TimeoutError:
            return f"{argv[0]} took more than {timeout:g} s"
        finally:
            if process.running:
                await process.terminate(grace=0)
        return None if ended.ok else f"{argv[0]} ended with {ended.describe()}"

    return run


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
        return False
