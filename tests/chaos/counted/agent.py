from apps.tools import agent
from tests.chaos.counting import counted

__doc__ = agent.__doc__
globals().update(counted("apps.tools.agent"))
