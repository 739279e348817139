"""What can go wrong, as a tree.

```
VertexFlowError
├── WiringError (ValueError)        the stages of a flow do not fit together
├── SettingError (ValueError)       one setting of a stage, trainer, parameter or context is wrong
│   └── PreflightError              a run that was to be submitted would be refused
├── CostError (ValueError)          a run may cost more than it is allowed to
├── RunFailed (RuntimeError)        a run ended in failure
├── RunCancelled (RuntimeError)     a run was cancelled
├── ImageBuildFailed (RuntimeError) a training image was not built, or not pushed
├── TransferFailed (RuntimeError)   some files were not copied to or from a bucket
├── MountError (RuntimeError)       a bucket could not be mounted or unmounted
├── ApiError (RuntimeError)         Google Cloud, or the local engine, refused a request
│   ├── CredentialsError            there are no credentials, or they are not valid any more
│   ├── PermissionMissing           the caller lacks a permission
│   ├── ServiceDisabled             an API is not enabled in the project
│   └── QuotaExceeded               a quota is used up
└── EngineError (RuntimeError)      the local engine cannot start or stopped
    ├── HomeBusyError               another process uses the engine's folder
    │   └── HomeOwnedError          the engine there belongs to a program, and ends with it
    └── PortInUseError (OSError)    the port asked for is taken
```

Every class derives from the built-in that it resembles, so `except ValueError` works where a
Python user expects it. The facts behind a message are attributes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

_SHOWN = 5  # failures that an error lists


class VertexFlowError(Exception):
    """The root of every error that this package raises on purpose."""


class SettingError(VertexFlowError, ValueError):
    """One setting of a stage, trainer, parameter or context is wrong."""


class CostError(VertexFlowError, ValueError):
    """A run may cost more than it is allowed to, or what it costs is not known.

    Attributes:
        cost: What it may cost, in the currency of the prices; None when that is not known.
        max_cost: What it is allowed to cost.
    """

    def __init__(self, message: str, *, cost: float | None, max_cost: float) -> None:
        self.cost = cost
        self.max_cost = max_cost
        super().__init__(message)


class PreflightError(SettingError):
    """A run that was to be submitted would be refused; nothing was sent.

    Attributes:
        flow: The flow's name.
        faults: One text a fault, each with what is wrong and what is expected.
    """

    def __init__(self, flow: str, faults: Sequence[str]) -> None:
        self.flow = flow
        self.faults = tuple(faults)
        where = f"in the run of flow {flow!r}; nothing was submitted"
        super().__init__(_listing(self.faults, where))


class WiringError(VertexFlowError, ValueError):
    """The stages of a flow do not fit together.

    Attributes:
        flow: The flow's name.
        faults: One text a fault, each with the stage, the port and the fix.
    """

    def __init__(self, flow: str, faults: Sequence[str]) -> None:
        self.flow = flow
        self.faults = tuple(faults)
        super().__init__(_listing(self.faults, f"in flow {flow!r}"))


class RunFailed(VertexFlowError, RuntimeError):  # noqa: N818 - reads as the state it reports
    """A run ended in failure.

    Attributes:
        run: Resource name of the pipeline job.
        stage: Name of the first stage that failed, or None when none had started.
        task: Name of the KFP task inside the stage, or None.
        reason: What the task, or the job behind it, reported; the last lines of the log included.
        logs_uri: Where the full log is, or None.
        cause: What it most likely means, or the empty text.
        fix: What to do about it, a command to paste where there is one; or the empty text.
        links: Pages of Google Cloud's console by what they show: `run`, `job`, `logs`.
    """

    def __init__(  # noqa: PLR0913 - the facts of a failure
        self,
        run: str,
        *,
        stage: str | None = None,
        task: str | None = None,
        reason: str = "",
        logs_uri: str | None = None,
        cause: str = "",
        fix: str = "",
        links: Mapping[str, str] | None = None,
    ) -> None:
        self.run = run
        self.stage = stage
        self.task = task
        self.reason = reason
        self.logs_uri = logs_uri
        self.cause = cause
        self.fix = fix
        self.links = dict(links or {})
        where = f"stage {stage!r}" if stage else "the pipeline"
        if task and task != stage:
            where += f", task {task!r}"
        lines = [f"{run} failed in {where}:\n{reason}".rstrip()]
        lines += [f"  Cause: {cause}"] if cause else []
        lines += [f"  Fix: {fix}"] if fix else []
        lines += [f"  {name.capitalize()}: {url}" for name, url in self.links.items()]
        super().__init__("\n".join(lines))


class RunCancelled(VertexFlowError, RuntimeError):  # noqa: N818 - reads as the state it reports
    """A run was cancelled before it ended."""


class ImageBuildFailed(VertexFlowError, RuntimeError):  # noqa: N818 - reads as what happened
    """A training image was not built, or not pushed.

    Attributes:
        image: URI of the image, with its tag.
        reason: The first error in the log, or what the builder says.
        cause: What it most likely means, or the empty text.
        fix: What to do about it, a command to paste where there is one; or the empty text.
        logs_uri: Where the full log is, or None when it was shown as it came.
    """

    def __init__(
        self,
        image: str,
        reason: str,
        *,
        cause: str = "",
        fix: str = "",
        logs_uri: str | None = None,
    ) -> None:
        self.image = image
        self.reason = reason
        self.cause = cause
        self.fix = fix
        self.logs_uri = logs_uri
        lines = [f"{image} was not built: {reason}"]
        lines += [f"  Cause: {cause}"] if cause else []
        lines += [f"  Fix: {fix}"] if fix else []
        lines += [f"  Log: {logs_uri}"] if logs_uri else []
        super().__init__("\n".join(lines))


class TransferFailed(VertexFlowError, RuntimeError):  # noqa: N818 - reads as what has happened
    """Some files were not copied to or from a bucket; all others were.

    Attributes:
        failures: Each file or URI that was not copied, and why.
        transfer: What was copied, a `Transfer`.
    """

    def __init__(self, failures: Sequence[tuple[str, str]], transfer: Any) -> None:
        self.failures = tuple(failures)
        self.transfer = transfer
        count = len(transfer.uris) + len(self.failures)
        lines = [f"{len(self.failures):,} of {count:,} files were not copied:"]
        lines += [f"  {what!r}: {why}" for what, why in self.failures[:_SHOWN]]
        rest = len(self.failures) - _SHOWN
        lines += [f"  and {rest:,} more"] if rest > 0 else []
        lines += ["Mend these and copy again: what is there already is skipped."]
        super().__init__("\n".join(lines))


class MountError(VertexFlowError, RuntimeError):
    """A bucket could not be mounted as a folder, or not be unmounted."""


class ApiError(VertexFlowError, RuntimeError):
    """Google Cloud, or the local engine, refused a request.

    Attributes:
        code: HTTP status code, for example 400.
        status: Google's name for it, for example `INVALID_ARGUMENT`.
        message: What was wrong, in the service's words.
        cause: What it most likely means, or the empty text.
        fix: What to do about it, a command to paste where there is one; or the empty text.
    """

    def __init__(
        self, code: int, status: str, message: str, *, cause: str = "", fix: str = ""
    ) -> None:
        self.code = code
        self.status = status
        self.message = _writable(message)
        self.cause = cause
        self.fix = fix
        lines = [f"{code} {status}: {self.message}"]
        lines += [f"  Cause: {cause}"] if cause else []
        lines += [f"  Fix: {fix}"] if fix else []
        super().__init__("\n".join(lines))


class CredentialsError(ApiError):
    """There are no Google Cloud credentials, or they are not valid any more."""


class PermissionMissing(ApiError):  # noqa: N818 - reads as what is wrong
    """The caller lacks a permission.

    Attributes:
        permission: Its name, for example `storage.buckets.create`; empty when the service does
            not name it.
    """

    def __init__(  # noqa: PLR0913 - what all refusals have, and one fact more
        self, code: int, status: str, message: str, *, permission: str, cause: str, fix: str
    ) -> None:
        self.permission = permission
        super().__init__(code, status, message, cause=cause, fix=fix)


class ServiceDisabled(ApiError):  # noqa: N818 - reads as what is wrong
    """An API is not enabled in the project.

    Attributes:
        service: Name of the API, for example `aiplatform.googleapis.com`.
    """

    def __init__(  # noqa: PLR0913 - what all refusals have, and one fact more
        self, code: int, status: str, message: str, *, service: str, cause: str, fix: str
    ) -> None:
        self.service = service
        super().__init__(code, status, message, cause=cause, fix=fix)


class QuotaExceeded(ApiError):  # noqa: N818 - reads as what is wrong
    """A quota is used up, or too many requests were sent for longer than they were retried."""


class EngineError(VertexFlowError, RuntimeError):
    """The local engine cannot start, or it stopped."""


class HomeBusyError(EngineError):
    """Another process uses the engine's folder.

    Attributes:
        home: The folder.
        pid: The process that holds it, or None when it cannot be told.
    """

    def __init__(self, home: Path, pid: int | None) -> None:
        self.home = home
        self.pid = pid
        holder = f"process {pid}" if pid else "another process"
        super().__init__(
            f"{home} is in use by {holder}: {self._way_out()} Programs share the engine that "
            f"`vertex-flow up --home {home}` starts in a free folder."
        )

    def _way_out(self) -> str:
        return (
            "two runs cannot share one folder at the same time. Wait for the other run to end, or "
            "give this one a folder of its own: VERTEX_FLOW_HOME=<folder>, or "
            "GcpContext.local(home=<folder>)."
        )


class HomeOwnedError(HomeBusyError):
    """The engine in a folder belongs to a program, and cannot be ended from elsewhere."""

    def _way_out(self) -> str:
        return "the engine there belongs to that program, and ends with it; end the program."


class PortInUseError(EngineError, OSError):
    """The port asked for is taken.

    Attributes:
        port: The port.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        super().__init__(
            f"port {port} on 127.0.0.1 is in use: choose another one, or 0 for any free port."
        )


def nearest(name: str, candidates: Sequence[str]) -> str:
    """Word the closest of some names as a question, for the end of an error.

    Args:
        name: What was written.
        candidates: What could have been meant.

    Returns:
        `" Did you mean 'accuracy'?"`, or the empty text when nothing is close.
    """
    close = get_close_matches(str(name), candidates, n=1, cutoff=0.6)
    return f" Did you mean {close[0]!r}?" if close else ""


def _writable(text: str) -> str:
    """Escape what a service quotes that no terminal should obey, and half letters."""
    return "".join(
        char if char.isprintable() or char in "\n\t" else ascii(char)[1:-1] for char in text
    )


def _listing(faults: Sequence[str], where: str) -> str:
    count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
    lines = (f"  {line}" for fault in faults for line in fault.splitlines())
    return "\n".join([f"{count} {where}", *lines])
