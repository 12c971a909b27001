"""Workers on hosts of their own, for the tests that freeze, race or kill them."""

import pytest

from apps.executors.script import sandbox
from apps.tools import registry
from tests.chaos.installation import PATIENCE
from tests.chaos.rig import Forker, Rig


def pytest_collection_modifyitems(config, items):
    for item in items if PATIENCE != 1 else []:
        if "chaos" in item.keywords:
            own = item.get_closest_marker("timeout")
            seconds = own.args[0] if own else float(config.getini("timeout"))
            item.add_marker(pytest.mark.timeout(seconds * PATIENCE), append=False)


@pytest.fixture(scope="session")
def forker(tmp_path_factory):
    made = Forker(tmp_path_factory.mktemp("hosts"))
    yield made
    made.close()


@pytest.fixture
def rig(tmp_path, settings, forker):
    settings.TOOL_MODULES = {**settings.TOOL_MODULES, "world": "tests.chaos.world"}
    registry.module.cache_clear()
    sandbox._modules.cache_clear()
    yield Rig(tmp_path, forker)
    registry.module.cache_clear()
    sandbox._modules.cache_clear()
