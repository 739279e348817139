"""From a model to the server that serves it: which command, environment and routes."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import attrs
from google.cloud.aiplatform_v1 import types

from vertex_flow.engine.api.errors import failed_precondition
from vertex_flow.engine.api.messages import seconds
from vertex_flow.engine.endpoints.probes import (
    CommandCheck,
    HttpCheck,
    Probe,
    health_route,
    read_probe,
)
from vertex_flow.engine.models.images import prebuilt_framework, version_note
from vertex_flow.engine.processes import Command
from vertex_flow.engine.state.home import Home
from vertex_flow.names import Resource, project_number

_VARIABLE = re.compile(r"\$(?:\$|\((?P<name>[A-Za-z_]\w*)\))")


@attrs.frozen(kw_only=True)
class ServerPlan:
    """How to serve one deployed model; the port is left open until the server starts.

    Attributes:
        name: Resource name of the deployed model, for errors.
        argv: The command, in which `$(NAME)` stands for a variable of the environment.
        env: The variables that the container contract gives, without `AIP_HTTP_PORT`.
        variables: The model's own, in which `$(NAME)` stands for one of the contract's or an
            earlier one; they do not replace those of the contract.
        health_route: Path that answers 200 once the model can be asked.
        predict_route: Path that predictions are posted to.
        log: File that gets its output.
        cwd: Folder that it runs in; None for an empty one.
        notes: Sentences for its log, about what has no effect here.
        startup: Passes once the server has started; None when it has no such probe.
        health: Passes while the server can be asked.
        liveness: A server is started again when it fails; None when it has no such probe.
        imports: Heavy packages that it will import; None where its files have to be read.
        start_timeout: Longest time until it is healthy, in seconds, or None for the default.
        trusted: Whether it is this package's own server, whose answers need no check.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    health_route: str
    predict_route: str
    log: Path
    variables: Mapping[str, str] = attrs.field(factory=dict)
    cwd: Path | None = None
    notes: tuple[str, ...] = ()
    startup: Probe | None = None
    health: Probe = attrs.Factory(lambda plan: health_route(plan.health_route), takes_self=True)
    liveness: Probe | None = None
    imports: frozenset[str] | None = None
    start_timeout: float | None = None
    trusted: bool = False

    @property
    def unready(self) -> str:
        """What is wrong with a server that does not get healthy."""
        check = self.health.check
        if isinstance(check, HttpCheck) and check.only_200:
            return f"did not answer 200 on {check.path}"
        return "did not pass its health probe"

    def command(self, port: int, scratch: Path) -> Command:
        """Give the command that serves on a port.

        Args:
            port: A free port on loopback.
            scratch: An empty folder, for servers that need none of their own.
        """
        contract = {**self.env, "AIP_HTTP_PORT": str(port)}
        env = dict(contract)
        for name, value in self.variables.items():
            env[name] = contract.get(name) or expanded(value, env)
        return Command(
            argv=tuple(expanded(word, env) for word in self.argv),
            env=env,
            cwd=self.cwd or scratch,
            log=self.log,
            imports=self.imports,
        )


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
        variables={each.name: home.localise(each.value) for each in spec.env},
        health_route=routes[0],
        predict_route=routes[1],
        log=home.log("endpoints", place.id, str(deployed.id)),
        cwd=None if framework else folder or Path.cwd(),
        notes=(*_notes(spec, framework, folder), *_resource_notes(deployed, spec)),
        **_probes(home, spec, routes[0]),
        imports=frozenset({framework}) if framework else None,
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
        version = version_note(spec.image_uri)
        return (f"the local {framework} server stands in for {spec.image_uri}{version}{args}",)
    if folder is None:
        return (f"the command runs in this Python environment, not in {spec.image_uri}",)
    return ()


def _resource_notes(
    deployed: types.DeployedModel, spec: types.ModelContainerSpec
) -> tuple[str, ...]:
    asked = deployed.dedicated_resources
    replicas = max(asked.min_replica_count, asked.max_replica_count)
    notes = []
    if replicas > 1:
        notes.append(f"one process on this machine stands in for up to {replicas} replicas")
    if spec.shared_memory_size_mb:
        notes.append("shared_memory_size_mb has no effect here")
    return tuple(notes)


def _probes(home: Home, spec: types.ModelContainerSpec, route: str) -> dict[str, Any]:
    """Give the probes that a plan has; the health route is asked where there is no health probe."""
    startup, health, liveness = (
        _localised(home, read_probe(spec, name))
        for name in ("startup_probe", "health_probe", "liveness_probe")
    )
    return {"startup": startup, "health": health or health_route(route), "liveness": liveness}


def _localised(home: Home, probe: Probe | None) -> Probe | None:
    if probe is None or not isinstance(probe.check, CommandCheck):
        return probe
    argv = tuple(home.localise(word) for word in probe.check.argv)
    return attrs.evolve(probe, check=CommandCheck(argv=argv))


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
    env = {
        "AIP_DEPLOYED_MODEL_ID": deployed.id,
        "AIP_ENDPOINT_ID": place.id,
        "AIP_FRAMEWORK": "CUSTOM_CONTAINER",
        "AIP_HEALTH_ROUTE": routes[0],
        "AIP_MACHINE_TYPE": machine.machine_type,
        "AIP_MODE": "PREDICTION",
        "AIP_MODE_VERSION": "1.0.0",
        "AIP_MODEL_NAME": place.id,  # of these two, Vertex AI says so itself
        "AIP_PREDICT_ROUTE": routes[1],
        "AIP_PROJECT_NUMBER": project_number(place.project),
        "AIP_STORAGE_URI": uri,
        "AIP_VERSION_NAME": deployed.id,
    }
    if machine.accelerator_type:
        env["AIP_ACCELERATOR_TYPE"] = machine.accelerator_type.name
    return env


def expanded(word: str, env: Mapping[str, str]) -> str:
    """Put variables into a word, as container commands have them; `$$(NAME)` stays `$(NAME)`.

    Args:
        word: For example `--port=$(AIP_HTTP_PORT)`; what `env` lacks stays as it is.
        env: Values by name.
    """

    def replace(match: re.Match[str]) -> str:
        if match["name"] is None:
            return "$"
        return env.get(match["name"], match[0])

    return _VARIABLE.sub(replace, word)
