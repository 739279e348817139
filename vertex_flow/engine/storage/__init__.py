"""Cloud Storage over the engine's folder: buckets and objects, as Google's client asks for them."""
