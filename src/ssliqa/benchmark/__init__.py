"""Benchmarks: methods, networks, label budgets and splits compared by a plan."""
