"""What most likely made a step fail, and what to do about it, from what it said: a table."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import attrs

from vertex_flow.calls.roles import role_for
from vertex_flow.commands import CALLER, enable, grant, let_act_as
from vertex_flow.console import quotas_url
from vertex_flow.report.tracebacks import last_exception
from vertex_flow.texts import plain

_WIDTH, _HEAD, _TAIL = 1000, 100, 300  # what is read: characters of a line, lines


@attrs.frozen
class Diagnosis:
    """A likely cause.

    Attributes:
        kind: Short name of the cause, for programs: `quota`, `image`, `memory`.
        cause: What most likely happened, a sentence.
        fix: What to do about it, a command to paste where there is one.
    """

    kind: str
    cause: str
    fix: str


@attrs.frozen
class Row:
    """A kind of failure.

    Attributes:
        kind: Short name of the cause.
        pattern: What it says; groups are the facts.
        cause: Template of the cause, of the facts, and of `project` and `location`.
        fix: Template of the fix, or what words it from the facts.
    """

    kind: str
    pattern: re.Pattern[str]
    cause: str
    fix: str | Callable[[Mapping[str, str]], str]


def _row(kind: str, pattern: str, cause: str, fix: str | Callable[[Mapping[str, str]], str]) -> Row:
    return Row(kind, re.compile(pattern, re.IGNORECASE), cause, fix)


def _grant(facts: Mapping[str, str]) -> str:
    permission = facts["permission"] or facts.get("lacking", "")
    role = role_for(permission)
    member = facts.get("member") or ""
    who = f"serviceAccount:{member}" if member.endswith(".gserviceaccount.com") else CALLER
    who = f"user:{member}" if member and not who.endswith(member) else who
    if role is None:
        return f"ask an owner of project {facts['project']} for {permission}."
    return grant(facts["project"], role, who)


def _enable(facts: Mapping[str, str]) -> str:
    return enable(facts["project"], facts["service"] or facts["named"] or facts["visited"])


def _quota(facts: Mapping[str, str]) -> str:
    return (
        f"see and raise it at {quotas_url(facts['project'])}, wait for other jobs to end, or ask "
        "for fewer or other machines or another location."
    )


_ACCOUNT = r"(?P<account>[\w.-]+@[\w.-]+\.gserviceaccount\.com)"
_BIGGER = (
    "a machine with more memory, Trainer(machine_type='n1-highmem-8'), or less at a time: "
    "smaller batches, data read in pieces."
)
_IMAGE_FIX = (
    "GcpContext(project={project!r}).build_image(trainer) builds and pushes it; or name one that "
    "is there: Trainer(..., image=...), GcpContext(training_image=...)."
)

ROWS = (
    _row(
        "quota",
        r"quota metrics exceed quota limits: (?P<quota>[\w.-]+/[\w.-]+(?:, *[\w.-]+/[\w.-]+)*)"
        r"|quotas? (?:are|is) exceeded: (?P<quotas>[\w./-]+)"
        r"|quota exceeded for quota metric '(?P<metric>[^']+)'"
        r"|quota exceeded for (?P<api>[a-z]+\.googleapis\.com/\w+)"
        r"|quota '(?P<compute>[A-Z0-9_]+)' exceeded",
        "the quota {quota}{quotas}{metric}{api}{compute} of project {project} in {location} is "
        "used up.",
        _quota,
    ),
    _row(
        "capacity",
        r"resources are insufficient in region: (?P<region>[\w-]+)"
        r"|does not have enough resources available|ZONE_RESOURCE_POOL_EXHAUSTED|stockout"
        r"|machine type temporarily unavailable",
        "Google Cloud has no such machines to give in {location} now; it is not the quota.",
        "another location, another machine or accelerator type, a later try, or "
        "Trainer(strategy='FLEX_START'), which waits for machines.",
    ),
    _row(
        "act-as",
        rf"permission to act as service[_ ]account:? *{_ACCOUNT}"
        rf"|iam\.serviceAccounts\.actAs\S* .*?{_ACCOUNT.replace('account', 'other')}",
        "the caller may not act as the service account {account}{other}, or it does not exist.",
        let_act_as("{account}{other}", "{project}"),
    ),
    _row(
        "service-account",
        rf"service account '?{_ACCOUNT}'? (?:does not exist|was not found|is disabled)"
        rf"|unknown service account:? *'?{_ACCOUNT.replace('account', 'other')}",
        "the service account {account}{other} does not exist, or is disabled.",
        "GcpContext(project={project!r}).setup() makes one; or name another: "
        "flow.run(context, service_account=...).",
    ),
    _row(
        "image-access",
        r"(?P<agent>service-\d+@gcp-sa-aiplatform[\w.-]*) does not have permission to access "
        r"artifact registry repository projects/(?P<owner>[^/\s]+)/locations/(?P<region>[^/\s]+)"
        r"/repositories/(?P<repository>[\w-]+)",
        "Vertex AI may not read the image repository {repository} in {region}, or it does not "
        "exist.",
        "gcloud artifacts repositories add-iam-policy-binding {repository} --location={region} "
        '--project={owner} --member="serviceAccount:{agent}" --role=roles/artifactregistry.reader',
    ),
    _row(
        "image",
        r"image '?\"?(?P<image>[\w.-]+(?:/[\w.-]+)+(?:[:@][\w:.-]*\w)?)'?\"?:? "
        r"(?:is |was |could )?(?:not (?:be )?found|does not exist)"
        r"|failed to (?:pull|resolve|fetch)(?: and unpack)?(?: image| reference)+ "
        r"\"?(?P<pulled>[\w.-]+(?:/[\w.-]+)+(?:[:@][\w:.-]*\w)?)"
        r"|back-off pulling image \"?(?P<backed>[\w./:@-]+\w)"
        r"|manifest for (?P<manifest>[\w./:@-]+\w) not found"
        r"|ImagePullBackOff|ErrImagePull|MANIFEST_UNKNOWN",
        "the image {image}{pulled}{backed}{manifest} is not in its registry.",
        _IMAGE_FIX,
    ),
    _row(
        "api",
        r"SERVICE_DISABLED.*?(?P<service>[a-z]+\.googleapis\.com)"
        r"|(?P<named>[a-z]+\.googleapis\.com)\S* (?:is not enabled|is disabled)"
        r"|API has not been used in project \S+ before or it is disabled"
        r".*?apis/api/(?P<visited>[a-z]+\.googleapis\.com)",
        "the API {service}{named}{visited} is not enabled in project {project}.",
        _enable,
    ),
    _row(
        "permission",
        r"(?P<member>[\w.+-]+@[\w.-]+\w)`? does not have `?\[?(?P<permission>[a-z]+\.[\w.]+\w)"
        r"(?:, [\w., ]+)?\]?`? (?:access|iam permission)",
        "{member} lacks the permission {permission}.",
        _grant,
    ),
    _row(
        "permission",
        r"permission ['\"]?(?P<permission>[a-z]+\.[\w.]+\w)['\"]? (?:was )?denied"
        r"|does not have (?P<lacking>[a-z]+\.[\w.]+\w) permission",
        "the identity of the run lacks the permission {permission}{lacking}.",
        _grant,
    ),
    _row(
        "policy",
        r"(?:org policy|constraint)\b[^\n]*?(?P<constraint>constraints/[\w.]+)"
        r"|prohibited by organization's policy",
        "the organization's policy {constraint} forbids it.",
        "ask whoever administers the organization, or keep to what it allows: another location, "
        "machine or network.",
    ),
    _row(
        "server-memory",
        r"model server container out of memory",
        "the memory of the machine that serves is full.",
        "a machine with more memory, Deploy(machine_type='n1-highmem-8'), or a smaller model.",
    ),
    _row(
        "server",
        r"model server (?:exited unexpectedly|never became ready"
        r"|terminated: model server container terminated)",
        "the model's server did not start, or did not answer its health checks.",
        "see its log for why; the model's files and the serving image must go together, and the "
        "server must listen at AIP_HTTP_PORT. On this machine: flow.run(GcpContext.local()).",
    ),
    _row(
        "command",
        r"exec: \\?\"(?P<command>[^\"\\\n]+)\\?\": (?:executable file not found|stat )",
        "the command {command} is not in the image.",
        "install it, or correct the command.",
    ),
    _row(
        "platform",
        r"exec format error",
        "the image is built for another processor than the machine has.",
        "build it for linux/amd64: docker build --platform=linux/amd64 ...",
    ),
    _row(
        "package",
        r"no matching distribution found for (?P<package>\S+)",
        "pip finds no package {package} for the Python version of the image.",
        "correct its name or version in the requirements or in packages_to_install, or use an "
        "image with another Python.",
    ),
    _row(
        "accelerator-memory",
        r"CUDA (?:error: )?out of memory|OutOfMemoryError: CUDA|OOM when allocating tensor"
        r"|CUDA_ERROR_OUT_OF_M",
        "the memory of the accelerator is full.",
        "smaller batches, mixed precision, or an accelerator with more memory.",
    ),
    _row(
        "memory",
        r"ran out[ -]of[ -]memory|_ArrayMemoryError|replicas low on memory|OOMKilled"
        r"|out of memory: killed process"
        r"|(?:status|code)(?: of)? 137\b|9\(SIGKILL\)|^MemoryError|may have run out of memory",
        "the machine's memory is full, and the process was killed.",
        _BIGGER,
    ),
    _row(
        "disk",
        r"no space left on device|disk quota exceeded|the disk .*is full",
        "the disk is full.",
        "a larger disk, Trainer(boot_disk_size_gb=200), or write less to it.",
    ),
    _row(
        "accelerator-driver",
        r"CUDA driver version is insufficient|CUDA_ERROR_SYSTEM_DRIVER_MISMATCH"
        r"|no kernel image is available|NVIDIA driver on your system is too old"
        r"|cudaErrorInsufficientDriver",
        "the CUDA version of the image does not go with the driver or the accelerator.",
        "an image whose framework is built for an older CUDA, or another accelerator_type.",
    ),
    _row(
        "argument",
        r"error: unrecognized arguments: (?P<arguments>[^\n]+)",
        "the training code does not know the arguments {arguments}.",
        "declare them in its parser, or leave them out of args: Trainer(args=...), "
        "Train(args=...); tuned parameters and data sets are arguments too.",
    ),
    _row(
        "argument",
        r"error: (?P<arguments>(?:argument [^\n:]+:|the following arguments are required:)[^\n]+)",
        "the training code refused its arguments: {arguments}.",
        "give what it expects: Trainer(args=...), Train(args=...).",
    ),
    _row(
        "module",
        r"(?:ModuleNotFoundError: )?No module named '?(?P<module>[\w.]+)",
        "the module {module} is not where the code runs.",
        "install its package in the training image, and for a component name it in "
        "packages_to_install; a module of your own belongs into the trainer's package.",
    ),
    _row(
        "bucket",
        r"specified bucket does not exist|bucket '?(?P<bucket>[\w.-]+)'? (?:was )?not found",
        "the bucket {bucket} does not exist.",
        "GcpContext(project={project!r}).setup() makes the context's own; or name one that is "
        "there: GcpContext(bucket=...).",
    ),
    _row(
        "object",
        r"no such object: (?P<object>\S+)"
        r"|no such file or directory:? *b?['\"]?(?P<uri>(?:gs://|/gcs/)[^\s'\"]*[^\s'\":;,.])",
        "there is nothing at {object}{uri}.",
        "upload it, GcpContext(project={project!r}).upload(path, uri), or correct the URI.",
    ),
    _row(
        "machine",
        r"machine type \"?'?(?P<machine>[\w-]+)\"?'? (?:is |was )?not (?:supported|available|found)"
        r"|(?:does not support|unsupported) machine type:? \"?'?(?P<other>[\w-]+)"
        r"|accelerator \"?[\w-]+\"? is not supported for machine type \"?(?P<holder>[\w-]+)",
        "there are no machines of type {machine}{other}{holder} in {location}, or not with that "
        "accelerator.",
        "another machine_type or accelerator_type, or another location.",
    ),
)

# Words that occur in the logs of healthy programs too: an exception of the user's goes first.
LATER_ROWS = (
    _row(
        "preempted",
        r"preempt(?:ed|ion)",
        "a SPOT machine was taken away, more often than the job was restarted.",
        "save checkpoints to AIP_CHECKPOINT_DIR and go on from them, or use "
        "Trainer(strategy='STANDARD').",
    ),
    _row(
        "timeout",
        r"ran longer than its timeout|exceeded (?:its |the )?(?:\w+ )?timeout|DEADLINE_EXCEEDED"
        r"|JOB_STATE_EXPIRED|job (?:has )?timed out|exceeded the maximum (?:run|running) ?time",
        "it did not end in the time that it was given.",
        "more time, Train(timeout='86400s'), a faster machine, or less to do.",
    ),
    _row(
        "internal",
        r"internal error (?:occurred|encountered)|^INTERNAL\b|code=INTERNAL\b"
        r"|specified \w+ `etag`: `\d+` does not match",
        "an error inside Google Cloud; the run itself is most likely right.",
        "run it again: what has succeeded is reused. If it comes back, use another location.",
    ),
)

_EXITS = {
    "2": ("the command refused its arguments.", "see its usage at the end of the log."),
    "139": (
        "the process crashed: a segmentation fault in compiled code.",
        "use versions of the packages that go together; the end of its log may name one.",
    ),
    "126": ("the command cannot be executed.", "make the file executable in the image."),
    "127": ("the command is not in the image.", "install it, or correct the command."),
}
_EXIT = re.compile(
    r"non-zero status (?:of|code) (?P<code>\d+)|exit(?:ed with)? code (?P<other>\d+)"
)


def diagnose(text: str, *, project: str, location: str) -> Diagnosis | None:
    """Tell the likely cause of a failure.

    Args:
        text: What was said of it: error messages, the end of the log.
        project: Id of the project, for command lines.
        location: Region.

    Returns:
        The cause, or None when the text says none that is known.
    """
    around = {"project": project, "location": location}
    text = _readable(text)
    return (
        _looked_up(ROWS, text, around)
        or _exception(text)
        or _looked_up(LATER_ROWS, text, around)
        or _exit(text)
    )


def _readable(text: str) -> str:
    """Cut what was said down to what is quickly read: its first and last lines, none too long."""
    lines = [line[:_WIDTH] for line in text.splitlines()]
    return "\n".join(lines if len(lines) <= _HEAD + _TAIL else lines[:_HEAD] + lines[-_TAIL:])


def _looked_up(rows: tuple[Row, ...], text: str, around: Mapping[str, str]) -> Diagnosis | None:
    for row in rows:
        match = row.pattern.search(text)
        if match:
            found = {name: plain(value or "") for name, value in match.groupdict().items()}
            return _filled(row, {**around, **found})
    return None


def _filled(row: Row, facts: Mapping[str, str]) -> Diagnosis:
    facts = {**facts, "location": facts.get("region") or facts["location"]}
    fix = row.fix(facts) if callable(row.fix) else row.fix.format(**facts)
    return Diagnosis(row.kind, _tidy(row.cause.format(**facts)), fix)


def _tidy(sentence: str) -> str:
    """Close the gap that a missing fact leaves, and the full stop that one brought along."""
    return re.sub(r"\.\.$", ".", re.sub(r"  +", " ", sentence))


def _exception(text: str) -> Diagnosis | None:
    found = last_exception(text)
    if found is None:
        return None
    where = f", raised at {found.place}" if found.place else ""
    return Diagnosis(
        "exception",
        f"{plain(found.line).removesuffix('.')}{plain(where)}.",
        "mend the code; it can be tried on this machine first: flow.run(GcpContext.local()).",
    )


def _exit(text: str) -> Diagnosis | None:
    match = _EXIT.search(text)
    if match is None:
        return None
    code = match["code"] or match["other"]
    cause, fix = _EXITS.get(code, ("", ""))
    return Diagnosis(
        "exit",
        cause or f"the process ended with exit code {code}.",
        fix or "the end of its log says why.",
    )
