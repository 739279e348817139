"""What a run has left behind to be used: a registered model, an endpoint."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from vertex_flow.client import Client


@attrs.frozen
class RegisteredModel:
    """A version of a model in the registry.

    Attributes:
        name: `projects/…/models/ID`.
        version: Version id, `"1"` for the first.
        display_name: Name shown in the registry.
        aliases: Aliases of this version.
        uri: Where the model's files are.
    """

    name: str
    version: str
    display_name: str
    aliases: tuple[str, ...]
    uri: str


@attrs.frozen(eq=False)
class DeployedEndpoint:
    """An endpoint that serves a model.

    Attributes:
        name: `projects/…/endpoints/ID`.
        url: The URL that takes predictions, by HTTP POST with a bearer token.
    """

    name: str
    url: str
    _client: Client = attrs.field(repr=False, alias="client")

    def predict(
        self, instances: Iterable[Any], *, parameters: Mapping[str, Any] | None = None
    ) -> list[Any]:
        """Get predictions.

        Args:
            instances: One element a prediction, in the form the model takes; NumPy arrays too.
            parameters: What the model's server takes besides.

        Returns:
            One prediction an instance.

        Raises:
            ApiError: The endpoint refused the request, for example 400 for a wrong shape.
        """
        plain = [one.tolist() if hasattr(one, "tolist") else one for one in instances]
        return list(self._client.predict(self.name, plain, parameters)["predictions"])
