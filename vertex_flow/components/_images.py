"""The images that the components run in, each chosen for a short container start."""

from google_cloud_pipeline_components import _image

# Holds kfp and google-cloud-aiplatform, and the Google Cloud steps of the same pipeline run in it
# too: nothing is installed at the start of a task. Private, but the only place that names it.
GCPC_IMAGE: str = _image.GCPC_IMAGE_TAG

# A tenth of the size of an image with TensorFlow; numpy is one small wheel on top.
NUMPY_IMAGE = "python:3.11-slim"

# TensorFlow's own image: its tags stay. Vertex AI's newest prebuilt training image (TensorFlow
# 2.17) passed its end of availability in July 2026 and is several times larger.
TENSORFLOW_IMAGE = "tensorflow/tensorflow:2.20.0"
