"""The labels that Vertex AI puts on pipeline jobs by itself."""

RUN_LABEL = "vertex-ai-pipelines-run-billing-id"
SCHEDULE_LABEL = "vertex-ai-pipelines-scheduled-run-time"
