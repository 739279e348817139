"""Models and endpoints of Vertex AI."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from google.cloud import aiplatform_v1

from vertex_flow.client.calling import SECONDS, Caller
from vertex_flow.names import Resource


class Endpoints(Caller):
    """Reads models and endpoints, asks for predictions, and takes them down."""

    def get_model(self, name: str) -> aiplatform_v1.Model:
        """Read a registered model version, `projects/…/models/ID@VERSION`."""
        return self._call(self._models.get_model, name=name)

    def models(self) -> Iterator[aiplatform_v1.Model]:
        """Every model, in its default version, the newest first."""
        return self._listed(self._models.list_models, "models", order_by="create_time desc")

    def model_versions(self, name: str) -> Iterator[aiplatform_v1.Model]:
        """Every version of a model."""
        return self._listed(self._models.list_model_versions, "models", name=name)

    def get_endpoint(self, name: str) -> aiplatform_v1.Endpoint:
        """Read an endpoint with its deployed models."""
        return self._call(self._endpoints.get_endpoint, name=name)

    def endpoints(self, text: str) -> Iterator[aiplatform_v1.Endpoint]:
        """Every endpoint that matches a filter."""
        return self._listed(self._endpoints.list_endpoints, "endpoints", filter=text)

    def busy_endpoints(self) -> tuple[str, ...]:
        """Names of the endpoints that have models behind them."""
        return tuple(str(one.name) for one in self.endpoints("") if one.deployed_models)

    def predict(
        self, endpoint: str, instances: Sequence[Any], parameters: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Ask an endpoint for predictions.

        Plain JSON over the same session: the message types hold each number as an object of
        its own, which for images costs more than the model does.
        """
        body: dict[str, Any] = {"instances": list(instances)}
        if parameters:
            body["parameters"] = dict(parameters)
        url = f"{self.endpoint}/v1/{Resource.parse(endpoint)}:predict"

        def post() -> dict[str, Any]:
            response = self._session.post(url, json=body, timeout=SECONDS)
            response.raise_for_status()
            return dict(response.json())

        return self._asked(post)

    def prediction_counts(self) -> dict[str, Any] | None:
        """Read how many predictions deployed models were asked for since the engine's start.

        Returns:
            `since`, and `endpoints`: `requests`, `failed` and `last` by id of the deployed model,
            by name of the endpoint. None for Google Cloud, where Cloud Monitoring has them, as
            `aiplatform.googleapis.com/prediction/online/prediction_count`.
        """
        if self.token is None:
            return None

        def get() -> dict[str, Any]:
            response = self._session.get(f"{self.endpoint}/statz", timeout=SECONDS)
            response.raise_for_status()
            return dict(response.json())

        return self._asked(get)

    def undeploy_model(self, endpoint: str, deployed_id: str, traffic: Mapping[str, int]) -> None:
        """Take a model off an endpoint, and wait until it is.

        Args:
            endpoint: Resource name.
            deployed_id: Id of the deployed model.
            traffic: The endpoint's traffic from then on, in percent by id; empty leaves it.
        """
        request = {
            "endpoint": endpoint,
            "deployed_model_id": deployed_id,
            "traffic_split": dict(traffic),
        }
        self._done(self._call(self._endpoints.undeploy_model, request=request))

    def delete_endpoint(self, name: str) -> None:
        """Delete an endpoint that no model is deployed to, and wait until it is gone."""
        self._done(self._call(self._endpoints.delete_endpoint, name=name))

    @cached_property
    def _models(self) -> Any:
        return self._service(aiplatform_v1.ModelServiceClient)

    @cached_property
    def _endpoints(self) -> Any:
        return self._service(aiplatform_v1.EndpointServiceClient)
