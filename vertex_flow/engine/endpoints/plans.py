"""From a model to the server that serves it: which command, environment and routes."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

import attrs
from google.cloud.aiplatform_v1 import types

from vertex_flow.engine.api.errors import failed_precondition
from vertex_flow.engine.api.messages import seconds
from vertex_flow.engine.processes import Command
from vertex_flow.engine.state.home import Home
from vertex_flow.names import Resource

_PREBUILT = re.compile(r"(?:^|/)vertex-ai(?:-restricted)?/prediction/(?P<image>[\w.-]+)")
# Image name up to its first dash or dot: tf2-cpu.2-15, sklearn-cpu.1-5, xgboost-cpu.2-1 ...
_FRAMEWORKS = {"tf2": "tensorflow", "tf": "tensorflow", "sklearn": "sklearn", "xgboost": "xgboost"}
_VARIABLE = re.compile(r"\$(?:\$|\((?P<name>[A-Za-z_]\w*)\))")


@attrs.frozen(kw_only=True)
class ServerPlan:
    """How to serve one deployed model; the port is left open until the server starts.

    Attributes:
        name: Resource name of the deployed model, for errors.
        argv: The command, in which `$(NAME)` stands for a variable of the environment.
        env: Its environment, without `AIP_HTTP_PORT`.
        health_route: Path that answers 200 once the model can be asked.
        predict_route: Path that predictions are posted to.
        log: File that gets its output.
        cwd: Folder that it runs in; None for an empty one.
        notes: Sentences for its log, about what has no effect here.
        imports: Heavy packages that it will import.
        start_timeout: Longest time until it is healthy, in seconds, or None for the default.
        trusted: Whether it is this package's own server, whose answers need no check.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    health_route: str
    predict_route: str
    log: Path
    cwd: Path | None = None
    notes: tuple[str, ...] = ()
    imports: frozenset[str] = frozenset()
    start_timeout: float | None = None
    trusted: bool = False

    def command(self, port: int, scratch: Path) -> Command:
        """Give the command that serves on a port.

        Args:
            port: A free port on loopback.
            scratch: An empty folder, for servers that need none of their own.
        """
        env = {**self.env, "AIP_HTTP_PORT": str(port)}
        return Command(
            argv=tuple(_expand(word, env) for word in self.argv),
            env=env,
            cwd=self.cwd or scratch,
            log=self.log,
            imports=self.imports,
        )


def prebuilt_framework(image_uri: str) -> str | None:
    """Tell the framework of a prebuilt serving image.

    Args:
        image_uri: For example `us-docker.pkg.dev/vertex-ai/prediction/tf2-cpu.2-15:latest`.

    Returns:
        `tensorflow`, `sklearn` or `xgboost`; None for any other image.

    Raises:
        ApiError: FAILED_PRECONDITION for a prebuilt image of another framework.
    """
    match = _PREBUILT.search(image_uri)
    if match is None:
        return None
    family = re.split(r"[-.]", match["image"])[0]
    if family not in _FRAMEWORKS:
        raise failed_precondition(
            f"The local engine has no server for the prebuilt image {image_uri}: it serves those "
            "of TensorFlow (tf2-*), scikit-learn (sklearn-*) and XGBoost (xgboost-*). Set "
            "container_spec.command to a server of your own."
        )
    return _FRAMEWORKS[family]


def plan_server(
    home: Home, *, endpoint: str, deployed: types.DeployedModel, model: types.Model
) -> ServerPlan:
    """Decide how a deployed model is served.

    Args:
        home: Resolves URIs and gives the log's place.
        endpoint: Resource name of the endpoint.
        deployed: The deployed model, its id set.
        model: The version that it deploys.

    Raises:
        ApiError: FAILED_PRECONDITION when this machine cannot serve it.
    """
    spec = model.container_spec
    place = Resource.parse(endpoint)
    framework = None if spec.command else prebuilt_framework(spec.image_uri)
    if not spec.command and framework is None:
        raise failed_precondition(
            f"The image {spec.image_uri} has no container_spec.command, and an image's own "
            "program cannot run here: set container_spec.command (and args) to the server's "
            "command, for example ['python', '-m', 'my_server']."
        )
    route = f"/v1/endpoints/{place.id}/deployedModels/{deployed.id}"
    routes = (spec.health_route or route, spec.predict_route or f"{route}:predict")
    folder = None if framework else _source(spec.image_uri)
    return ServerPlan(
        name=f"{endpoint}/deployedModels/{deployed.id}",
        argv=_argv(home, spec, framework),
        env=_environment(home, place, deployed, model, routes) | _python_path(folder),
        health_route=routes[0],
        predict_route=routes[1],
        log=home.log("endpoints", place.id, str(deployed.id)),
        cwd=None if framework else folder or Path.cwd(),
        notes=_notes(spec, framework, folder),
        imports=frozenset({framework} if framework else ()),
        start_timeout=seconds(spec.deployment_timeout),
        trusted=framework is not None,
    )


def _source(image_uri: str) -> Path | None:
    """Give the folder that an image of the form `file:///folder@sha256:digest` stands for."""
    if not image_uri.startswith("file://"):
        return None
    return Path(unquote(urlsplit(image_uri.partition("@")[0]).path))


def _python_path(folder: Path | None) -> dict[str, str]:
    if folder is None:
        return {}
    others = os.environ.get("PYTHONPATH")
    return {"PYTHONPATH": os.pathsep.join([str(folder), *([others] if others else [])])}


def _notes(
    spec: types.ModelContainerSpec, framework: str | None, folder: Path | None
) -> tuple[str, ...]:
    if framework:
        args = f"; the arguments {list(spec.args)} have no effect here" if spec.args else ""
        return (f"the local {framework} server stands in for {spec.image_uri}{args}",)
    if folder is None:
        return (f"the command runs in this Python environment, not in {spec.image_uri}",)
    return ()


def _argv(home: Home, spec: types.ModelContainerSpec, framework: str | None) -> tuple[str, ...]:
    if framework is not None:
        return ("python", "-m", "vertex_flow.serving", "--framework", framework)
    return tuple(home.localise(word) for word in (*spec.command, *spec.args))


def _environment(
    home: Home,
    place: Resource,
    deployed: types.DeployedModel,
    model: types.Model,
    routes: tuple[str, str],
) -> dict[str, str]:
    machine = deployed.dedicated_resources.machine_spec
    uri = str(home.path(model.artifact_uri)) if model.artifact_uri else ""
    env = {each.name: home.localise(each.value) for each in model.container_spec.env}
    return {
        **env,
        "AIP_DEPLOYED_MODEL_ID": deployed.id,
        "AIP_ENDPOINT_ID": place.id,
        "AIP_FRAMEWORK": "CUSTOM_CONTAINER",
        "AIP_HEALTH_ROUTE": routes[0],
        "AIP_MACHINE_TYPE": machine.machine_type,
        "AIP_MODE": "PREDICTION",
        "AIP_MODEL_NAME": model.name,
        "AIP_PREDICT_ROUTE": routes[1],
        "AIP_PROJECT_NUMBER": place.project,
        "AIP_STORAGE_URI": uri,
        "AIP_VERSION_NAME": model.version_id,
    }


def _expand(word: str, env: Mapping[str, str]) -> str:
    """Put variables into a word, as container commands have them; `$$(NAME)` stays `$(NAME)`."""

    def replace(match: re.Match[str]) -> str:
        if match["name"] is None:
            return "$"
        return env.get(match["name"], match[0])

    return _VARIABLE.sub(replace, word)
