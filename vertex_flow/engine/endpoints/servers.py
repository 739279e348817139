"""Model servers: one process a deployed model, watched and restarted."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import time
from collections.abc import Mapping
from pathlib import Path

import attrs
import httpx

from vertex_flow.engine.api.errors import failed_precondition, reason, unavailable
from vertex_flow.engine.background import Background
from vertex_flow.engine.endpoints.plans import ServerPlan
from vertex_flow.engine.processes import Exit, Launcher, Process
from vertex_flow.engine.processes.logs import last_lines
from vertex_flow.engine.state.home import Home
from vertex_flow.errors import ApiError

_TAIL_LINES = 20


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


class ModelServer:
    """One server, from its start until it is stopped.

    Args:
        plan: What to run.
        home: Gives the folder that it runs in.
        launcher: Starts processes.
        limits: Times and counts.
    """

    def __init__(
        self, plan: ServerPlan, *, home: Home, launcher: Launcher, limits: ServingLimits
    ) -> None:
        self.plan = plan
        self._home = home
        self._launcher = launcher
        self._limits = limits
        self._base: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._client = httpx.AsyncClient(
            verify=False,  # noqa: S501 - plain HTTP on loopback; reading certificates takes long
            trust_env=False,
            timeout=limits.request,
            limits=httpx.Limits(max_connections=64, keepalive_expiry=2.0),
        )
        self._exited: asyncio.Future[Exit] | None = None
        self._given_up: float | None = None
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
            self._give_up(self._failure(f"cannot be started: {error}"))
        except Exception as error:
            self._give_up(reason(error))
        finally:
            self._settle(unavailable(f"{self.plan.name} was stopped."))
            await self._client.aclose()

    async def ready(self, timeout: float | None = None) -> str:
        """Wait until the server is healthy.

        Args:
            timeout: Longest wait in seconds; None waits until it is healthy or given up.

        Returns:
            Its address, for example `http://127.0.0.1:4711`.

        Raises:
            ApiError: It failed, or the time is up.
        """
        if self._base.done():
            return self._base.result()
        try:
            return await asyncio.wait_for(asyncio.shield(self._base), timeout)
        except asyncio.TimeoutError:
            raise unavailable(
                f"The model server of {self.plan.name} is not ready yet; try again later.\n"
                f"Log: {self.plan.log}"
            ) from None

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
        seconds = timeout or self._limits.request
        for last in (False, True):
            base = await self._address(seconds)
            try:
                return await self._client.post(
                    base + self.plan.predict_route, content=body, headers=headers, timeout=seconds
                )
            except httpx.TimeoutException:
                raise ApiError(
                    504, "DEADLINE_EXCEEDED", f"The prediction took more than {seconds:g} s."
                ) from None
            except httpx.TransportError as error:
                await self._notice()
                refused = isinstance(error, httpx.ConnectError)  # it never saw the request
                if last or not refused:
                    raise unavailable(self._broke_off()) from error
        raise AssertionError  # pragma: no cover

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
        crashes = 0
        while True:
            healthy_for, ended = await self._once()
            crashes = 1 if healthy_for >= self._limits.stable else crashes + 1
            if crashes > self._limits.restarts:
                raise self._failure(f"ended {crashes} times in a row, last with {ended}")
            pause = min(self._limits.backoff * 2 ** (crashes - 1), 30.0)
            self._note(
                f"the server ended with {ended}; restart {crashes} of {self._limits.restarts} "
                f"in {pause:g} s"
            )
            await asyncio.sleep(pause)

    async def _once(self) -> tuple[float, str]:
        """Run the server once; give how long it was healthy, and how it ended."""
        scratch = self._home.scratch("model-server")
        try:
            return await self._run_in(scratch)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    async def _run_in(self, scratch: Path) -> tuple[float, str]:
        port = _free_port()
        process = await self._launcher.start(self.plan.command(port, scratch))
        exited = self._exited = asyncio.ensure_future(process.wait())
        try:
            base = f"http://127.0.0.1:{port}"
            if not await self._until_healthy(base, process, exited):
                ended = exited.result().describe()
                if self._proven or _taken(port):  # another program may have been quicker
                    return 0.0, f"{ended} before it was healthy"
                raise self._failure(f"ended with {ended} before it was healthy")
            self._proven = True
            self._base.set_result(base)
            began = time.monotonic()
            await asyncio.wait({exited})
            self._base = asyncio.get_running_loop().create_future()
            return time.monotonic() - began, exited.result().describe()
        finally:
            if process.running:
                await process.terminate()
            await asyncio.wait({exited})

    async def _until_healthy(
        self, base: str, process: Process, exited: asyncio.Future[Exit]
    ) -> bool:
        limit = self.plan.start_timeout or self._limits.start
        deadline = time.monotonic() + limit
        while not exited.done():
            if await self._healthy(base):
                return process.running
            if time.monotonic() > deadline:
                raise self._failure(
                    f"did not answer 200 on {self.plan.health_route} within {limit:g} s"
                )
            await asyncio.wait({exited}, timeout=0.05)
        return False

    async def _healthy(self, base: str) -> bool:
        try:
            answer = await self._client.get(base + self.plan.health_route, timeout=10.0)
        except httpx.TransportError:
            return False
        return answer.status_code == 200

    def _give_up(self, error: ApiError) -> None:
        self._given_up = time.monotonic()
        self._note(f"given up: {error.message.splitlines()[0]}")
        if self._base.done():
            self._base = asyncio.get_running_loop().create_future()
        self._settle(error)

    def _settle(self, error: ApiError) -> None:
        if self._base.done() and not self._base.exception():
            self._base = asyncio.get_running_loop().create_future()
        if not self._base.done():
            self._base.set_exception(error)
            self._base.exception()  # not every server has somebody waiting for it

    def _failure(self, what: str) -> ApiError:
        return failed_precondition(
            f"The model server of {self.plan.name} {what}.\n"
            f"{_tail(self.plan.log)}Log: {self.plan.log}"
        )

    def _broke_off(self) -> str:
        return (
            f"The model server of {self.plan.name} broke off before it answered; it is started "
            f"again when it has ended.\nLog: {self.plan.log}"
        )

    def _note(self, text: str) -> None:
        with contextlib.suppress(OSError), self.plan.log.open("a", encoding="utf-8") as log:
            log.write(f"vertex_flow: {text}\n")


class ModelServers:
    """The model servers of an engine, by the resource names of their deployed models.

    Args:
        home: Gives the folders that they run in.
        launcher: Starts processes.
        background: Runs what watches them, and stops it with the engine.
        limits: Times and counts.
    """

    def __init__(
        self, home: Home, launcher: Launcher, background: Background, limits: ServingLimits
    ) -> None:
        self._home = home
        self._launcher = launcher
        self._background = background
        self._limits = limits
        self._servers: dict[str, ModelServer] = {}

    def find(self, name: str) -> ModelServer | None:
        """Give a server that was started, unless it was given up and is due for another try."""
        server = self._servers.get(name)
        return None if server is None or server.over else server

    def start(self, plan: ServerPlan) -> ModelServer:
        """Start a server; returns before it is healthy."""
        server = ModelServer(plan, home=self._home, launcher=self._launcher, limits=self._limits)
        self._servers[plan.name] = server
        self._background.start(plan.name, server.run())
        return server

    async def stop(self, name: str) -> None:
        """Stop a server, and wait until it is gone; does nothing when there is none."""
        self._servers.pop(name, None)
        await self._background.cancel(name)


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


def _tail(log: Path) -> str:
    return "".join(f"  {line}\n" for line in last_lines(log)[-_TAIL_LINES:])
