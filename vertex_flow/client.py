"""The only module that speaks to Vertex AI: Google's own clients, local or cloud alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeVar

import attrs
from google.api_core.client_options import ClientOptions
from google.cloud import aiplatform_v1
from google.oauth2.credentials import Credentials
from google.protobuf.json_format import MessageToDict
from google.rpc import code_pb2

from vertex_flow.calls import ONCE, PATIENT, Patience, call
from vertex_flow.errors import ApiError
from vertex_flow.names import Resource

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_SECONDS = 60.0
_ENDED = "The local engine ends with the program that started it, and with Run.close()."

T = TypeVar("T")


@attrs.define(eq=False)
class Client:
    """Vertex AI's API at one endpoint.

    Attributes:
        endpoint: Root URL, `https://…` or, for the local engine, `http://127.0.0.1:PORT`.
        parent: `projects/P/locations/L`.
        token: Access token of the local engine; None for Google Cloud.
        credentials: A `google.auth` credentials object; None for the application-default ones.
        patience: How often a request to Google Cloud is tried; one to this machine, once.
    """

    endpoint: str
    parent: str
    token: str | None = attrs.field(default=None, repr=False)
    credentials: Any | None = attrs.field(default=None, repr=False)
    patience: Patience = attrs.field(default=PATIENT, repr=False)

    def create_pipeline_job(
        self, job_id: str, job: aiplatform_v1.PipelineJob
    ) -> aiplatform_v1.PipelineJob:
        """Submit a pipeline."""
        return self._call(
            self._pipelines.create_pipeline_job,
            parent=self.parent,
            pipeline_job=job,
            pipeline_job_id=job_id,
        )

    def get_pipeline_job(self, name: str) -> aiplatform_v1.PipelineJob:
        """Read a pipeline job with the states of its tasks."""
        return self._call(self._pipelines.get_pipeline_job, name=name)

    def cancel_pipeline_job(self, name: str) -> None:
        """Ask for a pipeline job to be cancelled."""
        self._call(self._pipelines.cancel_pipeline_job, name=name)

    def tuning_job(self, display_name: str) -> aiplatform_v1.HyperparameterTuningJob | None:
        """Find the newest hyperparameter tuning job of a display name."""
        found = self._call(
            self._jobs.list_hyperparameter_tuning_jobs,
            request={"parent": self.parent, "filter": f'display_name="{display_name}"'},
        )
        return next(iter(found), None)

    def get_model(self, name: str) -> aiplatform_v1.Model:
        """Read a registered model version, `projects/…/models/ID@VERSION`."""
        return self._call(self._models.get_model, name=name)

    def get_endpoint(self, name: str) -> aiplatform_v1.Endpoint:
        """Read an endpoint with its deployed models."""
        return self._call(self._endpoints.get_endpoint, name=name)

    def tensorboards(self, display_name: str = "") -> tuple[aiplatform_v1.Tensorboard, ...]:
        """Find the TensorBoard instances of a display name, or all of them."""
        request = {"parent": self.parent}
        if display_name:
            request["filter"] = f'display_name="{display_name}"'
        return tuple(self._paged(self._tensorboards.list_tensorboards, request))

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
            request = {"parent": self.parent, "filter": f'display_name="{display_name}"'}
            listed = self._tensorboards.list_tensorboards(
                request=request, timeout=_SECONDS, retry=None
            )
            if next(iter(listed), None) is not None:
                return None
            return self._tensorboards.create_tensorboard(
                parent=self.parent, tensorboard=made, timeout=_SECONDS, retry=None
            )

        operation = self._asked(ensure)
        if operation is not None:
            self._finished(operation.operation)

    def delete_tensorboard(self, name: str) -> None:
        """Remove a TensorBoard instance with all that it holds; it may be gone already."""
        try:
            operation = self._call(self._tensorboards.delete_tensorboard, name=name)
            self._finished(operation.operation)
        except ApiError as error:
            if error.code != 404:
                raise

    def locations(self) -> tuple[str, ...]:
        """Ids of the locations that Vertex AI offers to the project."""
        parent, _, _ = self.parent.partition("/locations/")
        found: list[str] = []
        token = ""
        while True:
            answer = self._read(f"{parent}/locations", {"pageToken": token} if token else {})
            found += [str(one["locationId"]) for one in answer.get("locations", [])]
            token = answer.get("nextPageToken", "")
            if not token:
                return tuple(found)

    def busy_endpoints(self) -> tuple[str, ...]:
        """Names of the endpoints that have models behind them."""
        found = self._paged(self._endpoints.list_endpoints, {"parent": self.parent})
        return tuple(str(one.name) for one in found if one.deployed_models)

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
            response = self._session.post(url, json=body, timeout=_SECONDS)
            response.raise_for_status()
            return dict(response.json())

        return self._asked(post)

    def _call(self, method: Callable[..., Any], **arguments: Any) -> Any:
        return self._asked(lambda: method(timeout=_SECONDS, retry=None, **arguments))

    def _paged(self, method: Callable[..., Any], request: Mapping[str, Any]) -> list[Any]:
        """Every item of a list: a page that fails has the whole list read again."""
        return self._asked(
            lambda: list(method(request=dict(request), timeout=_SECONDS, retry=None))
        )

    def _finished(self, operation: Any) -> None:
        """Wait for a long-running operation; raises an ApiError when it failed."""
        name, done, error = operation.name, operation.done, MessageToDict(operation.error)
        pause = 0.1
        while not done:
            self.patience.sleep(pause)
            pause = min(pause * 1.5, 5.0)
            found = self._read(name, {})
            done, error = found.get("done", False), found.get("error", {})
        if error.get("code"):
            status = code_pb2.Code.Name(int(error["code"]))
            raise ApiError(400, status, f"{error.get('message', 'no reason given')} ({name})")

    def _read(self, name: str, query: Mapping[str, str]) -> dict[str, Any]:
        """Read what Google's generated clients ask for below `/ui/`, which is not documented."""
        url = f"{self.endpoint}/v1/{name}"

        def get() -> dict[str, Any]:
            response = self._session.get(url, params=dict(query), timeout=_SECONDS)
            response.raise_for_status()
            return dict(response.json())

        return self._asked(get)

    def _asked(self, ask: Callable[[], T]) -> T:
        project = self.parent.split("/")[1]
        patience = ONCE if self.token else self.patience
        try:
            return call(ask, where=self.endpoint, project=project, patience=patience)
        except ApiError as error:
            if self.token and error.code == 503 and "does not answer" in error.message:
                raise ApiError(503, error.status, f"{error.message}. {_ENDED}") from error
            raise

    @cached_property
    def _credentials(self) -> Any:
        if self.token:
            return Credentials(token=self.token)
        if self.credentials is not None:
            return self.credentials
        import google.auth

        return self._asked(lambda: google.auth.default(scopes=[SCOPE])[0])

    @cached_property
    def _session(self) -> Any:
        from google.auth.transport.requests import AuthorizedSession

        return self._direct(AuthorizedSession(self._credentials))

    def _service(self, service: Callable[..., Any]) -> Any:
        client = service(
            transport="rest",
            credentials=self._credentials,
            client_options=ClientOptions(api_endpoint=self.endpoint),
        )
        self._direct(client.transport._session)
        return client

    def _direct(self, session: Any) -> Any:
        """Keep what is for this machine, the token too, from a proxy that the environment names."""
        if self.endpoint.startswith("http://"):
            session.trust_env = False
        return session

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
    def _tensorboards(self) -> Any:
        return self._service(aiplatform_v1.TensorboardServiceClient)

    @cached_property
    def _endpoints(self) -> Any:
        return self._service(aiplatform_v1.EndpointServiceClient)
