from apps.tools import report
from tests.chaos.counting import counted

__doc__ = report.__doc__
globals().update(counted("apps.tools.report"))
