"""The process: Google's model server around one predictor, on loopback."""

from __future__ import annotations

import importlib.util
import os

import uvicorn

from vertex_flow.serving.model_files import ModelLoadError

PREDICTORS = {
    "tensorflow": ("vertex_flow.serving.tensorflow", "TensorFlowPredictor"),
    "sklearn": ("vertex_flow.serving.sklearn", "LocalSklearnPredictor"),
    "xgboost": ("vertex_flow.serving.xgboost", "LocalXgboostPredictor"),
}
_KEEP_ALIVE = (
    75  # seconds; longer than the engine keeps a connection, so it never meets a closed one
)


def serve(framework: str) -> None:
    """Load the model and serve it until the process is told to stop.

    Args:
        framework: A key of `PREDICTORS`. Everything else is read from the environment:
            `AIP_HTTP_PORT`, `AIP_HEALTH_ROUTE`, `AIP_PREDICT_ROUTE`, `AIP_STORAGE_URI`.

    Raises:
        ModelLoadError: The framework is not installed, or the model cannot be loaded.
    """
    if importlib.util.find_spec(framework) is None:
        package = "scikit-learn" if framework == "sklearn" else framework
        raise ModelLoadError(
            f"this model needs {package}, which is not installed here: pip install {package}"
        )
    from google.cloud.aiplatform.prediction.model_server import CprModelServer

    module, predictor = PREDICTORS[framework]
    os.environ |= {
        "HANDLER_MODULE": "vertex_flow.serving.handler",
        "HANDLER_CLASS": "JsonHandler",
        "PREDICTOR_MODULE": module,
        "PREDICTOR_CLASS": predictor,
    }
    server = CprModelServer()
    uvicorn.run(
        server.app,
        host="127.0.0.1",
        port=server.http_port,
        workers=1,
        access_log=False,
        log_level="warning",
        timeout_keep_alive=_KEEP_ALIVE,
    )
