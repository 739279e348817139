"""The model server behind an endpoint: `python -m vertex_flow.serving --framework tensorflow`.

It stands in for Vertex AI's prebuilt serving images. One process serves one model, on loopback
only, and obeys the container contract: `AIP_HTTP_PORT`, `AIP_HEALTH_ROUTE`, `AIP_PREDICT_ROUTE`
and `AIP_STORAGE_URI`. The HTTP side is Google's own model server.
"""
