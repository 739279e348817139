"""Probes: whether a model server has started, can be asked, and is alive."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import attrs
import httpx
from google.cloud.aiplatform_v1 import types

from vertex_flow.engine.api.errors import invalid

_CONTAINER_PORT = 8080  # of a model that names none

Run = Callable[[tuple[str, ...], float], Awaitable["str | None"]]


@attrs.frozen(kw_only=True)
class HttpCheck:
    """Passes when a GET is answered well.

    Attributes:
        path: What is asked for.
        port: Port on this machine, or None for the server's own.
        scheme: `http` or `https`.
        headers: Headers of the request.
        only_200: Whether no other status will do, as for the health route; else 200 to 399 do.
    """

    path: str
    port: int | None = None
    scheme: str = "http"
    headers: tuple[tuple[str, str], ...] = ()
    only_200: bool = False


@attrs.frozen(kw_only=True)
class TcpCheck:
    """Passes when a connection can be opened.

    Attributes:
        port: Port on this machine, or None for the server's own.
    """

    port: int | None = None


@attrs.frozen(kw_only=True)
class CommandCheck:
    """Passes when a command ends with exit code 0.

    Attributes:
        argv: The command and its arguments.
    """

    argv: tuple[str, ...]


Check = HttpCheck | TcpCheck | CommandCheck


@attrs.frozen(kw_only=True)
class Probe:
    """A check that is made again and again; times in seconds.

    Attributes:
        check: What is checked.
        period: Time between two checks.
        timeout: Longest time for one.
        failures: Failures in a row that count as failed.
        successes: Passes in a row, after a failure, that count as passed.
        delay: Time before the first check.
    """

    check: Check
    period: float = 10.0
    timeout: float = 1.0
    failures: int = 3
    successes: int = 1
    delay: float = 0.0

    @property
    def eager_period(self) -> float:
        """Time between two checks while everybody waits for the first that passes."""
        return min(self.period, 1.0 if isinstance(self.check, CommandCheck) else 0.05)


def health_route(path: str) -> Probe:
    """Give the probe of a server that has none of its own.

    Args:
        path: The health route, which has to answer 200 within 10 seconds; the fourth failure in a
            row counts.
    """
    return Probe(check=HttpCheck(path=path, only_200=True), timeout=10.0, failures=4)


def read_probe(spec: types.ModelContainerSpec, name: str) -> Probe | None:
    """Read a probe of a container.

    Args:
        spec: The container.
        name: The probe's field, for example `startup_probe`.

    Returns:
        The probe; None when the container has none of this name.

    Raises:
        ApiError: INVALID_ARGUMENT when it checks nothing, or its numbers are out of range.
    """
    if name not in spec:
        return None
    given = getattr(spec, name)
    where = f"model.container_spec.{name}"
    for field in ("period_seconds", "timeout_seconds", "failure_threshold", "success_threshold"):
        _check_number(getattr(given, field), f"{where}.{field}")
    _check_number(given.initial_delay_seconds, f"{where}.initial_delay_seconds")
    own = spec.ports[0].container_port if spec.ports else _CONTAINER_PORT
    return Probe(
        check=_read_check(given, where, own),
        period=given.period_seconds or 10.0,
        timeout=given.timeout_seconds or 1.0,
        failures=given.failure_threshold or 3,
        successes=given.success_threshold or 1,
        delay=given.initial_delay_seconds,
    )


@attrs.frozen(kw_only=True)
class Prober:
    """Makes the checks of one server process.

    Attributes:
        client: For HTTP.
        port: The server's port.
        run: Runs a command where the server runs, for a time in seconds at most; gives why it
            failed, or None.
    """

    client: httpx.AsyncClient
    port: int
    run: Run

    async def fault(self, probe: Probe) -> str | None:
        """Make one check; give what is wrong, or None."""
        check = probe.check
        if isinstance(check, CommandCheck):
            return await self.run(check.argv, probe.timeout)
        port = check.port or self.port
        if isinstance(check, TcpCheck):
            return await _connect(port, probe.timeout)
        return await self._get(check, port, probe.timeout)

    async def started(self, probe: Probe) -> str | None:
        """Wait until a probe passes, or has failed too often; then give what is wrong."""
        await asyncio.sleep(probe.delay)
        return await self._until(probe, (True, False), probe.period)

    async def until_passed(self, probe: Probe, period: float) -> None:
        """Wait until a probe passes, however often it fails; check once a period in seconds."""
        await self._until(probe, (True,), period)

    async def until_failed(self, probe: Probe) -> str:
        """Wait until a probe has failed too often in a row; give what is wrong."""
        return await self._until(probe, (False,), probe.period) or ""

    async def _until(self, probe: Probe, wanted: tuple[bool, ...], period: float) -> str | None:
        passed = failed = 0
        while True:
            fault = await self.fault(probe)
            passed, failed = (0, failed + 1) if fault else (passed + 1, 0)
            if True in wanted and passed >= probe.successes:
                return None
            if False in wanted and failed >= probe.failures:
                return fault
            await asyncio.sleep(period)

    async def _get(self, check: HttpCheck, port: int, timeout: float) -> str | None:
        url = f"{check.scheme}://127.0.0.1:{port}{check.path}"
        try:
            headers = list(check.headers)
            async with self.client.stream("GET", url, headers=headers, timeout=timeout) as answer:
                status = answer.status_code  # the body may be endless, and means nothing
        except httpx.TimeoutException:
            return f"GET {check.path} took more than {timeout:g} s"
        except httpx.RequestError as error:
            return f"GET {check.path} failed: {error or type(error).__name__}"
        good = {200} if check.only_200 else range(200, 400)
        return None if status in good else f"GET {check.path}: {status}"


async def _connect(port: int, timeout: float) -> str | None:
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", port), timeout)
    except (OSError, asyncio.TimeoutError) as error:
        return f"port {port} cannot be connected to: {error or 'no answer'}"
    writer.close()
    return None


def _read_check(given: types.Probe, where: str, own: int) -> Check:
    if "exec_" in given and given.exec_.command:
        return CommandCheck(argv=tuple(given.exec_.command))
    if "http_get" in given:
        return _http_check(given.http_get, where, own)
    if "tcp_socket" in given:
        _check_host(given.tcp_socket.host, f"{where}.tcp_socket.host")
        return TcpCheck(port=_port(given.tcp_socket.port, own))
    raise invalid(f"{where} has to have exec with a command, http_get or tcp_socket.")


def _http_check(given: Any, where: str, own: int) -> HttpCheck:
    _check_host(given.host, f"{where}.http_get.host")
    scheme = (given.scheme or "HTTP").lower()
    if scheme not in ("http", "https"):
        raise invalid(f"{where}.http_get.scheme is {given.scheme!r}; expected HTTP or HTTPS.")
    return HttpCheck(
        path="/" + given.path.lstrip("/"),
        port=_port(given.port, own),
        scheme=scheme,
        headers=_headers(given.http_headers),
    )


def _headers(given: Iterable[Any]) -> tuple[tuple[str, str], ...]:
    return tuple((header.name, header.value) for header in given)


def _port(given: int, own: int) -> int | None:
    """Give a port of this machine; None stands for the one that the server has here."""
    return None if given in (0, own) else given


def _check_host(host: str, where: str) -> None:
    if host not in ("", "localhost", "127.0.0.1"):
        raise invalid(f"{where} is {host!r}: a server can be probed on this machine only.")


def _check_number(value: int, where: str) -> None:
    if value < 0:
        raise invalid(f"{where} is {value}; expected 1 or more, or nothing for the default.")
