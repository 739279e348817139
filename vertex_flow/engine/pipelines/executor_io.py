"""What an executor reads and writes: its input message, its folder and what it leaves there."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import attrs

from vertex_flow.engine.pipelines.parameters import cast, fits, type_name
from vertex_flow.engine.pipelines.placeholders import View
from vertex_flow.engine.pipelines.values import Artifact, Ports
from vertex_flow.engine.pipelines.work import TaskFailed, Work
from vertex_flow.engine.state.plain import read_plain
from vertex_flow.names import join_uri

_OUTPUT_FILE = "executor_output.json"


@attrs.frozen(eq=False)
class ExecutorFiles:
    """The folder of a task, and what its executor reads and writes there.

    Attributes:
        work: The task.
        local: Give the executor places on this machine for `gs://` and `/gcs/`; without it URIs
            stay as they are.
    """

    work: Work
    local: bool = True

    @cached_property
    def folder(self) -> Path:
        """The task's folder on this machine."""
        return self.work.tools.home.path(self.work.folder)

    @property
    def output_file(self) -> Path:
        """Where the executor writes its output message."""
        return self.folder / _OUTPUT_FILE

    @cached_property
    def outputs(self) -> dict[str, Artifact]:
        """The output artifacts as they are before the executor runs."""
        store, parent = self.work.tools.store, self.work.job.parent
        return {
            key: Artifact(
                name=f"{parent}/metadataStores/default/artifacts/{store.new_id()}",
                key=key,
                uri=join_uri(self.work.folder, key),
                type=schema(spec.artifact_type),
            )
            for key, spec in sorted(self.work.component.output_definitions.artifacts.items())
        }

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """The input parameters that the component declares and that have a value."""
        declared = self.work.component.input_definitions.parameters
        given = self.work.inputs.parameters
        return {name: given[name] for name in sorted(declared) if given.get(name) is not None}

    @property
    def present(self) -> set[str]:
        """Names of the inputs that have a value."""
        return {*self.parameters, *self.work.inputs.artifacts}

    @cached_property
    def message(self) -> dict[str, Any]:
        """The `ExecutorInput` in JSON."""
        draft = self._message(self.parameters)
        words = self._view(self.parameters, draft)
        filled = {name: words.fill_deep(value) for name, value in self.parameters.items()}
        return self._message(filled)

    @cached_property
    def view(self) -> View:
        """What the placeholders in the executor's command stand for."""
        return self._view(self.message["inputs"].get("parameterValues", {}), self.message)

    def place(self, uri: str) -> str:
        """Give the URI that the executor sees."""
        return self.work.tools.home.localise(uri) if self.local else uri

    def prepare(self) -> None:
        """Make the folders that the executor writes in."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for artifact in self.outputs.values():
            self.work.tools.home.path(artifact.uri).parent.mkdir(parents=True, exist_ok=True)
        self.output_file.unlink(missing_ok=True)

    def parameter_file(self, name: str) -> Path:
        """Give the file that the executor may write an output parameter to."""
        return self.folder / name

    def collect(self) -> Ports:
        """Read what the executor left.

        What it wrote to a path of its own choice is copied to where the artifact's URI is.

        Raises:
            TaskFailed: Its output message, or a file of an output parameter, cannot be read, or
                holds a number that JSON does not have.
        """
        written = self._read_output()
        ports = Ports(
            parameters=self._output_parameters(written), artifacts=self._output_artifacts(written)
        )
        _check_finite(ports)
        return ports

    def _message(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        inputs: dict[str, Any] = {}
        if parameters:
            inputs["parameterValues"] = self._deep(dict(parameters))
        if self.work.inputs.artifacts:
            inputs["artifacts"] = {
                name: {"artifacts": [artifact.runtime(self.place) for artifact in artifacts]}
                for name, artifacts in sorted(self.work.inputs.artifacts.items())
                if name in self.work.component.input_definitions.artifacts
            }
        outputs: dict[str, Any] = {"outputFile": str(self.output_file)}
        declared = self.work.component.output_definitions.parameters
        if declared:
            outputs["parameters"] = {
                name: {"outputFile": str(self.parameter_file(name))} for name in sorted(declared)
            }
        if self.outputs:
            outputs["artifacts"] = {
                key: {"artifacts": [artifact.runtime(self.place)]}
                for key, artifact in self.outputs.items()
            }
        return {"inputs": inputs, "outputs": outputs}

    def _deep(self, value: Any) -> Any:
        return deep(value, self.place)

    def _view(self, parameters: Mapping[str, Any], whole: dict[str, Any]) -> View:
        home = self.work.tools.home
        files = whole["outputs"].get("parameters", {})
        declared = self.work.component.input_definitions.artifacts
        inputs = {
            name: found["artifacts"]
            if declared[name].is_artifact_list
            else _seen(found["artifacts"][0], home.localise)
            for name, found in whole["inputs"].get("artifacts", {}).items()
            if found["artifacts"] or declared[name].is_artifact_list
        }
        outputs = {
            name: _seen(found["artifacts"][0], home.localise)
            for name, found in whole["outputs"].get("artifacts", {}).items()
        }
        values = {
            **self.work.words,
            "inputs": {"parameters": dict(parameters), "artifacts": inputs},
            "outputs": {
                "parameters": {
                    name: {"output_file": file["outputFile"]} for name, file in files.items()
                },
                "artifacts": outputs,
                "output_file": whole["outputs"]["outputFile"],
            },
            "outputMetadataUri": whole["outputs"]["outputFile"],
        }
        return View(values=values, whole=whole)

    def _read_output(self) -> dict[str, Any]:
        try:
            text = _text(self.output_file)
            written = json.loads(text)
        except FileNotFoundError:
            return {}
        except (ValueError, RecursionError) as error:
            raise TaskFailed(f"{self.output_file} is not JSON: {error}") from error
        if not isinstance(written, dict):
            raise TaskFailed(f"{self.output_file} holds {written!r}: expected a JSON object.")
        return written

    def _output_parameters(self, written: Mapping[str, Any]) -> dict[str, Any]:
        found = dict(written.get("parameterValues", {}))
        for name, old in written.get("parameters", {}).items():
            found.setdefault(name, next(iter(old.values()), None))
        for name, spec in self.work.component.output_definitions.parameters.items():
            kind, file = type_name(spec), self.parameter_file(name)
            if name not in found:
                with suppress(FileNotFoundError):
                    found[name] = _text(file)
            if name in found:
                found[name] = _typed(name, kind, found[name])
        return found

    def _output_artifacts(self, written: Mapping[str, Any]) -> dict[str, tuple[Artifact, ...]]:
        given = written.get("artifacts", {})
        return {
            key: tuple(self._returned(key, item) for item in given[key].get("artifacts", ()))
            if given.get(key)
            else (artifact,)
            for key, artifact in self.outputs.items()
        }

    def _returned(self, key: str, item: Mapping[str, Any]) -> Artifact:
        """Read an output artifact; its URI is given back the form that the job knows it by."""
        draft = self.outputs[key]
        uri = self._restore(item.get("uri") or draft.uri)
        custom = item.get("customPath", item.get("custom_path", ""))
        if custom and Path(custom).exists():
            copy(Path(custom), self.work.tools.home.path(uri))
        return attrs.evolve(draft, uri=uri, metadata=item.get("metadata", {}))

    def _restore(self, uri: str) -> str:
        inputs = [artifact for found in self.work.inputs.artifacts.values() for artifact in found]
        for artifact in (*self.outputs.values(), *inputs):
            shown = self.place(artifact.place)
            if uri == shown or uri.startswith(f"{shown.rstrip('/')}/"):
                return artifact.uri + uri[len(shown) :]
        return uri


def _text(path: Path) -> str:
    """Read what an executor has written.

    Raises:
        FileNotFoundError: There is nothing.
        TaskFailed: It is no text, or longer than a job can keep.
    """
    try:
        return read_plain(path).decode()
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise TaskFailed(f"an output cannot be read: {error}") from error


def _typed(name: str, kind: str, written: Any) -> Any:
    value = cast(kind, written)
    if value is not None and not fits(kind, value):
        raise TaskFailed(f"The output {name!r} is {written!r}: expected {kind}.")
    return value


def _check_finite(ports: Ports) -> None:
    found = [(f"the output {name!r}", value) for name, value in ports.parameters.items()]
    for key, artifacts in ports.artifacts.items():
        for artifact in artifacts:
            found += [
                (f"{name!r} in the metadata of the output {key!r}", value)
                for name, value in artifact.metadata.items()
            ]
    for place, value in found:
        number = _not_finite(value)
        if number is not None:
            raise TaskFailed(
                f"{place} is {number}, and a pipeline keeps finite numbers only. A training that "
                "diverged gives such numbers; where they are meant, put out a text."
            )


def _not_finite(value: Any) -> float | None:
    """Find a NaN or an infinity in a nested value."""
    if isinstance(value, float):
        return None if math.isfinite(value) else value
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return next((bad for item in items if (bad := _not_finite(item)) is not None), None)


def copy(source: Path, target: Path) -> None:
    """Copy a file, or a folder with all that is in it; links are kept as links."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
    else:
        shutil.copy2(source, target)


def deep(value: Any, change: Callable[[str], str]) -> Any:
    """Change every text in a nested value."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [deep(item, change) for item in value]
    if isinstance(value, dict):
        return {name: deep(item, change) for name, item in value.items()}
    return value


def schema(message: Any) -> dict[str, str]:
    """Give an `ArtifactTypeSchema` as JSON."""
    from google.protobuf import json_format

    found: dict[str, str] = json_format.MessageToDict(message)
    return found


def _seen(artifact: Mapping[str, Any], localise: Callable[[str], str]) -> dict[str, Any]:
    """Give the properties of an artifact that placeholders can name."""
    return {
        "name": artifact["name"],
        "uri": artifact["uri"],
        "path": localise(artifact["uri"]),
        "metadata": artifact["metadata"],
    }
