"""Agents: installed classes that carry out one node of a workflow each, found by name."""

from apps.tools.agents.contract import Agent as Agent
from apps.tools.agents.contract import Work as Work
from apps.tools.agents.installed import carry_out as carry_out
from apps.tools.agents.installed import describe as describe
from apps.tools.agents.installed import get as get
from apps.tools.agents.installed import has_effects as has_effects
from apps.tools.agents.installed import names as names
from apps.tools.agents.installed import permissions as permissions
