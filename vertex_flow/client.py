"""The only module that speaks to Vertex AI: Google's own clients, local or cloud alike."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeVar

import attrs
from google.api_core.client_options import ClientOptions
from google.cloud import aiplatform_v1
from google.oauth2.credentials import Credentials
from google.protobuf import field_mask_pb2, json_format
from google.rpc import code_pb2

from vertex_flow.calls import ONCE, PATIENT, Patience, call
from vertex_flow.errors import ApiError
from vertex_flow.names import Resource

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_SECONDS = 60.0
_LONGEST = 1800.0  # how long an operation may take, in seconds
_HTTP = {"NOT_FOUND": 404, "FAILED_PRECONDITION": 400, "INVALID_ARGUMENT": 400, "ABORTED": 409}
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

    def get_custom_job(self, name: str) -> aiplatform_v1.CustomJob:
        """Read a custom job with its error."""
        return self._call(self._jobs.get_custom_job, name=name)

    def get_tuning_job(self, name: str) -> aiplatform_v1.HyperparameterTuningJob:
        """Read a hyperparameter tuning job with its trials."""
        return self._call(self._jobs.get_hyperparameter_tuning_job, name=name)

    def custom_job(self, display_name: str) -> aiplatform_v1.CustomJob | None:
        """Find the newest custom job of a display name."""
        found = self._call(
            self._jobs.list_custom_jobs,
            request={"parent": self.parent, "filter": f'display_name="{display_name}"'},
        )
        return next(iter(found), None)

    def get_operation(self, name: str) -> dict[str, Any]:
        """Read a long-running operation, as plain JSON: its kind of answer may be any."""

        def get() -> dict[str, Any]:
            response = self._session.get(f"{self.endpoint}/v1/{name}", timeout=_SECONDS)
            response.raise_for_status()
            return dict(response.json())

        return self._asked(get)

    def metadata_context(self, context_id: str) -> aiplatform_v1.Context | None:
        """Read a context of the default metadata store, or give None when it is not there."""
        try:
            name = f"{self._metadata_store}/contexts/{context_id}"
            return self._call(self._metadata.get_context, name=name)
        except ApiError as error:
            if error.code == 404:
                return None
            raise

    def create_metadata_context(
        self, context_id: str, context: aiplatform_v1.Context
    ) -> aiplatform_v1.Context:
        """Create a context in the default metadata store."""
        return self._call(
            self._metadata.create_context,
            parent=self._metadata_store,
            context=context,
            context_id=context_id,
        )

    def add_context_children(self, context: str, children: Sequence[str]) -> None:
        """Put contexts into another one; those that are in it stay so."""
        self._call(
            self._metadata.add_context_children, context=context, child_contexts=list(children)
        )

    def ensure_metadata_store(self, encryption_key: str = "") -> None:
        """Make the default metadata store of the location when it is not there."""
        try:
            self._call(self._metadata.get_metadata_store, name=self._metadata_store)
        except ApiError as error:
            if error.code != 404:
                raise
            store = aiplatform_v1.MetadataStore()
            if encryption_key:
                store.encryption_spec = aiplatform_v1.EncryptionSpec(kms_key_name=encryption_key)
            operation = self._call(
                self._metadata.create_metadata_store,
                parent=self.parent,
                metadata_store=store,
                metadata_store_id="default",
            )
            self._asked(lambda: operation.result(timeout=10 * _SECONDS))

    def get_model(self, name: str) -> aiplatform_v1.Model:
        """Read a registered model version, `projects/…/models/ID@VERSION`."""
        return self._call(self._models.get_model, name=name)

    def get_endpoint(self, name: str) -> aiplatform_v1.Endpoint:
        """Read an endpoint with its deployed models."""
        return self._call(self._endpoints.get_endpoint, name=name)

    def pipeline_jobs(self, text: str) -> Iterator[aiplatform_v1.PipelineJob]:
        """Every pipeline job that matches a filter, the newest first, without its tasks."""
        method = self._pipelines.list_pipeline_jobs
        return self._listed(method, "pipeline_jobs", filter=text, order_by="create_time desc")

    def custom_jobs(self, text: str) -> Iterator[aiplatform_v1.CustomJob]:
        """Every custom job that matches a filter."""
        return self._listed(self._jobs.list_custom_jobs, "custom_jobs", filter=text)

    def tuning_jobs(self, text: str) -> Iterator[aiplatform_v1.HyperparameterTuningJob]:
        """Every hyperparameter tuning job that matches a filter."""
        method = self._jobs.list_hyperparameter_tuning_jobs
        return self._listed(method, "hyperparameter_tuning_jobs", filter=text)

    def endpoints(self, text: str) -> Iterator[aiplatform_v1.Endpoint]:
        """Every endpoint that matches a filter."""
        return self._listed(self._endpoints.list_endpoints, "endpoints", filter=text)

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

    def create_schedule(self, schedule: aiplatform_v1.Schedule) -> aiplatform_v1.Schedule:
        """Create a schedule; the service chooses its name."""
        return self._call(self._schedules.create_schedule, parent=self.parent, schedule=schedule)

    def get_schedule(self, name: str) -> aiplatform_v1.Schedule:
        """Read a schedule."""
        return self._call(self._schedules.get_schedule, name=name)

    def schedules(self, text: str = "") -> Iterator[aiplatform_v1.Schedule]:
        """Every schedule that matches a filter, the oldest first."""
        method = self._schedules.list_schedules
        return self._listed(method, "schedules", filter=text, order_by="create_time")

    def update_schedule(
        self, schedule: aiplatform_v1.Schedule, fields: Sequence[str]
    ) -> aiplatform_v1.Schedule:
        """Change some fields of a schedule."""
        mask = field_mask_pb2.FieldMask(paths=list(fields))
        request = {"schedule": schedule, "update_mask": mask}
        return self._call(self._schedules.update_schedule, request=request)

    def pause_schedule(self, name: str) -> None:
        """Have a schedule start no runs until it is resumed."""
        self._call(self._schedules.pause_schedule, name=name)

    def resume_schedule(self, name: str, *, catch_up: bool) -> None:
        """Have a paused schedule start runs again, with or without those that were missed."""
        self._call(self._schedules.resume_schedule, request={"name": name, "catch_up": catch_up})

    def delete_schedule(self, name: str) -> None:
        """Delete a schedule, and wait until it is gone; the runs that it has started stay."""
        self._done(self._call(self._schedules.delete_schedule, name=name))

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

    def _listed(self, method: Callable[..., Any], key: str, **request: Any) -> Iterator[Any]:
        """Every item of a list, page after page; each page is tried as often as any request."""
        token = ""
        while True:
            asked = {"parent": self.parent, "page_token": token, **request}
            page = self._call(method, request=asked)
            yield from getattr(page, key)
            token = page.next_page_token
            if not token:
                return

    def _done(self, operation: Any) -> None:
        """Wait for a long-running operation, at most half an hour.

        Raises:
            ApiError: It failed, or takes longer.
        """
        name, pause, waited = operation.operation.name, 0.1, 0.0
        found = json_format.MessageToDict(operation.operation)
        while not found.get("done"):
            if waited > _LONGEST:
                raise ApiError(504, "DEADLINE_EXCEEDED", f"{name} is not done after {waited:g} s")
            self.patience.sleep(pause)
            waited, pause = waited + pause, min(pause * 1.5, 5.0)
            found = self._asked(lambda: self._plain(name))
        if "error" in found:
            code = found["error"].get("code", 2)
            status = code_pb2.Code.Name(code)
            message = found["error"].get("message", "no reason given")
            raise ApiError(_HTTP.get(status, 500), status, f"{message} ({name})")

    def _plain(self, name: str) -> dict[str, Any]:
        response = self._session.get(f"{self.endpoint}/v1/{name}", timeout=_SECONDS)
        response.raise_for_status()
        return dict(response.json())

    def _call(self, method: Callable[..., Any], **arguments: Any) -> Any:
        return self._asked(lambda: method(timeout=_SECONDS, retry=None, **arguments))

    def _paged(self, method: Callable[..., Any], request: Mapping[str, Any]) -> list[Any]:
        """Every item of a list: a page that fails has the whole list read again."""
        return self._asked(
            lambda: list(method(request=dict(request), timeout=_SECONDS, retry=None))
        )

    def _finished(self, operation: Any) -> None:
        """Wait for a long-running operation; raises an ApiError when it failed."""
        name, done, error = (
            operation.name,
            operation.done,
            json_format.MessageToDict(operation.error),
        )
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

    @property
    def _metadata_store(self) -> str:
        return f"{self.parent}/metadataStores/default"

    @cached_property
    def _metadata(self) -> Any:
        return self._service(aiplatform_v1.MetadataServiceClient)

    @cached_property
    def _models(self) -> Any:
        return self._service(aiplatform_v1.ModelServiceClient)

    @cached_property
    def _schedules(self) -> Any:
        return self._service(aiplatform_v1.ScheduleServiceClient)

    @cached_property
    def _tensorboards(self) -> Any:
        return self._service(aiplatform_v1.TensorboardServiceClient)

    @cached_property
    def _endpoints(self) -> Any:
        return self._service(aiplatform_v1.EndpointServiceClient)


def named(display_name: str) -> str:
    """Write a filter for a display name, whatever characters it has."""
    return f"display_name={json.dumps(display_name, ensure_ascii=False)}"
