"""Evaluations of models: metrics that somebody computed, kept with a version."""

from __future__ import annotations

from google.cloud.aiplatform_v1 import types

from vertex_flow.engine.api.errors import invalid, not_found
from vertex_flow.engine.api.messages import stamp
from vertex_flow.engine.models.versions import Versions
from vertex_flow.engine.state.listing import page
from vertex_flow.engine.state.store import Store


class Evaluations:
    """Keeps evaluations; each is named after the version that it is of.

    Args:
        store: Where they are kept.
        versions: The models' versions.
    """

    def __init__(self, store: Store, versions: Versions) -> None:
        self._store = store
        self._versions = versions

    async def import_(self, request: types.ImportModelEvaluationRequest) -> types.ModelEvaluation:
        """Answer `evaluations.import`."""
        parent = self._version(request.parent)
        evaluation = types.ModelEvaluation(request.model_evaluation)
        if not evaluation.metrics_schema_uri or "metrics" not in evaluation:
            raise invalid(
                "model_evaluation has to have metrics and metrics_schema_uri, for example "
                "gs://google-cloud-aiplatform/schema/modelevaluation/"
                "classification_metrics_1.0.0.yaml."
            )
        evaluation.name = f"{parent}/evaluations/{self._store.new_id()}"
        stamp(evaluation, "create_time")
        self._store.insert(evaluation)
        return evaluation

    async def get(self, request: types.GetModelEvaluationRequest) -> types.ModelEvaluation:
        """Answer `evaluations.get`, of a version or, without one, of whichever has it."""
        model, _, evaluation_id = request.name.rpartition("/evaluations/")
        parents = [self._version(model)]
        if "@" not in model:
            parents = [f"{model}@{each.version_id}" for each in self._versions.of(model)]
        names = [f"{parent}/evaluations/{evaluation_id}" for parent in parents]
        found = [self._store.find(types.ModelEvaluation, name) for name in names]
        for evaluation in filter(None, found):
            return evaluation
        raise not_found(f'The ModelEvaluation "{request.name}" does not exist.')

    async def list(
        self, request: types.ListModelEvaluationsRequest
    ) -> types.ListModelEvaluationsResponse:
        """Answer `evaluations.list`: of a version, else of the default one."""
        parent = self._version(request.parent)
        shown, token = page(self._store, types.ModelEvaluation, parent, request)
        return types.ListModelEvaluationsResponse(model_evaluations=shown, next_page_token=token)

    async def slices(
        self, request: types.ListModelEvaluationSlicesRequest
    ) -> types.ListModelEvaluationSlicesResponse:
        """Answer `slices.list`: an imported evaluation has none."""
        await self.get(types.GetModelEvaluationRequest(name=request.parent))
        return types.ListModelEvaluationSlicesResponse()

    def _version(self, reference: str) -> str:
        """Give a version of a model as `<model>@<version id>`."""
        version = self._versions.get(reference)
        return f"{version.name}@{version.version_id}"
