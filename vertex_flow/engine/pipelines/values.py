"""What flows between the tasks of a pipeline: parameters and artifacts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

_ANY_TYPE = {"schemaTitle": "system.Artifact", "schemaVersion": "0.0.1"}


@attrs.frozen(kw_only=True)
class Artifact:
    """One artifact: a file or folder, or a resource, with what is known about it.

    Attributes:
        name: Its resource name in Vertex ML Metadata's form.
        key: The output, or input, that it is known by in its task.
        uri: Where it is; never mapped to this machine's folders.
        type: Its schema, with the keys of an `ArtifactTypeSchema`.
        metadata: What its producer noted on it.
        workspace_path: Where a copy of it is that tasks get instead, or empty.
    """

    name: str
    key: str
    uri: str
    type: Mapping[str, str] = attrs.field(factory=lambda: dict(_ANY_TYPE))
    metadata: Mapping[str, Any] = attrs.field(factory=dict)
    workspace_path: str = ""

    @property
    def place(self) -> str:
        """Where tasks find it: a URI, not mapped to this machine's folders."""
        return self.workspace_path or self.uri

    @property
    def resource_name(self) -> str:
        """Name of the Vertex AI resource that it stands for, or empty."""
        name = self.metadata.get("resourceName", "")
        return name if isinstance(name, str) else ""

    def runtime(self, place: Callable[[str], str]) -> dict[str, Any]:
        """Give it as the `RuntimeArtifact` that an executor reads.

        Args:
            place: Maps a URI to the one that the executor gets.
        """
        return {
            "name": self.name,
            "type": dict(self.type),
            "uri": place(self.place),
            "metadata": dict(self.metadata),
        }


@attrs.frozen(kw_only=True)
class Ports:
    """The inputs, or the outputs, of a task.

    Attributes:
        parameters: Values by name; an input that has none is absent.
        artifacts: Artifacts by name; more than one where they were collected from a loop.
        keyed: Parameters as the cache sees them: what differs from run to run, such as the name
            of the job, is still a placeholder. A name that is absent is as in `parameters`.
    """

    parameters: Mapping[str, Any] = attrs.field(factory=dict)
    artifacts: Mapping[str, tuple[Artifact, ...]] = attrs.field(factory=dict)
    keyed: Mapping[str, Any] = attrs.field(factory=dict)

    def key_of(self, name: str) -> Any:
        """Give a parameter as the cache sees it."""
        return self.keyed.get(name, self.parameters[name])
