from apps.tools import ai
from tests.chaos.counting import counted

__doc__ = ai.__doc__
globals().update(counted("apps.tools.ai"))
