"""What the engine makes of each field of a training pipeline."""

from __future__ import annotations

from vertex_flow.engine.api.support import HONOURED, REFUSED, SIMULATED, Level
from vertex_flow.engine.models import FIELDS as MODEL

_PIPELINE = "TrainingPipeline"
_UPLOAD = f"{_PIPELINE}.model_to_upload"

FIELDS: dict[str, Level] = {
    f"{_PIPELINE}.display_name": HONOURED,
    f"{_PIPELINE}.encryption_spec": SIMULATED,
    f"{_PIPELINE}.input_data_config": REFUSED,
    f"{_PIPELINE}.labels": HONOURED,
    f"{_PIPELINE}.model_id": HONOURED,
    f"{_UPLOAD}.name": HONOURED,
    **{
        path.replace("Model.", f"{_UPLOAD}.", 1): level
        for path, level in MODEL.items()
        if path.startswith("Model.")
    },
    f"{_PIPELINE}.parent_model": HONOURED,
    f"{_PIPELINE}.training_task_definition": HONOURED,
    f"{_PIPELINE}.training_task_inputs": HONOURED,
    f"{_PIPELINE}.training_task_metadata": HONOURED,
}
NOTES: dict[str, str] = {
    f"{_PIPELINE}.input_data_config": "There are no dataset resources here: the program reads its "
    "data from a URI that it is given.",
    f"{_UPLOAD}.artifact_uri": "model/ below the base output directory unless given; of a tuning "
    "job that of its best trial.",
    f"{_UPLOAD}.name": "Set by the engine; not read from requests.",
    f"{_PIPELINE}.training_task_definition": "custom_task and hyperparameter_tuning_task; AutoML "
    "is refused with 501.",
    f"{_PIPELINE}.training_task_inputs": "The CustomJobSpec of a custom job, or study_spec, "
    "trial_job_spec and the counts of a tuning job: see these.",
    f"{_PIPELINE}.training_task_metadata": "Set by the engine; not read from requests.",
}
