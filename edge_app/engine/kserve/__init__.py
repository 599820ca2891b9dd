"""A model on a server of the KServe v2 protocol, such as NVIDIA Triton, behind the slot protocol."""
