"""Why an image was not built: the first error in the log, the likely cause, and the fix."""

from __future__ import annotations

import re
from collections.abc import Sequence

import attrs

from vertex_flow.commands import CALLER, create_repository
from vertex_flow.errors import ImageBuildFailed
from vertex_flow.gcp.images.build_context import BuildContext
from vertex_flow.place import Place
from vertex_flow.texts import plain

_PREFIX = re.compile(r'^(?:Step #\d+(?: - "[^"]*")?: )?(?:#\d+ (?:\d+\.\d+ )?)?')
_ERROR = re.compile(r"\bERROR\b|\b(?:[Ee]rror|[Ff]atal|[Dd]enied|[Ff]ailed)\b[^:]*:")

BUILDKIT = {
    "BUILDKIT_PROGRESS": "plain",
    # With them an image would be an index of several manifests, which not every service reads.
    "BUILDX_NO_DEFAULT_ATTESTATIONS": "1",
}
"""Environment variables of `docker build`, which reads them where it builds with BuildKit."""

MAY_NOT_PUSH = (
    "{who} may not push to the repository {repository}.",
    "gcloud artifacts repositories add-iam-policy-binding {repository} --location={location} "
    '--project={project} --member="{member}" --role=roles/artifactregistry.writer',
)
"""Cause and fix of a push that is refused, with the names of `failure` in braces."""

# What a line of the log says, what it means, and what to do. The names in braces are those of
# `_facts`; `named` is what a group of the pattern holds.
_KNOWN = (
    (r"uploadArtifacts|denied: .*artifactregistry", *MAY_NOT_PUSH),
    (
        r'[Rr]epository "(?P<name>[^"]*)" not found',
        "there is no repository {named} in {location} of project {project}.",
        "{create}",
    ),
    (
        r"toomanyrequests",
        "Docker Hub limits how often images are fetched from it.",
        "try again later, or take the base image from Google's mirror: "
        "Trainer(..., base_image='mirror.gcr.io/...').",
    ),
    (
        r"pull access denied for (?P<a>[^\s,]+)|manifest for (?P<b>\S+) not found"
        r"|(?P<c>[^\s:]+(?::[^\s:]+)?): failed to resolve source metadata"
        r"|failed to solve: (?P<d>\S+): not found",
        "the base image {named} is not there, or the builder may not read it.",
        "correct FROM in {dockerfile}, or Trainer(..., base_image=...).",
    ),
    (
        r"No matching distribution found for (?P<a>\S+)"
        r"|Could not find a version that satisfies the requirement (?P<b>\S+)",
        "for the Python of the base image pip finds no {named}.",
        "correct the requirements, or take another base image.",
    ),
    (
        r"ResolutionImpossible|conflicting dependencies",
        "the requirements contradict each other.",
        "correct the requirements, or take another base image.",
    ),
    (
        r"(?:COPY|ADD) failed|failed to compute cache key|failed to calculate checksum",
        "{dockerfile} copies what was not sent: it is not in {folder}, or left out there.",
        "correct the line, or .dockerignore.",
    ),
    (
        r"[Nn]o space left on device",
        "the image is too large for the disk of the builder.",
        "make it smaller, with a smaller base image or fewer files.",
    ),
    (
        r"permission denied while trying to connect to the [Dd]ocker (?:daemon|API)",
        "you may not use the Docker daemon of this machine.",
        'sudo usermod -aG docker "$USER", and log in again; or build in the cloud: '
        "build_image(..., builder='cloud').",
    ),
    (
        r"Cannot connect to the Docker daemon|error during connect"
        r"|failed to connect to the docker API",
        "the Docker daemon of this machine is not running.",
        "start Docker, or build in the cloud: build_image(..., builder='cloud').",
    ),
)


@attrs.frozen
class ImageBuild:
    """An image that is to be built.

    Attributes:
        place: Where it is pushed to.
        context: What it is built from.
    """

    place: Place
    context: BuildContext

    @property
    def uri(self) -> str:
        """URI of the image, with the tag of its sources."""
        return f"{self.place.registry}/trainer:{self.context.tag}"

    @property
    def latest(self) -> str:
        """URI of the image that was built last."""
        return f"{self.place.registry}/trainer:latest"

    @property
    def arguments(self) -> list[str]:
        """What `docker build` is told, but for the folder."""
        base = self.context.base
        return [
            *("--file", self.context.dockerfile.path),
            *("--tag", self.uri),
            *("--tag", self.latest),
            *(("--build-arg", f"BASE={base}") if base else ()),
        ]


def failure(
    build: ImageBuild,
    lines: Sequence[str],
    *,
    member: str = CALLER,
    otherwise: tuple[str, str] = ("", ""),
    logs_uri: str | None = None,
) -> ImageBuildFailed:
    """Explain why an image was not built.

    Args:
        build: The image.
        lines: The log.
        member: Who pushes it, as in an IAM policy.
        otherwise: Cause and fix when the log holds nothing that is known; with `{who}`,
            `{member}`, `{project}`, `{location}`, `{repository}` and `{bucket}` for what they are.
        logs_uri: Where the full log is.
    """
    facts = _facts(build, member)
    line, (cause, fix) = _first(lines), otherwise
    for pattern, means, mend in _KNOWN:
        matches = ((one, found) for one in lines if (found := re.search(pattern, one)))
        known = next(matches, None)
        if known is not None:
            line, found = known
            named = [value for value in found.groupdict().values() if value]
            facts["named"] = named[0] if named else ""
            cause, fix = means, mend
            break
    return ImageBuildFailed(
        build.uri,
        plain(_PREFIX.sub("", line).strip()),
        cause=plain(cause.format(**facts)),
        fix=plain(fix.format(**facts)),
        logs_uri=logs_uri,
    )


def _facts(build: ImageBuild, member: str) -> dict[str, str]:
    place, context = build.place, build.context
    return {
        "who": member.partition(":")[2] if member.startswith("serviceAccount:") else "the caller",
        "member": member,
        "project": place.project,
        "location": place.location,
        "repository": place.repository,
        "bucket": place.bucket,
        "create": create_repository(place.repository, place.project, place.location),
        "dockerfile": context.dockerfile.path,
        "folder": str(context.folder),
    }


def _first(lines: Sequence[str]) -> str:
    """The first line that is an error, else the last one."""
    errors = (line for line in lines if _ERROR.search(line))
    return next(errors, lines[-1] if lines else "the log is empty")
