"""The loopback server that stands for the language model, for the tools that ask it."""

from tests.unit.ai.conftest import configured as configured
from tests.unit.ai.conftest import gemini as gemini
