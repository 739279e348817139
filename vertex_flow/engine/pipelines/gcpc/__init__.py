"""Google Cloud Pipeline Components: what their launchers do, against the engine's own API.

The launchers run in a container and talk to the cloud's host, whose name is fixed in them. Here
their requests are made from the same payloads, with Google's own payload functions, and sent to
the engine; waiting ends when the work does, instead of at the next poll.
"""
