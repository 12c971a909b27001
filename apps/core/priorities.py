"""The words for priorities, in one table: whoever names one may say a number from 0 to 100, or one of these."""

PRIORITY_WORDS = {"critical": 90, "high": 70, "normal": 50, "medium": 50, "low": 30}
