"""`make run`: everything on this machine; secrets are made once and kept in the home directory."""

from config import environment as env
from config.settings.base import *

DEBUG = env.boolean("DEBUG")
SECRET_KEY = env.generated_secret("SECRET_KEY", "secret.key")
CHECKPOINT_KEYS = [env.generated_secret("CHECKPOINT_KEYS", "checkpoint.key")]
