"""The same accidents under bare Django-Q2, to show that the tests can fail: `python -m tests.chaos.baseline`."""
