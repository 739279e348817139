"""Resource names, URIs and the names of stages: the one place that builds or splits them."""

from __future__ import annotations

import hashlib
import hmac
import keyword
import re
from collections.abc import Mapping

import attrs

from vertex_flow.errors import SettingError

FLOW_LABEL = "vertex-flow-flow"
"""Label of everything that a run makes: the name of its flow."""

EXPIRES_LABEL = "vertex-flow-expires"
"""Label of an endpoint that may go: when, in the form of `expiry.expiry_label`."""

SUBMISSION_LABEL = "vertex-flow-submission"
"""Label of a pipeline job that tells by whom, and with what, it was submitted."""

TUNING_JOBS = "hyperparameterTuningJobs"
"""Collection of hyperparameter tuning jobs."""

CUSTOM_JOBS = "customJobs"
"""Collection of custom jobs."""

_STARTS = {"hyperparameter-tuning-job": TUNING_JOBS, "custom-training-job": CUSTOM_JOBS}
_NUMBERED = re.compile(r"-[0-9]+$")  # KFP numbers the tasks of one component, from the second on
_STAGE = re.compile(r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_LABEL = re.compile(r"[a-z0-9_-]{0,63}")
_LABEL_KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_PARAMETER = re.compile(r"[a-z][a-z0-9_]{0,62}")
_RESOURCE = re.compile(
    r"projects/(?P<project>[^/]+)/locations/(?P<location>[^/]+)"
    r"/(?P<collection>[^/]+)/(?P<id>[^/@]+)(?:@(?P<version>[^/]+))?"
)
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@attrs.frozen
class Resource:
    """The full name of a Vertex AI resource.

    Attributes:
        project: Project id or number.
        location: Region, for example `us-central1`.
        collection: Plural kind, for example `models`.
        id: Last part of the name.
        version: Version id or alias of a model, or None.
    """

    project: str
    location: str
    collection: str
    id: str
    version: str | None = None

    @classmethod
    def parse(cls, name: str) -> Resource:
        """Split a resource name.

        Args:
            name: `projects/P/locations/L/COLLECTION/ID`, for models also with `@VERSION`.
                A URL in front of it, as in a task's `gcp_resources`, is dropped.

        Raises:
            SettingError: The text is not such a name.
        """
        _, _, path = name.rpartition("/v1/")
        match = _RESOURCE.fullmatch(path)
        if match is None:
            raise SettingError(
                f"{name!r} is not a resource name: "
                "expected projects/PROJECT/locations/LOCATION/COLLECTION/ID."
            )
        return cls(**match.groupdict())

    @property
    def parent(self) -> str:
        """`projects/P/locations/L`."""
        return location_name(self.project, self.location)

    def __str__(self) -> str:
        suffix = f"@{self.version}" if self.version else ""
        return f"{self.parent}/{self.collection}/{self.id}{suffix}"


def location_name(project: str, location: str) -> str:
    """Name of a location, the parent of most resources: `projects/P/locations/L`."""
    return f"projects/{project}/locations/{location}"


def pipeline_job_name(parent: str, job_id: str) -> str:
    """Resource name of a pipeline job of a location."""
    return f"{parent}/pipelineJobs/{job_id}"


def job_collection(task: str) -> str:
    """Collection of the jobs that a task of Google's components starts; empty for another task.

    Args:
        task: Name of the task.
    """
    return _STARTS.get(_NUMBERED.sub("", task), "")


def job_display_name(job_id: str, stage: str) -> str:
    """Display name of the job that a stage starts, by which it is found while the stage runs.

    Args:
        job_id: Id of the pipeline job.
        stage: Name of the stage.
    """
    return f"{job_id}-{stage}"


def join_uri(root: str, *parts: str) -> str:
    """Put parts below a URI or an absolute path, with exactly one slash between them."""
    return "/".join([root.rstrip("/"), *(part.strip("/") for part in parts)])


def project_number(project: str) -> str:
    """Give the number that a project has in the local engine, 12 digits that follow from its id.

    Args:
        project: The id of a project, or its number.
    """
    if project.isdigit():
        return project
    digest = hashlib.sha256(project.encode()).digest()
    return str(10**11 + int.from_bytes(digest[:8], "big") % (9 * 10**11))


def storage_host(endpoint: str, token: str) -> str:
    """Root URL of an engine's Cloud Storage, the value of `STORAGE_EMULATOR_HOST`.

    `google.cloud.storage` sends no credentials to an emulator, so the URL holds a secret of its
    own. It follows from the engine's token, and opens nothing but the storage.

    Args:
        endpoint: Root URL of the engine.
        token: The engine's token.
    """
    secret = hmac.new(token.encode(), b"storage", hashlib.sha256).hexdigest()
    return f"{endpoint}/-/{secret}"


def api_endpoint(location: str) -> str:
    """Root URL of Vertex AI's API in a location."""
    return f"https://{location}-aiplatform.googleapis.com"


def image_registry(location: str, project: str, repository: str) -> str:
    """Root of the images in an Artifact Registry repository, without a slash at its end."""
    # A project id of old may hold a domain: example.com:acme is example.com/acme there.
    return f"{location}-docker.pkg.dev/{project.replace(':', '/')}/{repository}"


def service_account_email(account: str, project: str) -> str:
    """E-mail address of a service account of a project."""
    domain, _, name = project.rpartition(":")
    return f"{account}@{f'{name}.{domain}' if domain else name}.iam.gserviceaccount.com"


def stage_name(class_name: str) -> str:
    """Name of a stage that is given none: `HyperTune` → `hyper-tune`."""
    return _HUMP.sub("-", class_name.strip("_")).replace("_", "-").lower()


def check_stage_name(name: str) -> None:
    """Refuse a name that cannot be the name of a flow, a stage and a task in a compiled pipeline.

    Raises:
        SettingError: The name does not match `[a-z]([a-z0-9-]{0,61}[a-z0-9])?`.
    """
    if not _STAGE.fullmatch(name):
        fixed = re.sub(r"[^a-z0-9]+", "-", stage_name(name)).strip("-")[:63]
        hint = f" Try {fixed!r}." if _STAGE.fullmatch(fixed) else ""
        raise SettingError(
            f"{name!r} is not a valid name: use up to 63 lower-case letters, digits and "
            f"hyphens, a letter first, no hyphen last.{hint}"
        )


def check_labels(owner: str, labels: Mapping[str, str]) -> None:
    """Refuse labels that Google Cloud would refuse, at the end of an expensive run.

    Args:
        owner: The class they were given to, for the error.
        labels: Keys and values.

    Raises:
        SettingError: A key or value has more than 63 characters, a capital, a space or another
            character than letters, digits, `_` and `-`; or a key does not start with a letter.
    """
    for key, value in labels.items():
        texts = isinstance(key, str) and isinstance(value, str)
        if not (texts and _LABEL.fullmatch(value) and _LABEL_KEY.fullmatch(key)):
            raise SettingError(
                f"{owner}(labels={{{key!r}: {value!r}}}): keys and values are up to 63 lower-case "
                "letters, digits, '_' and '-'; a key starts with a letter."
            )


def check_parameter_name(name: str) -> None:
    """Refuse a name that cannot be the name of a pipeline parameter.

    Raises:
        SettingError: The name does not match `[a-z][a-z0-9_]{0,62}`, or is a word of Python's
            own, which KFP cannot make an argument of.
    """
    if keyword.iskeyword(name):
        raise SettingError(
            f"{name!r} is not a valid parameter name: it is a word of Python's own. Try "
            f"{name + '_value'!r}."
        )
    if not _PARAMETER.fullmatch(name):
        raise SettingError(
            f"{name!r} is not a valid parameter name: use up to 63 lower-case letters, digits "
            "and underscores, a letter first."
        )
