from apps.tools import knowledge
from tests.chaos.counting import counted

__doc__ = knowledge.__doc__
globals().update(counted("apps.tools.knowledge"))
