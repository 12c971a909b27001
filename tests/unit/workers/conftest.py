import pytest

from apps.executors.script import sandbox
from apps.tools import registry
from tests.unit.executors import sink


@pytest.fixture(autouse=True)
def _sink(settings):
    """Scripts of these tests may `import sink`; it starts empty."""
    settings.TOOL_MODULES = {**settings.TOOL_MODULES, "sink": "tests.unit.executors.sink"}
    sink.effects.clear()
    sink.faults.clear()
    registry.module.cache_clear()
    sandbox._modules.cache_clear()
    yield
    registry.module.cache_clear()
    sandbox._modules.cache_clear()
