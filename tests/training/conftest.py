from tiny_set import one_thread, tiny_run, tiny_set  # noqa: F401
