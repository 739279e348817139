"""Training images: what is built, what is there already, and which one a run takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from vertex_flow.apis import Apis
from vertex_flow.commands import create_repository
from vertex_flow.errors import SettingError, nearest
from vertex_flow.gcp.images.build_context import BuildContext, collect
from vertex_flow.gcp.images.failures import ImageBuild
from vertex_flow.names import Resource
from vertex_flow.place import Place
from vertex_flow.texts import plain

if TYPE_CHECKING:
    from vertex_flow.training import Trainer

Builder = Literal["cloud", "docker"]

_BUILDERS = ("cloud", "docker")
_LONGEST = 86_400  # seconds: a day, the most that Cloud Build gives
_MOST = 1_000_000  # MB


def build_image(  # noqa: PLR0913 - the options of GcpContext.build_image, passed on
    place: Place,
    apis: Apis,
    trainer: Trainer,
    *,
    builder: Builder,
    timeout: int,
    max_mb: int,
    say: Callable[[str], None],
) -> str:
    """Build and push the image of a trainer unless it is there; give its URI with digest.

    Args:
        place: Where it is pushed to.
        apis: Google's APIs.
        trainer: Its code is what goes into the image.
        builder: `cloud` for Cloud Build, `docker` for Docker on this machine.
        timeout: How long Cloud Build may take, in seconds.
        max_mb: How many MB of files may be sent at most.
        say: Called with each line of the log.

    Raises:
        SettingError: An option is wrong, or the sources cannot be sent.
        ImageBuildFailed: It was not built.
        ApiError: A request was refused.
    """
    _check(trainer, builder, timeout, max_mb)
    build = ImageBuild(place, collect(trainer, max_mb=max_mb))
    for path in build.context.secrets:
        say(plain(f"left out, since it may hold secrets: {path}"))
    found = _digest(place, apis, build.context.tag)
    if found:
        say(f"{build.uri} is there already")
        return _with_digest(place, found)
    _check_repository(place, apis)
    return _with_digest(place, _built(build, apis, builder, timeout, say))


def image_of(place: Place, apis: Apis, trainers: Sequence[Trainer]) -> str:
    """Find the image that some trainers share; give its URI with digest.

    Args:
        place: Where it was pushed to.
        apis: Google's APIs.
        trainers: One or more; their sources must be the same.

    Raises:
        SettingError: There is no image of these sources, or the trainers need several.
        ApiError: A request was refused.
    """
    contexts = {one.tag: one for one in map(collect, trainers)}
    if len(contexts) > 1:
        raise SettingError(
            "the trainers have different sources or base images, and one training image holds "
            "one. Give all the same base_image, or each an image of its own: "
            "Trainer(..., image=Param('other_image', ''))."
        )
    (context,) = contexts.values()
    found = _digest(place, apis, context.tag)
    if found is None:
        raise _missing(place, apis, trainers[0], context)
    return _with_digest(place, found)


def _check(trainer: Any, builder: Any, timeout: Any, max_mb: Any) -> None:
    """Refuse wrong arguments before anything is read or asked."""
    if not hasattr(trainer, "base_image"):
        raise SettingError(
            f"build_image({trainer!r}): expected a Trainer: Trainer(module='trainer.task')."
        )
    if builder not in _BUILDERS:
        raise SettingError(
            f"build_image(builder={builder!r}): use 'cloud' or 'docker'."
            + nearest(str(builder), _BUILDERS)
        )
    for name, value, most in (("timeout", timeout, _LONGEST), ("max_mb", max_mb, _MOST)):
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
            raise SettingError(
                f"build_image({name}={value!r}): expected a whole number from 1 to {most}."
            )


def _built(
    build: ImageBuild, apis: Apis, builder: Builder, timeout: int, say: Callable[[str], None]
) -> str:
    """Build it; give its digest."""
    if builder == "docker":
        from vertex_flow.gcp.images.docker_build import DockerBuild

        digest = DockerBuild(apis, say).run(build)
    else:
        from vertex_flow.gcp.images.cloud_build import CloudBuild

        digest = CloudBuild(apis, say, timeout).run(build)
    found = digest or _digest(build.place, apis, build.context.tag)
    if not found:
        raise SettingError(f"{build.uri} was built, but is not in the repository.")
    return found


def _missing(place: Place, apis: Apis, trainer: Trainer, context: BuildContext) -> SettingError:
    packages = apis.registry.projects().locations().repositories().packages()
    package = apis.find(packages.get(name=_package(place)))
    newest = (package or {}).get("updateTime")
    known = f" The newest image there, of {newest}, is of other sources." if newest else ""
    return SettingError(
        f"there is no image of the trainer {trainer.module!r} as it is now, "
        f"{place.registry}/trainer:{context.tag}.{known} Build it: "
        f"GcpContext.build_image(Trainer(module={trainer.module!r}, ...)). Or name another one: "
        "GcpContext(training_image=...)."
    )


def _digest(place: Place, apis: Apis, tag: str) -> str | None:
    """Digest of the image with a tag, `sha256:…`; None when there is none."""
    tags = apis.registry.projects().locations().repositories().packages().tags()
    found = apis.find(tags.get(name=f"{_package(place)}/tags/{tag}"))
    return str(found["version"]).rpartition("/")[2] if found else None


def _check_repository(place: Place, apis: Apis) -> None:
    repositories = apis.registry.projects().locations().repositories()
    if apis.find(repositories.get(name=_repository(place))) is None:
        raise SettingError(
            f"there is no repository {place.repository!r} in {place.location} of project "
            f"{place.project} to push the image to. GcpContext.setup() makes it, or:\n"
            f"  {create_repository(place.repository, place.project, place.location)}"
        )


def _repository(place: Place) -> str:
    return str(Resource(place.project, place.location, "repositories", place.repository))


def _package(place: Place) -> str:
    return f"{_repository(place)}/packages/trainer"


def _with_digest(place: Place, digest: str) -> str:
    return f"{place.registry}/trainer@{digest}"
