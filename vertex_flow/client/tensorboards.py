"""TensorBoard instances of Vertex AI."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from google.cloud import aiplatform_v1

from vertex_flow.calls import if_there
from vertex_flow.client.calling import SECONDS, Caller, named


class Tensorboards(Caller):
    """Makes, finds and deletes TensorBoard instances."""

    def tensorboards(self, display_name: str = "") -> tuple[aiplatform_v1.Tensorboard, ...]:
        """Find the TensorBoard instances of a display name, or all of them."""
        request = {"filter": named(display_name)} if display_name else {}
        method = self._tensorboards.list_tensorboards
        return tuple(self._listed(method, "tensorboards", **request))

    def get_tensorboard(self, name: str) -> aiplatform_v1.Tensorboard:
        """Read a TensorBoard instance."""
        return self._call(self._tensorboards.get_tensorboard, name=name)

    def ensure_tensorboard(self, display_name: str, labels: Mapping[str, str]) -> None:
        """Make a TensorBoard instance, unless there is one of its display name.

        Vertex AI takes no name for it: a request whose answer was lost is looked for, not sent
        again.
        """
        made = aiplatform_v1.Tensorboard(display_name=display_name, labels=dict(labels))

        def ensure() -> Any:
            request = {"parent": self.parent, "filter": named(display_name)}
            listed = self._tensorboards.list_tensorboards(
                request=request, timeout=SECONDS, retry=None
            )
            if next(iter(listed), None) is not None:
                return None
            return self._tensorboards.create_tensorboard(
                parent=self.parent, tensorboard=made, timeout=SECONDS, retry=None
            )

        operation = self._asked(ensure)
        if operation is not None:
            self._done(operation)

    def delete_tensorboard(self, name: str) -> None:
        """Remove a TensorBoard instance with all that it holds; it may be gone already."""
        if_there(lambda: self._done(self._call(self._tensorboards.delete_tensorboard, name=name)))

    @cached_property
    def _tensorboards(self) -> Any:
        return self._service(aiplatform_v1.TensorboardServiceClient)
