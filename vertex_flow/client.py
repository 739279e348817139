"""The only module that speaks to Vertex AI: Google's own clients, local or cloud alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import attrs
from google.api_core import exceptions
from google.api_core.client_options import ClientOptions
from google.cloud import aiplatform_v1
from google.oauth2.credentials import Credentials

from vertex_flow.errors import ApiError
from vertex_flow.names import Resource

_SECONDS = 60.0


@attrs.define(eq=False)
class Client:
    """Vertex AI's API at one endpoint.

    Attributes:
        endpoint: Root URL, `https://…` or, for the local engine, `http://127.0.0.1:PORT`.
        parent: `projects/P/locations/L`.
        token: Access token; None for the application-default credentials.
    """

    endpoint: str
    parent: str
    token: str | None = attrs.field(default=None, repr=False)

    def create_pipeline_job(
        self, job_id: str, job: aiplatform_v1.PipelineJob
    ) -> aiplatform_v1.PipelineJob:
        """Submit a pipeline."""
        return _call(
            self._pipelines.create_pipeline_job,
            parent=self.parent,
            pipeline_job=job,
            pipeline_job_id=job_id,
        )

    def get_pipeline_job(self, name: str) -> aiplatform_v1.PipelineJob:
        """Read a pipeline job with the states of its tasks."""
        return _call(self._pipelines.get_pipeline_job, name=name)

    def cancel_pipeline_job(self, name: str) -> None:
        """Ask for a pipeline job to be cancelled."""
        _call(self._pipelines.cancel_pipeline_job, name=name)

    def tuning_job(self, display_name: str) -> aiplatform_v1.HyperparameterTuningJob | None:
        """Find the newest hyperparameter tuning job of a display name."""
        found = _call(
            self._jobs.list_hyperparameter_tuning_jobs,
            request={"parent": self.parent, "filter": f'display_name="{display_name}"'},
        )
        return next(iter(found), None)

    def get_model(self, name: str) -> aiplatform_v1.Model:
        """Read a registered model version, `projects/…/models/ID@VERSION`."""
        return _call(self._models.get_model, name=name)

    def get_endpoint(self, name: str) -> aiplatform_v1.Endpoint:
        """Read an endpoint with its deployed models."""
        return _call(self._endpoints.get_endpoint, name=name)

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
        response = self._session.post(url, json=body, timeout=_SECONDS)
        answer = response.json()
        if not response.ok:
            error = answer.get("error", {})
            raise ApiError(
                response.status_code,
                error.get("status", "UNKNOWN"),
                error.get("message", response.text),
            )
        return dict(answer)

    @cached_property
    def _credentials(self) -> Any:
        if self.token:
            return Credentials(token=self.token)
        import google.auth

        return google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])[0]

    @cached_property
    def _session(self) -> Any:
        from google.auth.transport.requests import AuthorizedSession

        return AuthorizedSession(self._credentials)

    def _service(self, service: Callable[..., Any]) -> Any:
        return service(
            transport="rest",
            credentials=self._credentials,
            client_options=ClientOptions(api_endpoint=self.endpoint),
        )

    @cached_property
    def _pipelines(self) -> Any:
        return self._service(aiplatform_v1.PipelineServiceClient)

    @cached_property
    def _jobs(self) -> Any:
        return self._service(aiplatform_v1.JobServiceClient)

    @cached_property
    def _models(self) -> Any:
        return self._service(aiplatform_v1.ModelServiceClient)

    @cached_property
    def _endpoints(self) -> Any:
        return self._service(aiplatform_v1.EndpointServiceClient)


def _call(method: Callable[..., Any], **arguments: Any) -> Any:
    try:
        return method(timeout=_SECONDS, **arguments)
    except exceptions.GoogleAPICallError as error:
        status = error.reason or getattr(error.grpc_status_code, "name", "") or "UNKNOWN"
        raise ApiError(int(error.code or 0), status, error.message) from error
